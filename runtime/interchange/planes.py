"""The tree of one plane, out of entries that stand in several.

Source: xnu iokit/Kernel/IORegistryEntry.cpp: name and location are a plane's own; the root is in
all.
Invariant: what comes out is finite, whatever circles the entries form; parents come first.
"""

from collections import deque
from collections.abc import Sequence

import msgspec

from runtime.interchange.registry_file import FileEntry
from runtime.model.entry import Entry
from runtime.model.identity import SERVICE_PLANE

DEVICE_TREE_PLANE = "IODeviceTree"

_TIMES = 16  # how often entries may stand on average before only their first place is shown


def planes_of(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Every plane in which an entry has a parent; IOService first."""
    found = {SERVICE_PLANE: None}
    for entry in entries:
        if entry.parent and isinstance(entry, FileEntry):
            found[entry.plane] = None
        found.update(dict.fromkeys(place.plane for place in entry.places))
    return tuple(found)


def project(entries: Sequence[Entry], plane: str) -> list[Entry]:
    """The entries of a plane, with their names, locations and parents there.

    An entry with several parents comes once for each; one that has no way up to a root in this
    plane does not come.
    """
    if not any(entry.places for entry in entries):
        homes = {_home(entry) for entry in entries}
        if homes == {plane}:
            return list(entries)
    below: dict[int, list[Entry]] = {}
    parents: dict[int, int] = {}
    for entry in entries:
        for position in _positions(entry, plane):
            below.setdefault(position.parent, []).append(position)
            parents[position.id] = parents.get(position.id, 0) + 1
    if plane != SERVICE_PLANE:  # loose entries are shown where every entry is
        below[0] = [root for root in below.get(0, ()) if root.id in below]
    whole = _ordered(below, parents)
    return _first_places(below) if whole is None else whole


def _home(entry: Entry) -> str:
    return entry.plane if isinstance(entry, FileEntry) else SERVICE_PLANE


def _positions(entry: Entry, plane: str) -> list[Entry]:
    found = [entry] if _home(entry) == plane or not entry.parent else []
    for place in entry.places:
        if place.plane == plane:
            fields = {
                "parent": int(place.parent),
                "name": place.name or entry.name,
                "location": place.location,
            }
            if isinstance(entry, FileEntry):
                fields["head"] = b""  # says the name of another plane
            found.append(msgspec.structs.replace(entry, **fields))
    return found


def _ordered(below: dict[int, list[Entry]], parents: dict[int, int]) -> list[Entry] | None:
    """All positions, each after all of its parents'; None where they form circles or a flood."""
    open_parents = dict(parents)
    times: dict[int, int] = {0: 1}
    made: list[Entry] = []
    waiting = deque([0])
    total = 0
    while waiting:
        at = waiting.popleft()
        for position in below.get(at, ()):
            made.append(position)
            times[position.id] = times.get(position.id, 0) + times[at]
            open_parents[position.id] -= 1
            if not open_parents[position.id]:
                total += times[position.id]
                waiting.append(position.id)
    finished = all(not open_parents[position.id] for position in made)
    return made if finished and total <= _TIMES * len(parents) + 1000 else None


def _first_places(below: dict[int, list[Entry]]) -> list[Entry]:
    made: list[Entry] = []
    seen: set[int] = set()
    waiting = deque([0])
    while waiting:
        for position in below.get(waiting.popleft(), ()):
            if position.id not in seen:
                seen.add(position.id)
                made.append(position)
                waiting.append(position.id)
    return made
