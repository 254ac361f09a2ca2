"""Rows with an id and a depth as a Qt table, and how they become other rows.

Invariant: rows are announced in contiguous ranges; a row that stays is never reset.
"""

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Signal,
)

from ioregui.registry import diff
from ioregui.registry.cells import Column
from ioregui.registry.rows import Flat

MAX_STEPS = 300
"""With more stretches than this in one batch, a reset is cheaper for the view."""

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class FlatModel(QAbstractTableModel):
    """A table whose rows are entries, each with a depth, the root's being 0.

    Signals:
        about_to_change: Rows will be removed or inserted.
        synced: They were.
    """

    about_to_change = Signal()
    synced = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids: list[int] = []
        self._depths: list[int] = []
        self._repeated = False
        self._row_of: dict[int, int] | None = None

    def id_at(self, row: int) -> int:
        """Return the entry id of a row."""
        return self._ids[row]

    def depth_at(self, row: int) -> int:
        """Return how deep a row is, the root's being 0."""
        return self._depths[row]

    def row_of(self, entry_id: int) -> int:
        """Return the row of an entry, of several the first, -1 when it has none."""
        if self._row_of is None:
            last = len(self._ids) - 1
            self._row_of = {shown: last - row for row, shown in enumerate(reversed(self._ids))}
        return self._row_of.get(entry_id, -1)

    def parent_row(self, row: int) -> int:
        """Return the row of the entry above, -1 for a root."""
        depth = self._depths[row]
        return next((at for at in range(row - 1, -1, -1) if self._depths[at] < depth), -1)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Qt's."""
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Qt's."""
        return 0 if parent.isValid() else len(Column)

    def show_anew(self, flat: Flat) -> None:
        """Show these rows, whatever was shown before."""
        self.about_to_change.emit()
        self.beginResetModel()
        self._ids, self._depths, self._repeated = flat
        self._row_of = None
        self.endResetModel()
        self.synced.emit()

    def show(self, flat: Flat) -> None:
        """Show these rows; announce the difference from those that are shown."""
        ids, depths, repeated = flat
        if ids == self._ids:
            self._depths = depths
            return
        if repeated or self._repeated:
            steps = diff.steps(diff.numbered(self._ids), diff.numbered(ids))
        else:
            steps = diff.steps(self._ids, ids)
        if len(steps) > MAX_STEPS:
            self.show_anew(flat)
            return
        self.about_to_change.emit()
        for step in steps:
            self._carry_out(step, ids, depths)
        self._depths, self._repeated = depths, repeated
        self._row_of = None
        self.synced.emit()

    def repaint(self, entry_ids: set[int]) -> None:
        """Say that these entries' rows, where they have one, may say something else now."""
        if self._repeated:
            rows = [row for row, shown in enumerate(self._ids) if shown in entry_ids]
        else:
            rows = [row for row in map(self.row_of, entry_ids) if row >= 0]
        if rows:
            last = len(Column) - 1
            self.dataChanged.emit(self.index(min(rows), 0), self.index(max(rows), last))

    def _carry_out(self, step: diff.Step, ids: list[int], depths: list[int]) -> None:
        self._row_of = None
        first, end = step.first, step.last + 1
        match step:
            case diff.Remove():
                self.beginRemoveRows(_NOWHERE, first, step.last)
                del self._ids[first:end], self._depths[first:end]
                self.endRemoveRows()
            case diff.Insert():
                self.beginInsertRows(_NOWHERE, first, step.last)
                self._ids[first:first] = ids[first:end]
                self._depths[first:first] = depths[first:end]
                self.endInsertRows()
