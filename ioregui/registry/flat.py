"""Rows with an id and a depth as a Qt table, and how they become other rows.

Invariant: rows are announced in contiguous ranges; a row that stays is never reset.
"""

from collections.abc import Iterable, Iterator
from itertools import compress, count
from typing import NamedTuple

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Signal,
)

from ioregui.registry import diff
from ioregui.registry.cells import Column
from ioregui.registry.flattening import Flat
from ioregui.registry.work import Work, at_once

MAX_STEPS = 300
"""With more stretches than this in one batch, a reset is cheaper for the view."""


class Plan(NamedTuple):
    """Rows, and the steps to them from those that are shown."""

    flat: Flat
    steps: list[diff.Step]


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

    def id_at(self, row: int) -> int:
        """Return the entry id of a row."""
        return self._ids[row]

    def depth_at(self, row: int) -> int:
        """Return how deep a row is, the root's being 0."""
        return self._depths[row]

    def row_of(self, entry_id: int) -> int:
        """Return the row of an entry, of several the first, -1 when it has none."""
        return next(self._places({entry_id}, self._ids), -1)

    def has_rows_below(self, row: int) -> bool:
        """Whether the row after this one is a deeper one."""
        return row + 1 < len(self._depths) and self._depths[row + 1] > self._depths[row]

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
        self.endResetModel()
        self.synced.emit()

    def show(self, flat: Flat) -> None:
        """Show these rows; announce the difference from those that are shown."""
        self.go_over(at_once(self.planning(flat)))

    def planning(self, flat: Flat) -> Work[Plan]:
        """Find out how to go over to these rows from those that are shown, and stay so long."""
        old, new = self._ids, flat.ids
        if old == new:
            return Plan(flat, [])
        if flat.repeated or self._repeated:
            old, new = diff.numbered(old), diff.numbered(new)
        return Plan(flat, (yield from diff.stepping(old, new)))

    def go_over(self, plan: Plan) -> None:
        """Show the rows of a plan, announcing each of its steps."""
        flat, steps = plan
        if len(steps) > MAX_STEPS:
            self.show_anew(flat)
            return
        if steps:
            self.about_to_change.emit()
            for step in steps:
                self._carry_out(step, flat.ids, flat.depths)
        self._depths, self._repeated = flat.depths, flat.repeated
        if steps:
            self.synced.emit()

    def repaint(self, entry_ids: set[int]) -> None:
        """Say that these entries' rows, where they have one, may say something else now."""
        first = next(self._places(entry_ids, self._ids), -1)
        if first >= 0:
            last = len(self._ids) - 1 - next(self._places(entry_ids, reversed(self._ids)))
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(Column) - 1))

    def _places(self, entry_ids: set[int], rows: Iterable[int]) -> Iterator[int]:
        """Yield where these are among rows; looked up in C."""
        return compress(count(), map(entry_ids.__contains__, rows))

    def _carry_out(self, step: diff.Step, ids: list[int], depths: list[int]) -> None:
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
