"""The property inspector's rows as a table model.

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
_FONT = int(Qt.ItemDataRole.FontRole)
_INDENT = "\u2003"


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
        self._heading = QFont()
        self._heading.setWeight(QFont.Weight.DemiBold)

    def show(self, rows: list[Row]) -> None:
        """Show other rows; those with the same keys stay where they are."""
        if [(row.depth, row.key) for row in rows] == [(row.depth, row.key) for row in self.rows]:
            changed = [at for at, row in enumerate(rows) if row != self.rows[at]]
            self.rows = rows
            if changed:
                first, last = changed[0], changed[-1]
                self.dataChanged.emit(self.index(first, 0), self.index(last, Column.VALUE))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def append(self, rows: list[Row]) -> None:
        """Add rows at the end."""
        if rows:
            first = len(self.rows)
            self.beginInsertRows(_NOWHERE, first, first + len(rows) - 1)
            self.rows = self.rows + rows
            self.endInsertRows()

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
        if role == _TOOL_TIP and index.column() == Column.VALUE:
            return row.value or None
        if role == _FONT and row.heading:
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
