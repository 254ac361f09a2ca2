"""Copying from the property inspector: rows, one value, its key, the way to it.

Invariant: what is copied of a value is whole, however much of it is shown.
"""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication, QKeySequence

from ioregui.properties.model import PropertyModel
from ioregui.properties.rows import Row, steps_text
from ioregui.properties.table import PropertyTable
from ioregui.properties.text import rows_text
from ioregui.properties.values import Numbers, whole_text
from runtime.model.properties import Value


@dataclass(frozen=True, slots=True)
class Copied:
    """The entry's path, a row's value where it is a property's, and the base of numbers."""

    path: str
    value: Value | None
    numbers: Numbers


class Copying(QObject):
    """Adds the commands to the menu of a table, which owns this."""

    def __init__(
        self, table: PropertyTable, model: PropertyModel, look_up: Callable[[Row], Copied]
    ) -> None:
        super().__init__(table)
        self._table = table
        self._model = model
        self._look_up = look_up
        copy = QKeySequence(QKeySequence.StandardKey.Copy)
        table.add_command(self.tr("Copy rows"), self.copy_rows, copy)
        table.add_command(self.tr("Copy value"), self.copy_value, QKeySequence("Ctrl+Shift+C"))
        table.add_command(self.tr("Copy key"), self.copy_key)
        table.add_command(self.tr("Copy path"), self.copy_path)
        table.add_command(self.tr("Copy all"), self.copy_all)

    @Slot()
    def copy_rows(self) -> None:
        """Put the selected rows, or all, on the clipboard."""
        _put(rows_text(self._table.chosen or self._model.rows))

    @Slot()
    def copy_all(self) -> None:
        """Put every row on the clipboard."""
        _put(rows_text(self._model.rows))

    @Slot()
    def copy_value(self) -> None:
        """Put the whole value of the current row on the clipboard."""
        row = self._table.current
        if row is not None:
            found = self._look_up(row)
            whole = row.value if found.value is None else whole_text(found.value, found.numbers)
            _put(whole)

    @Slot()
    def copy_key(self) -> None:
        """Put the key of the current row on the clipboard."""
        row = self._table.current
        if row is not None:
            _put(str(row.steps[-1]) if row.steps else row.key)

    @Slot()
    def copy_path(self) -> None:
        """Put the entry's path, and the way to the current row's value, on the clipboard."""
        row = self._table.current
        if row is not None:
            _put(f"{self._look_up(row).path}  {steps_text(row.steps)}".rstrip())


def _put(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
