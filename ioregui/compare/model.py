"""Differences as rows of a table, of the kinds that are wanted.

Invariant: rows stand in the order of `ioreg --diff`; rows are added at the end, and reset only
when other kinds are wanted or another comparison begins.
"""

from collections import Counter
from collections.abc import Set as AbstractSet
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from ioregui.compare import words
from ioregui.compare.difference import Difference, Kind
from ioregui.records.model import Index, Role


class DifferenceColumn(IntEnum):
    """Columns, from left to right."""

    CHANGE = 0
    ENTRY = 1
    WHAT = 2
    PATH = 3


class DifferencesModel(QAbstractTableModel):
    """Shows differences.

    Attributes:
        counts: How many there are of each kind, shown or not.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[Difference] = []
        self._shown: list[Difference] = []
        self._kinds: frozenset[Kind] = frozenset(Kind)
        self.counts: Counter[Kind] = Counter()
        self._titles = (self.tr("Change"), self.tr("Entry"), self.tr("What"), self.tr("Where"))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of differences that are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(DifferenceColumn)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's text, tone or difference."""
        found = self.difference(index.row()) if index.isValid() else None
        if found is None:
            return None
        column = DifferenceColumn(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.ToolTipRole:
                return _cell(found, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{self._titles[column]}: {_cell(found, column)}"
        if role == Role.TONE and column is DifferenceColumn.CHANGE:
            return words.tone(found.change)
        return found if role == Role.RECORD else None

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

    def difference(self, row: int) -> Difference | None:
        """Return the difference of a row, None when there is no such row."""
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def clear(self) -> None:
        """Show nothing; another comparison begins."""
        self.beginResetModel()
        self._all, self._shown = [], []
        self.counts.clear()
        self.endResetModel()

    def append(self, differences: list[Difference]) -> None:
        """Add what was read next."""
        self._all += differences
        self.counts.update(one.change for one in differences)
        new = [one for one in differences if one.change in self._kinds]
        if new:
            first = len(self._shown)
            self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
            self._shown += new
            self.endInsertRows()

    def show_kinds(self, kinds: AbstractSet[Kind]) -> None:
        """Show these kinds only."""
        self.beginResetModel()
        self._kinds = frozenset(kinds)
        self._shown = [one for one in self._all if one.change in self._kinds]
        self.endResetModel()


def _cell(found: Difference, column: DifferenceColumn) -> str:
    match column:
        case DifferenceColumn.CHANGE:
            return words.change(found.change)
        case DifferenceColumn.ENTRY:
            return words.title(found)
        case DifferenceColumn.WHAT:
            return words.what(found)
        case DifferenceColumn.PATH:
            return words.path(found.path)
