"""A table that grows at its end: records in the order in which they came, shown as they are.

Invariant: rows are inserted at the end, removed at the beginning, or reset; never moved.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Generic

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from ioregui.records.column import Record, Tone
from ioregui.records.model import Index, Role


class GrowingModel(QAbstractTableModel, Generic[Record]):
    """Shows records; what a cell says is the subclass's.

    Args:
        titles: Of the columns, from left to right.
        parent: Qt's owner.
    """

    def __init__(self, titles: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._titles = tuple(titles)
        self._rows: list[Record] = []

    @abstractmethod
    def text(self, record: Record, column: int) -> str:
        """Return what a cell shows, made safe."""

    @abstractmethod
    def tone(self, record: Record, column: int) -> Tone:
        """Return how much a cell wants to be noticed."""

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of records that are shown."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self._titles)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's text, its tone, or its record."""
        record = self.record(index.row()) if index.isValid() else None
        if record is None:
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.ToolTipRole:
                return self.text(record, index.column())
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{self._titles[index.column()]}: {self.text(record, index.column())}"
            case Role.TONE:
                return self.tone(record, index.column())
        return record if role == Role.RECORD else None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return a column's title."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        return None

    def record(self, row: int) -> Record | None:
        """Return the record of a row, None when there is no such row."""
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def replace(self, records: Sequence[Record]) -> None:
        """Show these instead."""
        self.beginResetModel()
        self._rows = list(records)
        self.endResetModel()

    def grow(self, records: Sequence[Record]) -> None:
        """Add what came next."""
        if records:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(records) - 1)
            self._rows += records
            self.endInsertRows()
