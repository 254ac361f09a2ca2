"""From a tree to the list of its visible rows.

Invariant: Qt-free; reads what it is given and changes nothing.
"""

from collections.abc import Callable, Container
from typing import NamedTuple

from ioregui.mirror.forest import Forest
from ioregui.registry.work import Work

REPEATS = 20_000
"""So many rows may stand for entries that have a row already; further ones are not opened."""

PORTION = 4096
"""So many rows are made before the work may wait: about a millisecond."""


class Flat(NamedTuple):
    """Ids and depths of the visible rows; `repeated`: an entry may have several rows."""

    ids: list[int]
    depths: list[int]
    repeated: bool = False


class Opened(NamedTuple):
    """What decides which rows there are.

    `below` gives the entries below one, those of 0 being the roots, tombstones among them;
    `graves` has the entries that have tombstones below them. `shown` is what a filter leaves,
    None without one.
    """

    ids: Container[int]
    below: Callable[[int], list[int]]
    graves: Container[int]
    shown: set[int] | None


def flattening(tree: Forest, opened: Opened) -> Work[Flat]:
    """Make the list; the tree stands still meanwhile."""
    ids: list[int] = []
    depths: list[int] = []
    opened_ids, live, shown, graves = opened.ids, tree.children, opened.shown, opened.graves
    several = _Several() if tree.shared else None
    pending = [iter(_left(opened.below(0), shown))]  # one iterator a level: fast at 100,000 rows
    depth, portion = 0, PORTION
    while pending:
        for entry_id in pending[-1]:
            ids.append(entry_id)
            depths.append(depth)
            if several is not None and not several.may_open(entry_id, depth):
                continue
            if entry_id in opened_ids and (entry_id in live or entry_id in graves):
                below = opened.below(entry_id) if entry_id in graves else live[entry_id]
                pending.append(iter(_left(below, shown)))
                depth += 1
                break
        else:
            pending.pop()
            depth -= 1
        if len(ids) >= portion:
            portion = len(ids) + PORTION
            yield
    return Flat(ids, depths, several is not None)


def _left(below: list[int], shown: set[int] | None) -> list[int]:
    return below if shown is None else [child for child in below if child in shown]


class _Several:
    """Rows of entries in several places: open in each, but not in itself, and not in a flood."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._line: list[int] = []
        self._repeats = 0

    def may_open(self, entry_id: int, depth: int) -> bool:
        """Whether what is below the next row may be shown there."""
        del self._line[depth:]
        circle = False
        if entry_id in self._seen:
            self._repeats += 1
            circle = entry_id in self._line
        self._seen.add(entry_id)
        self._line.append(entry_id)
        return not circle and self._repeats < REPEATS
