"""The property inspector's rows as a table model.

While one entry is shown, values that change are marked and say what they were.
Invariant: rows that stay keep their place: a change of values never resets the view.
"""

from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont

from ioregui.properties.rows import Row

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_DISPLAY = int(Qt.ItemDataRole.DisplayRole)
_TOOL_TIP = int(Qt.ItemDataRole.ToolTipRole)
_DESCRIPTION = int(Qt.ItemDataRole.AccessibleDescriptionRole)
_FONT = int(Qt.ItemDataRole.FontRole)
_INDENT = "\u2003"


Key = tuple[int, str, int]
"""Depth, key, and which of several with these."""


def keyed(rows: list[Row]) -> dict[Key, Row]:
    """Return rows by what identifies them, in order."""
    found: dict[Key, Row] = {}
    seen: dict[tuple[int, str], int] = {}
    for row in rows:
        name = (row.depth, row.key)
        seen[name] = seen.get(name, -1) + 1
        found[*name, seen[name]] = row
    return found


class Column(IntEnum):
    """The columns, in order."""

    KEY = 0
    TYPE = 1
    VALUE = 2


class PropertyModel(QAbstractTableModel):
    """Rows of one entry; empty when none is selected."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self._keys: list[Key] = []  # of the rows, in order
        self._was: dict[Key, str] = {}  # values that changed, as they were when first shown
        self._heading = QFont()
        self._heading.setWeight(QFont.Weight.DemiBold)

    def begin(self, rows: list[Row]) -> None:
        """Show another entry: nothing has changed yet."""
        self._was.clear()
        self._replace(rows)

    def show(self, rows: list[Row]) -> None:
        """Show what the same entry says now; rows with the same keys stay where they are."""
        old, new = dict(zip(self._keys, self.rows, strict=True)), keyed(rows)
        for key, row in new.items():
            before = old.get(key)
            if before is not None and before.value != row.value:
                self._was.setdefault(key, before.value)
        if list(new) != self._keys:
            self._replace(rows)
            return
        changed = [at for at, row in enumerate(rows) if row != self.rows[at]]
        self.rows = rows
        if changed:
            first, last = changed[0], changed[-1]
            self.dataChanged.emit(self.index(first, 0), self.index(last, Column.VALUE))

    def was(self, at: int) -> str | None:
        """Return what a row said when the entry was first shown, None when it says that."""
        was = self._was.get(self._keys[at])
        return was if was != self.rows[at].value else None

    def append(self, rows: list[Row]) -> None:
        """Add rows at the end."""
        if rows:
            first = len(self.rows)
            self.beginInsertRows(_NOWHERE, first, first + len(rows) - 1)
            self.rows = self.rows + rows
            self._keys = list(keyed(self.rows))
            self.endInsertRows()

    def _replace(self, rows: list[Row]) -> None:
        self.beginResetModel()
        self.rows, self._keys = rows, list(keyed(rows))
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Qt's."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Qt's."""
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = 0) -> str | QFont | None:
        """Qt's."""
        row = self.rows[index.row()]
        if role == _DISPLAY:
            return self._text(row, index.column())
        if role in (_TOOL_TIP, _DESCRIPTION) and index.column() == Column.VALUE:
            was = self.was(index.row())
            changed = "" if was is None else self.tr("changed, it was: {0}").format(was)
            if role == _DESCRIPTION:
                return changed or None
            return "\n".join(part for part in (row.value, changed) if part) or None
        if role == _FONT and (row.heading or self.was(index.row()) is not None):
            return self._heading
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> str | None:
        """Qt's."""
        if role != 0 or orientation != Qt.Orientation.Horizontal:
            return None
        return (self.tr("Key"), self.tr("Type"), self.tr("Value"))[section]

    def _text(self, row: Row, column: int) -> str:
        if column == Column.KEY:
            return _INDENT * row.depth + row.key
        return row.kind if column == Column.TYPE else row.value
