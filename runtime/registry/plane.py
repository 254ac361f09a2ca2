"""One plane beside IOService: entries at paths, each below the nearest entry above it.

Where several entries claim one path, the one of the lowest rank stands there, then the first.
Invariant: a pure index; what it returns are the entries whose place has to be asked for again.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from runtime.model.entry import Place
from runtime.model.identity import EntryId


class _Claim(NamedTuple):
    """What an entry is in this plane."""

    rank: int
    name: str
    location: str


class _Node:
    """One step of a path."""

    __slots__ = ("children", "claims", "parent", "step")

    def __init__(self, step: str, parent: "_Node | None") -> None:
        self.step = step
        self.parent = parent
        self.children: dict[str, _Node] = {}
        self.claims: dict[EntryId, _Claim] = {}

    def holder(self) -> EntryId | None:
        """The entry that stands here."""
        return min(self.claims, key=lambda entry: self.claims[entry].rank, default=None)

    def below(self) -> Iterator[EntryId]:
        """The entries that hang below this step, with no other between."""
        waiting = list(self.children.values())
        while waiting:
            node = waiting.pop()
            holder = node.holder()
            if holder is not None:
                yield holder
            else:
                waiting += node.children.values()


class Plane:
    """The entries of a plane.

    Args:
        name: What the plane is called.
        top: The entry that those hang below that have none above them.
    """

    def __init__(self, name: str, top: EntryId) -> None:
        self.name = name
        self._top = top
        self._root = _Node("", None)
        self._nodes: dict[EntryId, _Node] = {}

    def put(
        self, entry: EntryId, path: Sequence[str], name: str = "", location: str = "", rank: int = 0
    ) -> list[EntryId]:
        """Put an entry, which is not in the plane yet, at a path.

        `name` and `location` are those in this plane, empty for the entry's own.
        """
        node = self._root
        for step in path:
            node = node.children.setdefault(step, _Node(step, node))
        before = node.holder()
        node.claims[entry] = _Claim(rank, name, location)
        self._nodes[entry] = node
        return _moved(node, before)

    def drop(self, entry: EntryId) -> list[EntryId]:
        """Take an entry out of the plane; one that is not in it changes nothing."""
        node = self._nodes.pop(entry, None)
        if node is None:
            return []
        before = node.holder()
        del node.claims[entry]
        moved = _moved(node, before)
        while node.parent is not None and not (node.claims or node.children):
            del node.parent.children[node.step]
            node = node.parent
        return moved

    def place(self, entry: EntryId) -> Place | None:
        """Where an entry stands; None where it is not in the plane, or behind another."""
        node = self._nodes.get(entry)
        if node is None or node.holder() != entry:
            return None
        claim = node.claims[entry]
        above = node.parent
        while above is not None and not above.claims:
            above = above.parent
        holder = above.holder() if above is not None else None
        parent = self._top if holder is None else holder
        return Place(self.name, parent, claim.name, claim.location)


def _moved(node: _Node, before: EntryId | None) -> list[EntryId]:
    after = node.holder()
    if before == after:
        return []
    return [entry for entry in (before, after) if entry is not None] + list(node.below())
