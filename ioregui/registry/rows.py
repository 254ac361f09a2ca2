"""The registry flattened to the rows that are visible: expansion, filter, marks.

Entries that went stay a while as tombstones where they were; new ones are marked for a while.
Invariant: Qt-free; reads the mirror and never changes it; no clock, times are given.
"""

from bisect import insort
from collections.abc import Iterator
from functools import partial

from ioregui.mirror import Changes, Mirror
from ioregui.mirror.forest import sort_key
from ioregui.registry import states
from ioregui.registry.marks import Marks
from runtime.model.entry import Entry, Kind
from runtime.model.identity import SERVICE_PLANE
from runtime.query.search import Facts, Query, haystack

OPEN_ROWS = 60
"""Levels are opened at first as long as all rows of a level fit in this many."""

REVEALED = 40
"""More new entries than this in one batch are not opened to view."""

Flat = tuple[list[int], list[int]]
"""Ids and depths of the visible rows."""


class Rows:
    """Decides which entries are rows, in which order and how deep."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._expanded: dict[int, str] = {}  # id to path, to find it in another run
        self._closed: set[int] = set()  # closed by hand while a filter is on
        self._marks = Marks()
        self._query: Query | None = None
        self._hay: dict[int, str] = {}  # what plain words are looked for in
        self._paths: dict[int, str] = {}  # of entries that a search has asked for
        self._shown: set[int] = set()  # with a filter: the hits and everything above them
        self._hits: set[int] = set()
        self._started = False

    @property
    def query(self) -> Query | None:
        """The filter, None while there is none."""
        return self._query

    @property
    def hits(self) -> int:
        """How many entries the filter found; tombstones do not count."""
        return len(self._hits - self._marks.graves.keys())

    def is_hit(self, entry_id: int) -> bool:
        """Whether the row is there for itself, and not only for what is below it."""
        return self._query is None or entry_id in self._hits

    def entry(self, entry_id: int) -> Entry | None:
        """Return an entry or tombstone."""
        return self._mirror.entries.get(entry_id) or self._marks.graves.get(entry_id)

    def is_gone(self, entry_id: int) -> bool:
        """Whether the row is a tombstone."""
        return entry_id in self._marks.graves

    def is_new(self, entry_id: int) -> bool:
        """Whether the row is marked as new."""
        return self._marks.is_new(entry_id)

    def has_children(self, entry_id: int) -> bool:
        """Whether there is something below that could be shown."""
        return any(self._is_shown(child) for child in self._children(entry_id))

    def is_expanded(self, entry_id: int) -> bool:
        """Whether what is below is shown."""
        if self._query is not None:
            return entry_id not in self._closed
        return entry_id in self._expanded

    def set_expanded(self, entry_id: int, *, expanded: bool) -> None:
        """Open or close one entry."""
        if self._query is not None:
            (self._closed.discard if expanded else self._closed.add)(entry_id)
        if expanded:
            self._expanded[entry_id] = self._mirror.path(entry_id)
        elif self._query is None:
            self._expanded.pop(entry_id, None)

    def expand_below(self, entry_id: int) -> None:
        """Open an entry and everything below it."""
        for below in self._mirror.subtree(entry_id):
            if self._children(below):
                self.set_expanded(below, expanded=True)

    def reveal(self, entry_id: int) -> None:
        """Open everything above an entry."""
        for above in self._mirror.ancestors(entry_id):
            self.set_expanded(above, expanded=True)

    def set_filter(self, query: Query | None) -> None:
        """Show only what a query finds, with what is above it; None shows everything."""
        self._query = query
        self._closed.clear()
        self._search()

    def find(self, query: Query) -> set[int]:
        """Return what a query finds, without filtering."""
        self._complete_hay()
        return set(query.find(self._hay, self._facts))

    def reset(self) -> None:
        """Take over a new snapshot: marks go, open entries are found again by path."""
        self._marks.clear()
        self._hay.clear()
        self._paths.clear()
        paths = set(self._expanded.values())
        kept = [entry_id for entry_id in self._mirror.entries if self._keeps(entry_id, paths)]
        there = self._mirror.entries
        absent = {key: path for key, path in self._expanded.items() if key not in there}
        self._expanded = {entry_id: self._mirror.path(entry_id) for entry_id in kept}
        if self._mirror.past_ms:
            self._expanded |= absent  # open again when the reader comes back to now
        if not self._started and self._mirror.entries:
            self._started = True
            self._open_first_levels()
        self._search()

    def apply(self, changes: Changes, now: float, keep: int) -> None:
        """Take over a batch; `keep` is the selected entry, whose tombstone stays."""
        for entry_id in changes.changed:
            self._hay.pop(entry_id, None)
        if changes.moved:
            self._paths.clear()
        for entry in changes.removed.values():
            self._marks.bury(entry, now)
        for entry_id in changes.added:
            added = self._mirror.entries[entry_id]
            self._drop_hay(self._marks.replaced_by(added))
            self._marks.mark_new(entry_id, now)
            if len(changes.added) <= REVEALED and added.kind != Kind.NUB:
                self.reveal(entry_id)
        self.expire(now, keep)
        self._search()

    def expire(self, now: float, keep: int) -> set[int]:
        """Drop marks and tombstones whose time is over; return whose."""
        over = self._marks.expire(now, keep)
        self._drop_hay(over)
        return over

    @property
    def next_deadline(self) -> float | None:
        """When `expire` has something to do."""
        return self._marks.next_deadline

    def flatten(self) -> Flat:
        """Return the visible rows."""
        ids: list[int] = []
        depths: list[int] = []
        filtered, shown, children = self._query is not None, self._shown, self._children
        opened = shown - self._closed if filtered else self._expanded.keys()
        pending = [iter(children(0))]  # one iterator a level: fast at 100,000 rows
        while pending:
            for entry_id in pending[-1]:
                if filtered and entry_id not in shown:
                    continue
                ids.append(entry_id)
                depths.append(len(pending) - 1)
                if entry_id in opened and (below := children(entry_id)):
                    pending.append(iter(below))
                    break
            else:
                pending.pop()
        return ids, depths

    def next_hit(self, query: Query, entry_id: int, *, backwards: bool = False) -> int:
        """Return what a query finds next after an entry, in the tree's order, 0 for nothing.

        Goes on from the other end; closed entries are looked into, hidden ones are not.
        """
        hits = self.find(query)
        if self._query is not None:
            hits &= self._hits
        order = [below for top in self._children(0) for below in self._subtree(top)]
        at = order.index(entry_id) if entry_id in set(order) else -1
        turned = order[at + 1 :] + order[: at + 1]
        if backwards:
            turned = (order[at:] + order[:at])[::-1] if at >= 0 else order[::-1]
        return next((found for found in turned if found in hits), 0)

    def _subtree(self, entry_id: int) -> Iterator[int]:
        """An entry and everything below it in the order of the rows."""
        waiting = [entry_id]
        while waiting:
            top = waiting.pop()
            yield top
            waiting.extend(reversed(self._children(top)))

    def _is_shown(self, entry_id: int) -> bool:
        return self._query is None or entry_id in self._shown

    def _children(self, entry_id: int) -> list[int]:
        live = self._mirror.children.get(entry_id, [])
        graves = self._marks.below(entry_id)
        if not graves:
            return live
        both = list(live)
        for grave in graves:
            insort(both, grave, key=self._key)
        return both

    def _key(self, entry_id: int) -> tuple[tuple[str | int, ...], int]:
        entry = self.entry(entry_id)
        return sort_key(entry) if entry is not None else ((), entry_id)

    def _drop_hay(self, entry_ids: set[int]) -> None:
        """Forget the searched text of tombstones that are no more."""
        for entry_id in entry_ids - self._mirror.entries.keys():
            self._hay.pop(entry_id, None)
            self._paths.pop(entry_id, None)
            self._hits.discard(entry_id)

    def _keeps(self, entry_id: int, paths: set[str]) -> bool:
        if not paths:
            return False
        known = self._expanded.get(entry_id)
        if known is not None:
            return known == self._mirror.path(entry_id)
        return bool(self._mirror.children.get(entry_id)) and self._mirror.path(entry_id) in paths

    def _open_first_levels(self) -> None:
        level = list(self._children(0))
        rows = len(level)
        while level:
            below = [child for entry_id in level for child in self._children(entry_id)]
            rows += len(below)
            if rows > OPEN_ROWS:
                break
            for entry_id in level:
                if self._children(entry_id):
                    self.set_expanded(entry_id, expanded=True)
            level = below
        for driver in self._mirror.drivers.values():
            self.reveal(driver.service or driver.provider)

    def _search(self) -> None:
        self._shown.clear()
        self._hits.clear()
        query = self._query
        if query is None:
            return
        self._complete_hay()
        for entry_id in query.find(self._hay, self._facts):
            self._hits.add(entry_id)
            self._show_with_ancestors(entry_id)

    def _complete_hay(self) -> None:
        """Make the searched text of entries that have none yet."""
        hay = self._hay
        for entry_id, entry in (*self._mirror.entries.items(), *self._marks.graves.items()):
            if entry_id not in hay:
                hay[entry_id] = haystack(entry.title, entry.cls, entry.driver)

    def _facts(self, entry_id: int) -> Facts:
        entry = self.entry(entry_id)
        assert entry is not None, "every searched text belongs to an entry or tombstone"
        gone = self.is_gone(entry_id)
        return states.facts(self._mirror, entry, partial(self._path, entry_id), gone=gone)

    def _path(self, entry_id: int) -> str:
        """The path of an entry or tombstone, made once for each entry above it."""
        above: list[Entry] = []
        entry = self.entry(entry_id)
        while entry is not None and entry.id not in self._paths:
            above.append(entry)
            entry = self.entry(entry.parent)
        path = self._paths[entry.id] if entry is not None else f"{SERVICE_PLANE}:"
        for entry in reversed(above):
            path = f"{path}/{entry.title}" if entry.parent else f"{SERVICE_PLANE}:"
            self._paths[entry.id] = path
        return path

    def _show_with_ancestors(self, entry_id: int) -> None:
        entry = self.entry(entry_id)
        while entry is not None and entry.id not in self._shown:
            self._shown.add(entry.id)
            entry = self.entry(entry.parent)
