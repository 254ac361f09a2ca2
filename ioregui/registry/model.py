"""The registry as a flat table model: one row a visible entry.

Invariant: decides no rows: which there are is `Rows`', how they are announced `FlatModel`'s.
"""

import time
from typing import NamedTuple

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from ioregui.mirror import Changes, Mirror
from ioregui.registry.cells import Cells, Face, header, header_tip
from ioregui.registry.flat import FlatModel, Index, Plan
from ioregui.registry.rows import Rows
from ioregui.registry.turns import Turns
from ioregui.registry.work import Work
from ioregui.window.selection import Selection
from runtime.model.entry import Entry
from runtime.query.search import Query, SearchError, parse

_TEXT_ROLES = frozenset({int(Qt.ItemDataRole.DisplayRole), int(Qt.ItemDataRole.AccessibleTextRole)})
_DESCRIPTION = int(Qt.ItemDataRole.AccessibleDescriptionRole)
_TOOL_TIP = int(Qt.ItemDataRole.ToolTipRole)


class _Next(NamedTuple):
    """What is to be shown next; no plan where the rows stay."""

    plan: Plan | None
    touched: set[int]


class RegistryModel(FlatModel):
    """The visible rows of a mirror's registry.

    Attributes:
        turns: The work on a batch of changes; while it goes on, the mirror must stand still.

    Signals:
        counted: Number of entries in the plane, and of hits or -1 without a search.
        refused: One sentence why a search text is none, and where in it; empty when it is one.
        plane_chosen: Another plane is shown; its name.
    """

    counted = Signal(int, int)
    refused = Signal(str, int, int)
    plane_chosen = Signal(str)

    def __init__(self, mirror: Mirror, selection: Selection, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows = Rows(mirror)
        self.cells = Cells(mirror, self.rows)
        self._mirror = mirror
        self._selection = selection
        self._query: Query | None = None
        self._filtering = True
        self.turns = Turns(self)
        self._expiry = QTimer(self)
        self._expiry.setSingleShot(True)
        self._expiry.timeout.connect(self._expire)

    # --- what the runtime says ---------------------------------------------------------------

    @Slot()
    def reset(self) -> None:
        """Take over a new snapshot."""
        self.turns.drop()
        self.rows.reset()
        self.show_anew(self.rows.flatten())
        self._count()

    @Slot()
    def travel(self) -> None:
        """Take over another moment; rows that are in both stay where they are."""
        self.turns.drop()
        self.rows.reset()
        self.show(self.rows.flatten())
        self.repaint({self._ids[0], self._ids[-1]} if self._ids else set())
        self._count()

    @Slot(str)
    def choose_plane(self, plane: str) -> None:
        """Show another plane, and in it what is selected."""
        if plane != self.rows.plane:
            self.turns.finish()
            self.rows.choose_plane(plane)
            self.rows.reveal(self._selection.entry)
            self.show_anew(self.rows.flatten())
            self._count()
            self.plane_chosen.emit(plane)

    @Slot(object)
    def apply(self, changes: Changes) -> None:
        """Take over a batch of changes; with many it takes some turns of the event loop."""
        if not changes.entries and not changes.drivers:
            return
        self.turns.begin(self._following(changes), self._followed)

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
        entry_id = self._ids[row]
        self.turns.finish()
        self.rows.set_expanded(entry_id, expanded=expanded)
        self.show(self.rows.flatten())
        self.repaint({entry_id})

    def expand_below(self, row: int) -> None:
        """Open a row and everything below it."""
        entry_id = self._ids[row]
        self.turns.finish()
        self.rows.expand_below(entry_id)
        self.show_anew(self.rows.flatten())

    @Slot()
    def expand_all(self) -> None:
        """Open every row."""
        self.turns.finish()
        self.rows.expand_all()
        self.show_anew(self.rows.flatten())

    @Slot()
    def collapse_all(self) -> None:
        """Close every row but the root, and keep the selected entry in view."""
        self.turns.finish()
        self.rows.collapse_all(self._selection.entry)
        self.show_anew(self.rows.flatten())

    def reveal(self, entry_id: int) -> int:
        """Open everything above an entry and return its row, -1 when a filter hides it."""
        self.turns.finish()
        if self.row_of(entry_id) < 0:
            self.rows.reveal(entry_id)
            self.show(self.rows.flatten())
        return self.row_of(entry_id)

    # --- what the view reads -----------------------------------------------------------------

    def entry_at(self, row: int) -> Entry | None:
        """Return the entry or tombstone of a row."""
        return self.rows.entry(self._ids[row])

    def face(self, row: int, *, selected: bool, hovered: bool) -> Face:
        """Return what a row looks like."""
        entry_id, depth = self._ids[row], self._depths[row]
        has_children = self.has_children(row)
        return self.cells.face(
            entry_id, depth, has_children=has_children, selected=selected, hovered=hovered
        )

    def has_children(self, row: int) -> bool:
        """Whether there is something below a row; not where it would be the row itself again."""
        entry_id = self._ids[row]
        opened = self.rows.is_expanded(entry_id)
        return self.rows.has_children(entry_id) and (not opened or self.has_rows_below(row))

    def data(self, index: Index, role: int = 0) -> str | None:
        """Qt's; text, tool tip and what a screen reader says."""
        if role in _TEXT_ROLES:
            return self.text(index.row(), index.column())
        if role == _DESCRIPTION:
            row = index.row()
            has_children = self.has_children(row)
            return self.cells.description(
                self._ids[row], self._depths[row], has_children=has_children
            )
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
        self.turns.begin(self._following(Changes()), self._followed)

    def _following(self, changes: Changes) -> Work[_Next]:
        now, selected = time.monotonic(), self._selection.entry
        followed = yield from self.rows.following(changes, now, selected)
        touched = self._touched(changes) | followed.over
        if followed.flat is None:
            return _Next(None, touched)
        return _Next((yield from self.planning(followed.flat)), touched)

    def _followed(self, following: _Next) -> None:
        if following.plan is not None:
            self.go_over(following.plan)
        self.repaint(following.touched)
        self._schedule()
        self._count()

    def _schedule(self) -> None:
        deadline = self.rows.next_deadline
        if deadline is not None and not self._expiry.isActive():
            self._expiry.start(max(50, round((deadline - time.monotonic()) * 1000)))

    def _touched(self, changes: Changes) -> set[int]:
        """Entries whose row may say something else now."""
        touched = changes.changed | changes.added | set(changes.removed)
        entries = [self.rows.entry(entry_id) for entry_id in (*changes.added, *changes.removed)]
        plane = self.rows.plane
        touched.update(up for entry in entries if entry for up in entry.parents_in(plane))
        for driver_id in changes.drivers:
            driver = self._mirror.drivers.get(driver_id)
            if driver is not None:
                touched |= {driver.service, driver.provider}
        return touched

    def _filter(self) -> None:
        query = self._query if self._filtering else None
        if query is not None or self.rows.query is not None:
            self.turns.finish()
            self.rows.set_filter(query)
            self.show_anew(self.rows.flatten())
        self._count()

    def _count(self) -> None:
        hits = -1
        if self.rows.query is not None:
            hits = self.rows.hits
        elif self._query is not None:
            hits = len(self.rows.find(self._query))
        self.counted.emit(self.rows.tree.size, hits)
