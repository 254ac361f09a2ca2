"""A table of records: one row a record, sorted, changed row by row.

Invariant: rows are in the order of `sort_key`, one for each record; the selection of a view
survives every change, because rows are inserted, removed and changed, never reset.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Any, Generic

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ioregui.records.column import Column, Record

Index = QModelIndex | QPersistentModelIndex


class Role(IntEnum):
    """Roles beside Qt's own."""

    RECORD = Qt.ItemDataRole.UserRole  # the record itself
    TONE = Qt.ItemDataRole.UserRole + 1  # `Tone` of the cell


_TEXTS = frozenset({Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole})
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class RecordModel(QAbstractTableModel, Generic[Record]):
    """Shows records through columns.

    Args:
        columns: What to show of each.
        key: The identity of a record; hashable, the same through all its versions.
        sort_key: What rows are sorted by; records with equal keys stay apart by identity.
        parent: Qt's owner.
    """

    def __init__(
        self,
        columns: Sequence[Column[Record]],
        key: Callable[[Record], Any],
        sort_key: Callable[[Record], Any],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._key = key
        self._sort_key = sort_key
        self._rows: list[Record] = []
        self._sorts: list[Any] = []

    def arrange(self, sort_key: Callable[[Record], Any]) -> None:
        """Sort the rows by something else; what is selected stays selected."""
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        keys = [self._key(self._rows[index.row()]) for index in before]
        self._sort_key = sort_key
        self._rows.sort(key=self._sorting)
        self._sorts = [self._sorting(record) for record in self._rows]
        rows = {self._key(record): row for row, record in enumerate(self._rows)}
        after = [
            self.index(rows[key], index.column()) for key, index in zip(keys, before, strict=True)
        ]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of records; a record has no rows below it."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return what a cell shows, its tone, or its record."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        record, column = self._rows[index.row()], self.columns[index.column()]
        if role in _TEXTS:
            return column.text(record)
        match role:
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{column.title}: {column.text(record)}"
            case Qt.ItemDataRole.TextAlignmentRole:
                return _RIGHT if column.numeric else _LEFT
            case Role.TONE:
                return column.tone(record)
            case _:
                return record if role == Role.RECORD else None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return a column's title and explanation."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.title
            case Qt.ItemDataRole.ToolTipRole:
                return column.explanation
            case Qt.ItemDataRole.TextAlignmentRole:
                return _RIGHT if column.numeric else _LEFT
        return None

    @property
    def records(self) -> tuple[Record, ...]:
        """The records, in the order of the rows."""
        return tuple(self._rows)

    def record(self, row: int) -> Record | None:
        """Return the record of a row, None when there is no such row."""
        return self._rows[row] if 0 <= row < len(self._rows) else None

    def row_of(self, key: object) -> int:
        """Return the row of a record's identity, -1 when it is not there."""
        for row, record in enumerate(self._rows):
            if self._key(record) == key:
                return row
        return -1

    def key_of(self, record: Record) -> object:
        """Return a record's identity."""
        return self._key(record)

    def show(self, records: Iterable[Record]) -> None:
        """Make these records the rows, with the fewest changes: remove, then insert, then change.

        A record whose place in the order changed is removed and inserted again.
        """
        wanted = {self._key(record): record for record in records}
        self._remove(wanted)
        present = {self._key(record): row for row, record in enumerate(self._rows)}
        for key, record in wanted.items():
            if key not in present:
                self._insert(record)
        self._change(wanted)

    def _sorting(self, record: Record) -> tuple[Any, Any]:
        return self._sort_key(record), self._key(record)

    def _remove(self, wanted: dict[Any, Record]) -> None:
        """Remove rows that are gone or out of place, in contiguous ranges from the end."""
        end = len(self._rows)
        while end:
            if self._stays(end - 1, wanted):
                end -= 1
                continue
            begin = end - 1
            while begin and not self._stays(begin - 1, wanted):
                begin -= 1
            self.beginRemoveRows(QModelIndex(), begin, end - 1)
            del self._rows[begin:end], self._sorts[begin:end]
            self.endRemoveRows()
            end = begin

    def _stays(self, row: int, wanted: dict[Any, Record]) -> bool:
        record = wanted.get(self._key(self._rows[row]))
        return record is not None and self._sorting(record) == self._sorts[row]

    def _insert(self, record: Record) -> None:
        sorting = self._sorting(record)
        row = bisect_left(self._sorts, sorting)
        self.beginInsertRows(QModelIndex(), row, row)
        self._rows.insert(row, record)
        self._sorts.insert(row, sorting)
        self.endInsertRows()

    def _change(self, wanted: dict[Any, Record]) -> None:
        changed: list[int] = []
        for row, old in enumerate(self._rows):
            new = wanted[self._key(old)]
            if new != old:
                self._rows[row] = new
                changed.append(row)
        if changed:
            last = len(self.columns) - 1
            self.dataChanged.emit(self.index(min(changed), 0), self.index(max(changed), last))
