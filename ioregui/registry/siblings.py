"""What is below an entry: its children, and the tombstones of those that went, in one order.

Invariant: Qt-free; a tombstone stands where the entry stood.
"""

from bisect import insort
from collections.abc import Iterator

from ioregui.mirror.forest import Forest, SortKey, sort_key
from ioregui.registry.finder import Finder
from ioregui.registry.marks import Marks

KEYS = 20_000
"""So many sort keys are kept."""


class Siblings:
    """Children and tombstones of the entries of a tree."""

    def __init__(self, finder: Finder, marks: Marks) -> None:
        self._finder = finder
        self._marks = marks
        self._keys: dict[int, SortKey] = {}  # of tombstones and of those that stand beside them

    def clear(self) -> None:
        """Entries have other titles or another tree is shown."""
        self._keys.clear()

    def below(self, tree: Forest, entry_id: int) -> list[int]:
        """Return the ids of what is below an entry, 0 for the roots; read only."""
        live = tree.below(entry_id) if entry_id else tree.tops
        graves = self._marks.below(entry_id)
        if not graves:
            return live
        both = list(live)
        for grave in graves:
            insort(both, grave, key=lambda one: self._key(tree.plane, one))
        return both

    def in_order(self, tree: Forest) -> Iterator[int]:
        """Yield every entry and tombstone in the order of the rows, each once."""
        seen: set[int] = set()
        waiting = list(reversed(self.below(tree, 0)))
        while waiting:
            top = waiting.pop()
            if top not in seen:
                seen.add(top)
                yield top
                waiting.extend(reversed(self.below(tree, top)))

    def _key(self, plane: str, entry_id: int) -> SortKey:
        key = self._keys.get(entry_id)
        if key is None:
            if len(self._keys) >= KEYS:
                self._keys.clear()
            entry = self._finder.entry(entry_id)
            key = (
                sort_key(entry.title_in(plane), entry_id)
                if entry is not None
                else ((), (), entry_id)
            )
            self._keys[entry_id] = key
        return key
