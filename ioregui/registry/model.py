"""The registry as a flat table model: one row a visible entry.

Invariant: rows are announced in contiguous ranges; a row that stays is never reset.
"""

import time

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
    Slot,
)

from ioregui.mirror import Changes, Mirror
from ioregui.registry import diff
from ioregui.registry.cells import Cells, Column, header, header_tip
from ioregui.registry.rows import Rows
from ioregui.window.selection import Selection
from runtime.model.entry import Entry
from runtime.query.search import Query, SearchError, parse

MAX_STEPS = 300
"""With more stretches than this in one batch, a reset is cheaper for the view."""

Index = QModelIndex | QPersistentModelIndex
_TEXT_ROLES = frozenset({int(Qt.ItemDataRole.DisplayRole), int(Qt.ItemDataRole.AccessibleTextRole)})
_DESCRIPTION = int(Qt.ItemDataRole.AccessibleDescriptionRole)
_TOOL_TIP = int(Qt.ItemDataRole.ToolTipRole)
_NOWHERE = QModelIndex()


class RegistryModel(QAbstractTableModel):
    """The visible rows of a mirror's registry.

    Signals:
        about_to_change: Rows will be removed or inserted.
        synced: They were.
        counted: Number of entries, and of hits or -1 without a search.
        refused: One sentence why a search text is none, and where in it; empty when it is one.
    """

    about_to_change = Signal()
    synced = Signal()
    counted = Signal(int, int)
    refused = Signal(str, int, int)

    def __init__(self, mirror: Mirror, selection: Selection, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows = Rows(mirror)
        self.cells = Cells(mirror, self.rows)
        self._mirror = mirror
        self._selection = selection
        self._query: Query | None = None
        self._filtering = True
        self._ids: list[int] = []
        self._depths: list[int] = []
        self._row_of: dict[int, int] | None = None
        self._expiry = QTimer(self)
        self._expiry.setSingleShot(True)
        self._expiry.timeout.connect(self._expire)

    # --- what the runtime says ---------------------------------------------------------------

    @Slot()
    def reset(self) -> None:
        """Take over a new snapshot."""
        self.rows.reset()
        self._reset_rows()
        self._count()

    @Slot()
    def travel(self) -> None:
        """Take over another moment; rows that are in both stay where they are."""
        self.rows.reset()
        self._sync()
        self._repaint({self._ids[0], self._ids[-1]} if self._ids else set())
        self._count()

    @Slot(object)
    def apply(self, changes: Changes) -> None:
        """Take over a batch of changes."""
        if not changes.entries and not changes.drivers:
            return
        self.rows.apply(changes, time.monotonic(), self._selection.entry)
        self._sync()
        self._repaint(self._touched(changes))
        self._schedule()
        self._count()

    # --- what the user does ------------------------------------------------------------------

    def set_filter(self, text: str) -> None:
        """Show what a search text finds; an empty one shows everything.

        With a text that is no search the last good result stays.
        """
        try:
            query = parse(text)
        except SearchError as error:
            self.refused.emit(str(error), error.start, error.end)
            return
        self.refused.emit("", 0, 0)
        if query is None and self._query is None:
            return
        self._query = query
        self._filter()

    def set_filtering(self, *, on: bool) -> None:
        """Say whether a search hides what it does not find."""
        self._filtering = on
        self._filter()

    def next_hit(self, *, backwards: bool = False) -> int:
        """Return the entry that the search finds after the selected one, 0 for none."""
        if self._query is None:
            return 0
        return self.rows.next_hit(self._query, self._selection.entry, backwards=backwards)

    @property
    def query(self) -> Query | None:
        """The search in force."""
        return self._query

    def set_expanded(self, row: int, *, expanded: bool) -> None:
        """Open or close a row."""
        self.rows.set_expanded(self._ids[row], expanded=expanded)
        self._sync()
        self._repaint({self._ids[row]})

    def expand_below(self, row: int) -> None:
        """Open a row and everything below it."""
        self.rows.expand_below(self._ids[row])
        self._reset_rows()

    def reveal(self, entry_id: int) -> int:
        """Open everything above an entry and return its row, -1 when a filter hides it."""
        if self.row_of(entry_id) < 0:
            self.rows.reveal(entry_id)
            self._sync()
        return self.row_of(entry_id)

    # --- what the view reads -----------------------------------------------------------------

    def id_at(self, row: int) -> int:
        """Return the entry id of a row."""
        return self._ids[row]

    def entry_at(self, row: int) -> Entry | None:
        """Return the entry or tombstone of a row."""
        return self.rows.entry(self._ids[row])

    def depth_at(self, row: int) -> int:
        """Return how deep a row is, the root's being 0."""
        return self._depths[row]

    def row_of(self, entry_id: int) -> int:
        """Return the row of an entry, -1 when it has none."""
        if self._row_of is None:
            self._row_of = {shown: row for row, shown in enumerate(self._ids)}
        return self._row_of.get(entry_id, -1)

    def path(self, entry_id: int) -> str:
        """Return an entry's path, empty for one that went."""
        return self._mirror.path(entry_id)

    def parent_row(self, row: int) -> int:
        """Return the row of the entry above, -1 for the root."""
        entry = self.entry_at(row)
        return self.row_of(entry.parent) if entry is not None else -1

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Qt's."""
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Qt's."""
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = 0) -> str | None:
        """Qt's; text, tool tip and what a screen reader says."""
        if role in _TEXT_ROLES:
            return self.text(index.row(), index.column())
        if role == _DESCRIPTION:
            return self.cells.description(self._ids[index.row()], self._depths[index.row()])
        if role == _TOOL_TIP:
            return self.cells.tool_tip(self._ids[index.row()], index.column()) or None
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> str | None:
        """Qt's."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _TOOL_TIP:
            return header_tip(section)
        return header(section) if role == 0 else None

    def text(self, row: int, column: int) -> str:
        """Return what a cell says; empty for an entry that has just gone."""
        return self.cells.text(self._ids[row], column)

    # --- keeping the rows --------------------------------------------------------------------

    @Slot()
    def _expire(self) -> None:
        over = self.rows.expire(time.monotonic(), self._selection.entry)
        self._sync()
        self._repaint(over)
        self._schedule()

    def _schedule(self) -> None:
        deadline = self.rows.next_deadline
        if deadline is not None and not self._expiry.isActive():
            self._expiry.start(max(50, round((deadline - time.monotonic()) * 1000)))

    def _reset_rows(self) -> None:
        self.about_to_change.emit()
        self.beginResetModel()
        self._ids, self._depths = self.rows.flatten()
        self._row_of = None
        self.endResetModel()
        self.synced.emit()

    def _sync(self) -> None:
        """Announce the difference between the rows shown and those that should be."""
        ids, depths = self.rows.flatten()
        if ids == self._ids:
            self._depths = depths
            return
        steps = diff.steps(self._ids, ids)
        if len(steps) > MAX_STEPS:
            self._reset_rows()
            return
        self.about_to_change.emit()
        for step in steps:
            self._carry_out(step, ids, depths)
        self._depths = depths
        self._row_of = None
        self.synced.emit()

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

    def _touched(self, changes: Changes) -> set[int]:
        """Entries whose row may say something else now."""
        touched = changes.changed | changes.added | set(changes.removed)
        entries = [self.rows.entry(entry_id) for entry_id in (*changes.added, *changes.removed)]
        touched.update(entry.parent for entry in entries if entry is not None)
        for driver_id in changes.drivers:
            driver = self._mirror.drivers.get(driver_id)
            if driver is not None:
                touched |= {driver.service, driver.provider}
        return touched

    def _repaint(self, entry_ids: set[int]) -> None:
        rows = [row for row in map(self.row_of, entry_ids) if row >= 0]
        if rows:
            last = len(Column) - 1
            self.dataChanged.emit(self.index(min(rows), 0), self.index(max(rows), last))

    def _filter(self) -> None:
        query = self._query if self._filtering else None
        if query is not None or self.rows.query is not None:
            self.rows.set_filter(query)
            self._reset_rows()
        self._count()

    def _count(self) -> None:
        hits = -1
        if self.rows.query is not None:
            hits = self.rows.hits
        elif self._query is not None:
            hits = len(self.rows.find(self._query))
        self.counted.emit(len(self._mirror.entries), hits)
