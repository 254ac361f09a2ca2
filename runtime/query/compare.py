"""Compares two registries: what was added, removed, moved, and which properties changed.

Entries are paired by path and identity, never by id: ids mean nothing across machines and runs. Nor
does the name of the machine, with which every path begins. At one path the two are the same thing
unless both say who they are and differ. What is left is paired when it says who it is and only one
on each side says so: it has moved, and takes what is below along.
Invariant: pure; every entry of both sides is in exactly one pair, or added, or removed.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from runtime.model.entry import Entry, State
from runtime.model.properties import Properties, Value

STRONG = (
    "kUSBSerialNumberString",
    "USB Serial Number",
    "SerialNumber",
    "Serial Number",
    "IOPlatformUUID",
    "UUID",
    "IOMACAddress",
    "WWN",
)
"""Properties that name one thing among all of its kind."""

WEAK = ("idVendor", "idProduct", "vendor-id", "device-id", "VendorID", "ProductID", "locationID")
"""Properties that together name a kind; with its class they may name one thing."""


class PropertyChange(msgspec.Struct, frozen=True):
    """A property of a pair that is not equal; None: that side has none."""

    key: str
    before: Value | None
    after: Value | None


class Pair(msgspec.Struct, frozen=True):
    """The same entry on both sides."""

    before: Entry
    after: Entry
    path_before: str
    path_after: str
    changes: tuple[PropertyChange, ...]
    moved: bool  # by itself, and not with what is above it


class Side(msgspec.Struct, frozen=True):
    """An entry that only one side has."""

    entry: Entry
    path: str


class Comparison(msgspec.Struct, frozen=True):
    """What differs; each in the order of its side."""

    added: tuple[Side, ...]
    removed: tuple[Side, ...]
    changed: tuple[Pair, ...]
    moved: tuple[Pair, ...]
    same: int  # pairs without any difference

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed or self.moved)


MACHINE = "IOPlatformExpertDevice"
"""The class of the entry that is called as the machine is; on another it has another name."""

Read = Callable[[Entry], Properties]


def compare(before: Sequence[Entry], after: Sequence[Entry], plane: str, read: Read) -> Comparison:
    """Compare two registries.

    Args:
        before: Entries of one plane, parents before their children.
        after: The same of the other side.
        plane: The plane's name, for the paths.
        read: Decodes an entry's properties; called once for each entry that it needs.
    """
    return _Comparer(_Half(before, plane, read), _Half(after, plane, read)).result()


class _Half:
    """One side: its entries by place, with their paths and who they say they are."""

    def __init__(self, entries: Sequence[Entry], plane: str, read: Read) -> None:
        self.entries = entries
        self._read = read
        self.paths: list[str] = []
        self.parents: list[int] = []  # place of the parent; -1 of a root
        known_as: list[str] = []  # the paths, without the name of the machine
        place: dict[int, int] = {}
        for at, entry in enumerate(entries):
            parent = place.get(entry.parent, -1)
            above = self.paths[parent] if parent >= 0 else f"{plane}:"
            step = entry.title.replace("/", "!") if parent >= 0 else ""
            self.paths.append(f"{above.removesuffix('/')}/{step}")
            begin = known_as[parent] if parent >= 0 else ""
            known_as.append(f"{begin}/{'' if entry.cls == MACHINE else step}")
            self.parents.append(parent)
            place.setdefault(entry.id, at)
        self.by_path: dict[str, list[int]] = {}
        self.below: dict[int, list[int]] = {}
        for at, path in enumerate(known_as):
            self.by_path.setdefault(path, []).append(at)
            self.below.setdefault(self.parents[at], []).append(at)
        self._known: dict[int, Properties] = {}

    def properties(self, at: int) -> Properties:
        if at not in self._known:
            self._known[at] = self._read(self.entries[at])
        return self._known[at]

    def strong(self, at: int) -> tuple[str, ...]:
        """What names this one thing; empty where nothing does."""
        return _identity(self.properties(at), STRONG)

    def name_of(self, at: int) -> tuple[str, ...]:
        """What names the thing or, with its class, its kind; empty where nothing does."""
        table = self.properties(at)
        named = _identity(table, STRONG) or _identity(table, WEAK[:-1])
        return (self.entries[at].cls, *named) if named else ()


def _identity(table: Properties, keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{key}={table[key]!r}" for key in keys if table.get(key))


class _Comparer:
    def __init__(self, before: _Half, after: _Half) -> None:
        self._before = before
        self._after = after
        self._pairs: dict[int, int] = {}  # place before → place after
        self._taken: set[int] = set()
        self._moved: set[int] = set()

    def result(self) -> Comparison:
        for path, places in self._before.by_path.items():
            self._pair_all(places, self._after.by_path.get(path, []))
        self._pair_moved()
        before, after = self._before, self._after
        pairs = [self._made(at, self._pairs[at]) for at in sorted(self._pairs)]
        return Comparison(
            tuple(
                Side(after.entries[at], after.paths[at])
                for at in range(len(after.entries))
                if at not in self._taken
            ),
            tuple(
                Side(before.entries[at], before.paths[at])
                for at in range(len(before.entries))
                if at not in self._pairs
            ),
            tuple(pair for pair in pairs if pair.changes),
            tuple(pair for pair in pairs if pair.moved),
            sum(not pair.changes and not pair.moved for pair in pairs),
        )

    def _pair_all(self, places: list[int], others: list[int]) -> None:
        """Pair siblings of one path: by what they say of themselves, then in their order."""
        left = [at for at in others if at not in self._taken]
        for at in places:
            if at in self._pairs or not left:
                continue
            who = self._before.strong(at) if len(places) > 1 or len(left) > 1 else ()
            same = [other for other in left if who and self._after.strong(other) == who]
            found = next((other for other in same or left if self._may_be(at, other)), None)
            if found is not None:
                self._pair(at, found)
                left.remove(found)

    def _may_be(self, at: int, other: int) -> bool:
        """Whether two at one path can be the same thing."""
        if self._before.entries[at].cls != self._after.entries[other].cls:
            return False
        who, whom = self._before.strong(at), self._after.strong(other)
        return not (who and whom and who != whom)

    def _pair(self, at: int, other: int) -> None:
        self._pairs[at] = other
        self._taken.add(other)

    def _pair_moved(self) -> None:
        """Pair what is left by who it says it is, parents first, each with what is below it."""
        before, after = self._before, self._after
        left = [at for at in range(len(before.entries)) if at not in self._pairs]
        right = [at for at in range(len(after.entries)) if at not in self._taken]
        named = {at: before.name_of(at) for at in left}
        others: dict[tuple[str, ...], int] = {}
        counts = Counter(named.values())
        other_counts: Counter[tuple[str, ...]] = Counter()
        for at in right:
            name = after.name_of(at)
            other_counts[name] += 1
            others[name] = at
        for at in left:
            name = named[at]
            other = others.get(name, -1)
            if not name or at in self._pairs or other in self._taken or other < 0:
                continue
            if counts[name] == other_counts[name] == 1:
                self._pair(at, other)
                self._moved.add(at)
                self._pair_below(at, other)

    def _pair_below(self, top: int, other_top: int) -> None:
        waiting = deque([(top, other_top)])
        while waiting:
            at, other = waiting.popleft()
            titles: dict[str, list[int]] = {}
            for child in self._after.below.get(other, ()):
                titles.setdefault(self._after.entries[child].title, []).append(child)
            for child in self._before.below.get(at, ()):
                if child not in self._pairs:
                    title = self._before.entries[child].title
                    self._pair_all([child], titles.get(title, []))
                    if child in self._pairs:
                        waiting.append((child, self._pairs[child]))

    def _made(self, at: int, other: int) -> Pair:
        before, after = self._before, self._after
        return Pair(
            before.entries[at],
            after.entries[other],
            before.paths[at],
            after.paths[other],
            tuple(_changes(before, at, after, other)),
            at in self._moved,
        )


def _changes(before: _Half, at: int, after: _Half, other: int) -> list[PropertyChange]:
    old, new = before.entries[at], after.entries[other]
    changes: list[PropertyChange] = []
    if old.props != new.props or type(old) is not Entry or type(new) is not Entry:
        changes = _differences(before.properties(at), after.properties(other))
    states = _state_words(old), _state_words(new)
    if states[0] != states[1] and all(states):
        changes.insert(0, PropertyChange("IOServiceState", *states))
    return changes


def _differences(old: Mapping[str, Value], new: Mapping[str, Value]) -> list[PropertyChange]:
    return [
        PropertyChange(key, old.get(key), new.get(key))
        for key in dict.fromkeys((*old, *new))
        if key not in old or key not in new or not _is_same(old[key], new[key])
    ]


def _is_same(old: Value, new: Value) -> bool:
    """Whether two values are the same; a text says -1 as 2⁶⁴ - 1, as the kernel prints it."""
    if type(old) is not type(new):
        return False
    match old, new:
        case list(), list():
            return len(old) == len(new) and all(map(_is_same, old, new))
        case dict(), dict():
            return old.keys() == new.keys() and all(_is_same(old[key], new[key]) for key in old)
        case int(), int():
            return (old - new) % (1 << 64) == 0
        case _:
            return old == new


def _state_words(entry: Entry) -> str:
    """The state as words; empty where the entry has none."""
    if entry.state & State.PLAIN:
        return ""
    registered = "registered" if entry.state & State.REGISTERED else "!registered"
    matched = "matched" if entry.state & State.MATCHED else "!matched"
    return f"{registered}, {matched}, {'inactive' if entry.state & State.INACTIVE else 'active'}"
