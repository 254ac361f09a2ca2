"""The tree of one plane: parents, and their children in order of name, then of location.

Source: xnu iokit/Kernel/IORegistryEntry.cpp: an entry may have several parents in a plane.
Invariant: every entry of the plane is once in the list of each of its parents, and each list is
sorted; numbers count as numbers, in names ("port 2" before "port 10") and hexadecimal in locations
("@e" before "@1d"). No walk of it runs in circles, whatever circles the entries form.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping

from runtime.model.entry import Entry
from runtime.model.identity import SERVICE_PLANE

_NUMBER = re.compile(r"(\d{1,4000})")  # Python reads no longer ones
_HEX = re.compile(r"[0-9a-f]{1,32}")
_MARK = re.compile(r"[,.:-]")

ROOT_TITLE = "/"

SortKey = tuple[tuple[str | int, ...], tuple[tuple[int, str], ...], int]


def sort_key(title: str, entry_id: int) -> SortKey:
    """Return what siblings are sorted by; the id keeps equal titles in order of arrival."""
    name, _, location = title.casefold().partition("@")
    parts = _NUMBER.split(name)
    named = tuple(int(part) if at % 2 else part for at, part in enumerate(parts))
    return named, _location_key(location) if location else (), entry_id


def _location_key(location: str) -> tuple[tuple[int, str], ...]:
    return tuple(
        (int(part, 16), "") if _HEX.fullmatch(part) else (0, part) for part in _MARK.split(location)
    )


class Forest:
    """One plane of a registry; parent 0 holds the roots.

    Attributes:
        plane: The plane's name.
        children: Ids of children by parent; read only.
        size: How many entries are in the plane.
        shared: How many of them have several parents.
    """

    def __init__(self, plane: str, entries: Mapping[int, Entry]) -> None:
        """Make the tree of a plane; `entries` are those of the registry, and stay the caller's."""
        self.plane = plane
        self.children: dict[int, list[int]] = {}
        self.size = 0
        self.shared = 0
        self._entries = entries
        self._keys: dict[int, list[SortKey]] = {}
        for entry in entries.values():
            self.attach(entry)

    @property
    def tops(self) -> list[int]:
        """The roots; beside IOService only those that have something below them."""
        roots = self.children.get(0, [])
        if self.plane == SERVICE_PLANE:
            return roots
        return [root for root in roots if root in self.children]

    def attach(self, entry: Entry) -> None:
        """Put an entry that is not there below each of its parents."""
        parents = entry.parents_in(self.plane)
        if not parents:
            return
        key = sort_key(entry.title_in(self.plane), entry.id)
        for parent in parents:
            keys = self._keys.setdefault(parent, [])
            at = bisect_left(keys, key)
            keys.insert(at, key)
            self.children.setdefault(parent, []).insert(at, entry.id)
        self.size += 1
        self.shared += len(parents) > 1

    def detach(self, entry: Entry) -> None:
        """Take an entry out, as it was attached; its children stay listed under its id."""
        parents = entry.parents_in(self.plane)
        if not parents:
            return
        key = sort_key(entry.title_in(self.plane), entry.id)
        for parent in parents:
            keys = self._keys[parent]
            at = bisect_left(keys, key)
            del keys[at], self.children[parent][at]
            if not keys:
                del self._keys[parent], self.children[parent]
        self.size -= 1
        self.shared -= len(parents) > 1

    def below(self, entry_id: int) -> list[int]:
        """Return the ids of an entry's children; read only."""
        return self.children.get(entry_id, [])

    def subtree(self, entry_id: int) -> Iterator[int]:
        """Yield an entry's id and those of everything below it, each once, parents first."""
        seen: set[int] = set()
        stack = [entry_id]
        while stack:
            top = stack.pop()
            if top not in seen:
                seen.add(top)
                yield top
                stack.extend(reversed(self.children.get(top, ())))

    def ancestors(self, entry_id: int) -> list[int]:
        """Return the ids above an entry, nearest first; of several parents the first."""
        above: dict[int, None] = {}
        entry = self._entries.get(entry_id)
        while entry is not None:
            parent = next(iter(entry.parents_in(self.plane)), 0)
            if not parent or parent in above:
                break
            above[parent] = None
            entry = self._entries.get(parent)
        return list(above)

    def path(self, entry_id: int) -> str:
        """Return an entry's path in this plane, empty where it is not in it."""
        entry = self._entries.get(entry_id)
        if entry is None or not entry.parents_in(self.plane):
            return ""
        steps = []
        for at in (entry_id, *self.ancestors(entry_id)):
            one = self._entries.get(at)
            if one is not None and not self.is_root(one):
                steps.append(one.title_in(self.plane))
        return f"{self.plane}:/" + "/".join(reversed(steps))

    def nearest(self, path: str) -> int:
        """Return the entry at a path of this plane, else the nearest one above it, 0 for none."""
        found = next(iter(self.tops), 0)
        for step in path.partition(":/")[2].split("/"):
            below = self.titles(found)
            found = below.get(ROOT_TITLE, found)
            below = self.titles(found)
            if step not in below:
                break
            found = below[step]
        return found

    def is_root(self, entry: Entry) -> bool:
        """Whether an entry is no step of a path: a root, or the ``/`` of IODeviceTree."""
        return 0 in entry.parents_in(self.plane) or entry.title_in(self.plane) == ROOT_TITLE

    def titles(self, entry_id: int) -> dict[str, int]:
        """Return the ids of an entry's children by their titles."""
        below = (self._entries[child] for child in self.below(entry_id))
        return {entry.title_in(self.plane): entry.id for entry in below}
