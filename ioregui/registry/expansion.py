"""Which entries of a plane are open, and how they are found again after a snapshot.

Invariant: Qt-free; an entry is open in all of its places or in none.
"""

from collections.abc import Iterable, Set

from ioregui.mirror.forest import Forest

OPEN_ROWS = 60
"""Levels are opened at first as long as all rows of a level fit in this many."""


class Expansion:
    """The open entries of one plane.

    Attributes:
        closed: Those closed by hand while a filter is on, which opens everything.
    """

    def __init__(self, paths: Iterable[str] = ()) -> None:
        """Open what is at these paths with the first snapshot, else the first levels."""
        self._paths = _sought(paths)
        self._started = bool(self._paths)
        self.closed: set[int] = set()

    @property
    def ids(self) -> Set[int]:
        """The open entries."""
        return self._paths.keys()

    @property
    def paths(self) -> list[str]:
        """The paths of the open entries."""
        return list(dict.fromkeys(self._paths.values()))

    def open(self, tree: Forest, entry_ids: Iterable[int]) -> None:
        """Open entries."""
        for entry_id in entry_ids:
            if entry_id not in self._paths:
                self._paths[entry_id] = tree.path(entry_id)
            self.closed.discard(entry_id)

    def close(self, entry_id: int) -> None:
        """Close an entry."""
        self._paths.pop(entry_id, None)

    def close_all(self) -> None:
        """Close everything."""
        self._paths.clear()

    def reset(self, tree: Forest, *, keep_absent: bool) -> bool:
        """Find the open entries again by their paths; return whether this was the first time.

        With `keep_absent` those that are not there are open again when they come back.
        """
        paths = set(self._paths.values())
        found = {}
        for entry_id in {*tree.children, *self._paths} if paths else ():
            if (path := tree.path(entry_id)) in paths:
                found[entry_id] = path
        absent = sorted(paths.difference(found.values())) if keep_absent else []
        self._paths = found | _sought(absent)
        first = not self._started and tree.size > 0
        self._started = self._started or first
        return first

    def open_first_levels(self, tree: Forest) -> None:
        """Open levels from the top as long as they fit."""
        level = list(tree.tops)
        rows = len(level)
        while level:
            below = [child for entry_id in level for child in tree.below(entry_id)]
            rows += len(below)
            if rows > OPEN_ROWS:
                return
            self.open(tree, (entry_id for entry_id in level if tree.below(entry_id)))
            level = below


def _sought(paths: Iterable[str]) -> dict[int, str]:
    """Paths under ids that no entry has."""
    return {-1 - at: path for at, path in enumerate(paths)}
