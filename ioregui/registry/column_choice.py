"""Which columns the tree shows: a menu at its header and in its own context menu.

Invariant: the name is always shown; what is hidden is a choice, what does not fit is not.
"""

from collections.abc import Collection, Sequence

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QTableView

from ioregui.registry.cells import Column


class ColumnChoice(QObject):
    """The choice of one table.

    Signals:
        changed: Another set of columns is wanted.
        fit: The columns shall fit themselves again, whatever was dragged.
    """

    changed = Signal()
    fit = Signal()

    def __init__(self, table: QTableView, titles: Sequence[str]) -> None:
        """Add the menu to `table`, which owns this; `titles` are those of all columns."""
        super().__init__(table)
        self._menu = QMenu(self.tr("Columns"), table)
        self._choices: dict[Column, QAction] = {}
        for column in Column:
            if column is not Column.NAME:
                action = self._menu.addAction(titles[column])
                action.setCheckable(True)
                action.setChecked(True)
                action.toggled.connect(self._toggled)
                self._choices[column] = action
        self._menu.addSeparator()
        self._menu.addAction(self.tr("Fit columns")).triggered.connect(self.fit)
        table.addAction(self._menu.menuAction())
        head = table.horizontalHeader()
        head.addActions(self._menu.actions())
        head.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    @property
    def hidden(self) -> list[str]:
        """Names of the columns that are not wanted."""
        return [column.name for column in self._choices if not self.wants(column)]

    def hide(self, names: Collection[str]) -> None:
        """Hide columns by name; names of none are passed over."""
        for column, action in self._choices.items():
            action.setChecked(column.name not in names)

    def wants(self, column: Column) -> bool:
        """Whether a column is to be shown where there is room."""
        return column is Column.NAME or self._choices[column].isChecked()

    @Slot(bool)
    def _toggled(self, _on: bool) -> None:
        self.changed.emit()
