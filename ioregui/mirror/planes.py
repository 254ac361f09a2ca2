"""The entries of one moment, and the trees of their planes.

Invariant: every tree that was made is kept equal to the entries.
"""

from collections import Counter

from ioregui.mirror.forest import Forest
from runtime.model.entry import Entry
from runtime.model.identity import SERVICE_PLANE

NAMED = 64
"""So many planes are named; a file may claim any number."""


class Planes:
    """Entries by id; the tree of a plane beside IOService is made when it is first asked for.

    Attributes:
        entries: By id; read only.
    """

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self._trees = {SERVICE_PLANE: Forest(SERVICE_PLANE, self.entries)}
        self._places: Counter[str] = Counter()

    @property
    def names(self) -> list[str]:
        """The planes that have entries, IOService first; it alone where nothing has."""
        found = sorted(plane for plane, count in self._places.items() if count and plane)
        if SERVICE_PLANE in found or not found:
            found = [SERVICE_PLANE, *(plane for plane in found if plane != SERVICE_PLANE)]
        return found[:NAMED]

    def tree(self, plane: str) -> Forest:
        """Return the tree of a plane, an empty one where nothing is in it."""
        tree = self._trees.get(plane)
        if tree is None:
            tree = self._trees[plane] = Forest(plane, self.entries)
        return tree

    def put(self, entry: Entry) -> Entry | None:
        """Add or replace an entry; return the one that it replaces."""
        old = self.entries.get(entry.id)
        self.entries[entry.id] = entry
        if old is None or has_moved(old, entry):
            for tree in self._trees.values():
                if old is not None:
                    tree.detach(old)
                tree.attach(entry)
            self._count(old, -1)
            self._count(entry, 1)
        return old

    def remove(self, entry_id: int) -> Entry | None:
        """Take an entry out and return it; its children stay listed under its id."""
        entry = self.entries.pop(entry_id, None)
        if entry is not None:
            for tree in self._trees.values():
                tree.detach(entry)
            self._count(entry, -1)
        return entry

    def _count(self, entry: Entry | None, by: int) -> None:
        if entry is not None:
            if entry.parent:
                self._places[SERVICE_PLANE] += by
            for place in entry.places:
                self._places[place.plane] += by


def has_moved(old: Entry, new: Entry) -> bool:
    """Whether an entry stands elsewhere in a plane, or has another title there."""
    return (old.parent, old.name, old.location, old.places) != (
        new.parent,
        new.name,
        new.location,
        new.places,
    )
