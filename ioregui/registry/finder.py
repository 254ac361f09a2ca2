"""What a search finds among entries and tombstones, kept up to date change by change.

Searched texts and paths are made once and kept while they hold: at 100,000 entries that decides
whether a keystroke is felt.
Invariant: Qt-free; what is found bit by bit is what a search of everything would find.
"""

from collections.abc import Iterable
from functools import partial

from ioregui.mirror import Mirror
from ioregui.registry import states
from ioregui.registry.marks import Marks
from ioregui.registry.work import Work, at_once
from runtime.model.entry import Entry
from runtime.model.identity import SERVICE_PLANE
from runtime.query.search import Facts, Query, haystack

PORTION = 2048
"""So many entries are looked at before the work may wait: about a millisecond."""


class Finder:
    """Finds in a mirror and its tombstones.

    Attributes:
        query: The filter, None while there is none; `search` after it was set.
        hits: What the filter finds, tombstones included.
        shown: The hits and everything above them.
    """

    def __init__(self, mirror: Mirror, marks: Marks) -> None:
        self._mirror = mirror
        self._marks = marks
        self._plane = SERVICE_PLANE
        self._hay: dict[int, str] = {}  # what plain words are looked for in
        self._stale: set[int] = set()  # entries whose searched text is missing or old
        self._paths: dict[int, str] = {}  # of entries that a search has asked for
        self.query: Query | None = None
        self.hits: set[int] = set()
        self.shown: set[int] = set()

    def choose_plane(self, plane: str) -> None:
        """Find in another plane from the next `clear` and `search` on."""
        self._plane = plane

    def entry(self, entry_id: int) -> Entry | None:
        """Return an entry or tombstone."""
        return self._mirror.entries.get(entry_id) or self._marks.graves.get(entry_id)

    def is_shown(self, entry_id: int) -> bool:
        """Whether the filter leaves an entry in view."""
        return self.query is None or entry_id in self.shown

    def find(self, query: Query) -> set[int]:
        """Return what a query finds; the filter has no part in it."""
        self._complete_hay()
        return set(query.find(self._hay, self._facts))

    def clear(self) -> None:
        """Forget every text: all entries are others now."""
        self._hay.clear()
        self._stale.clear()
        self._paths.clear()

    def touch(self, entry_ids: Iterable[int], *, moved: bool) -> None:
        """Entries are new or have changed; `moved`: some have another path."""
        if self._hay:
            self._stale.update(entry_ids)
        if moved:
            self._paths.clear()

    def drop(self, entry_ids: set[int]) -> None:
        """Forget tombstones that are no more; entries that are there stay known."""
        there = self._mirror.entries
        for entry_id in [gone for gone in entry_ids if gone not in there]:
            self._hay.pop(entry_id, None)
            self._stale.discard(entry_id)
            self._paths.pop(entry_id, None)
            self.hits.discard(entry_id)

    def search(self) -> None:
        """Find everything anew."""
        self.hits = set() if self.query is None else self.find(self.query)
        self.shown = at_once(self._showing())

    def searching(self, only: set[int] | None) -> Work[None]:
        """Find anew: everything, or what `only` names where nothing else can differ."""
        query = self.query
        if query is None:
            return
        self._complete_hay()
        hits = set() if only is None else self.hits - only
        sought = list(self._hay if only is None else self._hay.keys() & only)
        for first in range(0, len(sought), PORTION):
            some = {entry_id: self._hay[entry_id] for entry_id in sought[first : first + PORTION]}
            hits.update(query.find(some, self._facts))
            yield
        self.hits = hits
        self.shown = yield from self._showing()

    def _showing(self) -> Work[set[int]]:
        """Put together the hits and everything above them."""
        shown: set[int] = set()
        entries, graves = self._mirror.entries, self._marks.graves
        waiting = list(self.hits)
        portion = PORTION
        while waiting:
            entry_id = waiting.pop()
            while entry_id not in shown:  # everything above a shown entry is shown already
                entry = entries.get(entry_id) or graves.get(entry_id)
                if entry is None:
                    break
                shown.add(entry_id)
                if entry.places:
                    waiting.extend(entry.parents_in(self._plane))
                    break
                entry_id = entry.parent
            if len(shown) >= portion:
                portion = len(shown) + PORTION
                yield
        return shown

    def _complete_hay(self) -> None:
        """Make the searched text of entries that have none yet, or an old one."""
        if not self._hay:
            self._stale = {*self._mirror.entries, *self._marks.graves}
        plane, service = self._plane, self._plane == SERVICE_PLANE
        for entry_id in self._stale:
            entry = self.entry(entry_id)
            if entry is None:
                continue
            if not entry.places and service:
                self._hay[entry_id] = haystack(entry.title, entry.cls, entry.driver)
            elif entry.parents_in(plane):
                title = entry.title_in(plane)
                self._hay[entry_id] = haystack(title, entry.cls, entry.driver)
            else:
                self._hay.pop(entry_id, None)
        self._stale.clear()

    def _facts(self, entry_id: int) -> Facts:
        entry = self.entry(entry_id)
        assert entry is not None, "every searched text belongs to an entry or tombstone"
        gone = entry_id in self._marks.graves
        title = entry.title_in(self._plane)
        path = partial(self._path, entry_id)
        return states.facts(self._mirror, entry, title, path, gone=gone)

    def _path(self, entry_id: int) -> str:
        """The path of an entry or tombstone, made once for each entry above it."""
        above: dict[int, Entry] = {}
        entry = self.entry(entry_id)
        while entry is not None and entry.id not in self._paths and entry.id not in above:
            above[entry.id] = entry
            entry = self.entry(next(iter(entry.parents_in(self._plane)), 0))
        path = self._paths.get(entry.id, "") if entry is not None else f"{self._plane}:"
        tree = self._mirror.tree(self._plane)
        for entry in reversed(above.values()):
            step = entry.title_in(self._plane)
            path = f"{self._plane}:" if tree.is_root(entry) else f"{path}/{step}"
            self._paths[entry.id] = path
        return path
