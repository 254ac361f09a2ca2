"""The registry flattened to the rows that are visible: expansion, filter, marks.

Entries that went stay a while as tombstones where they were; new ones are marked for a while.
Invariant: Qt-free; reads the mirror and never changes it; no clock, times are given.
"""

from typing import NamedTuple

from ioregui.mirror import Changes, Mirror
from ioregui.mirror.forest import Forest
from ioregui.registry.expansion import Expansion
from ioregui.registry.finder import Finder
from ioregui.registry.flattening import Flat, Opened, flattening
from ioregui.registry.marks import Marks
from ioregui.registry.siblings import Siblings
from ioregui.registry.work import Work, at_once
from runtime.model.entry import Entry, Kind
from runtime.model.identity import SERVICE_PLANE
from runtime.query.search import Query

REVEALED = 40
"""More new entries than this in one batch are not opened to view."""

PORTION = 128
"""So many changes are taken over before the work may wait: about a millisecond."""


class Followed(NamedTuple):
    """What a batch of changes came to.

    `flat` are the rows, None where only what they say may be something else; `over` the entries
    whose mark or tombstone ended.
    """

    flat: Flat | None
    over: set[int]


class Rows:
    """Decides which entries are rows, in which order and how deep."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._plane = SERVICE_PLANE
        self._expansion = Expansion()
        self._others: dict[str, Expansion] = {}  # of the planes that are not shown
        self._marks = Marks()
        self._finder = Finder(mirror, self._marks)
        self._siblings = Siblings(self._finder, self._marks)

    @property
    def plane(self) -> str:
        """The plane whose tree the rows are."""
        return self._plane

    @property
    def tree(self) -> Forest:
        """The tree that the rows are made of."""
        return self._mirror.tree(self._plane)

    def choose_plane(self, plane: str) -> None:
        """Show the tree of another plane; what is open is kept for each plane."""
        self._others[self._plane] = self._expansion
        self._plane = plane
        self._expansion = self._others.pop(plane, Expansion())
        self._finder.choose_plane(plane)
        self.reset()

    @property
    def query(self) -> Query | None:
        """The filter, None while there is none."""
        return self._finder.query

    @property
    def hits(self) -> int:
        """How many entries the filter found; tombstones do not count."""
        return len(self._finder.hits - self._marks.graves.keys())

    def is_hit(self, entry_id: int) -> bool:
        """Whether the row is there for itself, and not only for what is below it."""
        return self.query is None or entry_id in self._finder.hits

    def entry(self, entry_id: int) -> Entry | None:
        """Return an entry or tombstone."""
        return self._finder.entry(entry_id)

    def title(self, entry: Entry) -> str:
        """Return what an entry is called in this plane."""
        return entry.title_in(self._plane) if entry.places else entry.title

    def path(self, entry_id: int) -> str:
        """Return an entry's path in this plane, else in one that it is in; empty once it went."""
        return self.tree.path(entry_id) or self._mirror.path(entry_id)

    def is_gone(self, entry_id: int) -> bool:
        """Whether the row is a tombstone."""
        return entry_id in self._marks.graves

    def is_new(self, entry_id: int) -> bool:
        """Whether the row is marked as new."""
        return self._marks.is_new(entry_id)

    def has_children(self, entry_id: int) -> bool:
        """Whether there is something below that could be shown."""
        below = self._children(entry_id)
        if self.query is None:
            return bool(below)
        return any(child in self._finder.shown for child in below)

    def is_expanded(self, entry_id: int) -> bool:
        """Whether what is below is shown."""
        if self.query is not None:
            return entry_id not in self._expansion.closed
        return entry_id in self._expansion.ids

    def set_expanded(self, entry_id: int, *, expanded: bool) -> None:
        """Open or close one entry."""
        if expanded:
            self._expansion.open(self.tree, (entry_id,))
        elif self.query is None:
            self._expansion.close(entry_id)
        else:
            self._expansion.closed.add(entry_id)

    def expand_below(self, entry_id: int) -> None:
        """Open an entry and everything below it."""
        below = self.tree.subtree(entry_id)
        self._expansion.open(self.tree, (one for one in below if self._children(one)))

    @property
    def open_paths(self) -> list[str]:
        """The paths of all open entries, those of other planes too."""
        all_planes = (self._expansion, *self._others.values())
        return [path for expansion in all_planes for path in expansion.paths]

    def open_at_first(self, paths: list[str]) -> None:
        """Open these, of any plane, with the first snapshot, in place of the first levels."""
        for plane in dict.fromkeys(path.partition(":/")[0] for path in paths):
            self._others[plane] = Expansion(path for path in paths if path.startswith(f"{plane}:/"))
        self._expansion = self._others.pop(self._plane, self._expansion)

    def expand_all(self) -> None:
        """Open every entry."""
        for top in self._children(0):
            self.expand_below(top)

    def collapse_all(self, keep: int) -> None:
        """Close every entry but the roots and what is above `keep`."""
        self._expansion.close_all()
        if self.query is not None:
            self._expansion.closed = set(self._finder.shown)
        self._expansion.open(self.tree, self._children(0))
        self.reveal(keep)

    def reveal(self, entry_id: int) -> None:
        """Open everything above an entry, of several places above the first."""
        self._expansion.open(self.tree, self.tree.ancestors(entry_id))

    def set_filter(self, query: Query | None) -> None:
        """Show only what a query finds, with what is above it; None shows everything."""
        self._finder.query = query
        self._expansion.closed.clear()
        self._finder.search()

    def find(self, query: Query) -> set[int]:
        """Return what a query finds, without filtering."""
        return self._finder.find(query)

    def reset(self) -> None:
        """Take over a new snapshot: marks go, open entries are found again by path."""
        self._marks.clear()
        self._finder.clear()
        self._siblings.clear()
        tree = self.tree
        if self._expansion.reset(tree, keep_absent=bool(self._mirror.past_ms)):
            self._expansion.open_first_levels(tree)
            for driver in self._mirror.drivers.values():
                self.reveal(driver.service or driver.provider)
        self._finder.search()

    def following(self, changes: Changes, now: float, keep: int) -> Work[Followed]:
        """Take over a batch; `keep` is the selected entry, whose tombstone stays.

        The mirror stands still meanwhile.
        """
        self._finder.touch(changes.changed | changes.added, moved=bool(changes.moved))
        if changes.moved:
            self._siblings.clear()
        for number, entry in enumerate(changes.removed.values()):
            self._marks.bury(entry, entry.parents_in(self._plane), now)
            if number % PORTION == PORTION - 1:
                yield
        self._finder.drop(changes.removed.keys() - self._marks.graves.keys())
        for number, entry_id in enumerate(changes.added):
            self._add(self._mirror.entries[entry_id], now)
            if len(changes.added) <= REVEALED:
                self._show_new(self._mirror.entries[entry_id])
            if number % PORTION == PORTION - 1:
                yield
        over = self._expire(now, keep)
        touched = changes.changed | changes.added | changes.removed.keys()
        yield from self._finder.searching(None if changes.drivers or changes.moved else touched)
        filtered = self.query is not None
        if changes.added or changes.removed or changes.moved or over or filtered:
            return Followed((yield from self._flattening()), over)
        return Followed(None, over)

    @property
    def next_deadline(self) -> float | None:
        """When a mark or tombstone ends: changes are to be followed then, though there are none."""
        return self._marks.next_deadline

    def flatten(self) -> Flat:
        """Return the visible rows."""
        return at_once(self._flattening())

    def next_hit(self, query: Query, entry_id: int, *, backwards: bool = False) -> int:
        """Return what a query finds next after an entry, in the tree's order, 0 for nothing.

        Goes on from the other end; closed entries are looked into, hidden ones are not.
        """
        hits = self.find(query)
        if self.query is not None:
            hits &= self._finder.hits
        order = list(self._siblings.in_order(self.tree))
        at = order.index(entry_id) if entry_id in set(order) else -1
        turned = order[at + 1 :] + order[: at + 1]
        if backwards:
            turned = (order[at:] + order[:at])[::-1] if at >= 0 else order[::-1]
        return next((found for found in turned if found in hits), 0)

    def _add(self, added: Entry, now: float) -> None:
        """Mark an entry that came, and drop the tombstones whose place it takes."""
        for parent in added.parents_in(self._plane):
            same = [
                grave
                for grave in self._marks.below(parent)
                if self.title(self._marks.graves[grave]) == self.title(added)
            ]
            self._finder.drop(self._marks.forget(same))
        self._marks.mark_new(added.id, now)

    def _show_new(self, added: Entry) -> None:
        if added.kind != Kind.NUB:
            self.reveal(added.id)

    def _children(self, entry_id: int) -> list[int]:
        return self._siblings.below(self.tree, entry_id)

    def _expire(self, now: float, keep: int) -> set[int]:
        """Drop marks and tombstones whose time is over; return whose."""
        over = self._marks.expire(now, keep)
        self._finder.drop(over)
        return over

    def _flattening(self) -> Work[Flat]:
        shown = self._finder.shown if self.query is not None else None
        ids = self._expansion.ids if shown is None else shown - self._expansion.closed
        opened = Opened(ids, self._children, self._marks.parents, shown)
        return flattening(self.tree, opened)
