"""The registry: the tree of entries, and its single writer.

Source: xnu iokit/Kernel/IORegistryEntry.cpp (ids, paths), IOService.cpp (busy, termination).
Invariant: every change of an entry goes through here and is reported to the listener once,
after it was made; ids count up and are never used again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import msgspec

from runtime.model import classes, properties
from runtime.model.entry import READY, Entry, Holder, Kind, Place, State
from runtime.model.errors import ProblemError
from runtime.model.identity import ROOT_ID, SERVICE_PLANE, EntryId
from runtime.model.properties import Value
from runtime.registry.busy import BusyClock


class Changed(msgspec.Struct, frozen=True):
    """An entry is new or has changed; `entry` is its present value."""

    entry: Entry


class Gone(msgspec.Struct, frozen=True):
    """An entry was removed; `entry` is its last value, marked inactive."""

    id: EntryId
    path: str
    entry: Entry


Change = Changed | Gone


class Registry:
    """The tree in the IOService plane, with its root.

    Args:
        clock: Monotonic nanoseconds.
        listener: Called with every change, in order; must not change the registry itself.
    """

    def __init__(self, clock: Callable[[], int], listener: Callable[[Change], None]) -> None:
        self._listener = listener
        self._mourners: list[Callable[[Gone], None]] = []
        self._busy = BusyClock(clock)
        self._entries: dict[EntryId, Entry] = {}
        self._children: dict[EntryId, dict[EntryId, None]] = {}  # ordered; removal in O(1)
        self._next = int(ROOT_ID)
        self._insert(
            Entry(ROOT_ID, 0, "Root", "IORegistryEntry", state=int(State.PLAIN)),
        )

    def tell_gone(self, mourner: Callable[[Gone], None]) -> None:
        """Call somebody, too, with every entry that is removed; he must not change the registry."""
        self._mourners.append(mourner)

    def attach(
        self,
        parent: EntryId,
        name: str,
        cls: str,
        *,
        location: str = "",
        kind: Kind = Kind.DEVICE,
        holder: Holder = Holder.NOBODY,
        props: Mapping[str, Value] | msgspec.Raw = properties.NONE,
        driver: str = "",
        pid: int = 0,
        user_classes: tuple[str, ...] = (),
        state: int = int(READY),
    ) -> EntryId:
        """Add an entry below `parent` and return its id.

        Raises:
            ProblemError: ``not-found``: there is no such parent.
        """
        self.entry(parent)
        raw = props if isinstance(props, msgspec.Raw) else properties.encode(props)
        if "IOService" not in classes.chain(cls):
            state = int(State.PLAIN)
        entry = Entry(
            EntryId(self._next), parent, name, cls, location, state,
            kind=int(kind), holder=int(holder), driver=driver, pid=pid, props=raw,
            user_classes=user_classes,
        )  # fmt: skip
        self._children.setdefault(parent, {})[entry.id] = None
        self._insert(entry)
        self._retain(parent, 1)
        return entry.id

    def place(self, entry_id: EntryId, places: tuple[Place, ...]) -> None:
        """Say where an entry stands beside its parent in the IOService plane.

        Every place is below an entry that is there; before that one goes, the caller takes the
        place away.

        Raises:
            ProblemError: ``not-found``.
        """
        entry = self.entry(entry_id)
        if entry.places == places:
            return
        counts = Counter(place.parent for place in places)
        counts.subtract(place.parent for place in entry.places)
        retain = entry.retain + len(places) - len(entry.places)
        self._put(msgspec.structs.replace(entry, places=places, retain=retain))
        for parent, by in counts.items():
            if by:
                self._retain(parent, by)

    def update(self, entry_id: EntryId, **fields: object) -> Entry:
        """Replace fields of an entry; reports nothing where nothing differs.

        `id`, `parent`, `busy`, `busy_ms`, `retain` and `places` are the registry's own.

        Raises:
            ProblemError: ``not-found``.
        """
        old = self.entry(entry_id)
        new = msgspec.structs.replace(old, **fields)
        if new != old:
            self._put(new)
        return new

    def merge_properties(self, entry_id: EntryId, changes: Mapping[str, Value]) -> Entry:
        """Set properties of an entry and keep its others.

        Raises:
            ProblemError: ``not-found``.
        """
        merged = properties.decode(self.entry(entry_id).props)
        merged.update(changes)
        return self.update(entry_id, props=properties.encode(merged))

    def set_holder(
        self, entry_id: EntryId, holder: Holder, driver: str = "", pid: int = 0
    ) -> Entry:
        """Say who drives a device.

        Raises:
            ProblemError: ``not-found``.
        """
        return self.update(entry_id, holder=int(holder), driver=driver, pid=pid)

    def hold(self, entry_id: EntryId) -> None:
        """Count one opener more."""
        self._retain(entry_id, 1)

    def drop(self, entry_id: EntryId) -> None:
        """Count one opener less; of an entry that is gone, nothing is left to count."""
        if entry_id in self._entries:
            self._retain(entry_id, -1)

    def adjust_busy(self, entry_id: EntryId, by: int) -> None:
        """Change an entry's busy count.

        Where it leaves or reaches 0, its provider's changes by 1 too, and so on to the root.

        Raises:
            ProblemError: ``not-found``.
        """
        at: int = entry_id
        while at:
            entry = self.entry(EntryId(at))
            busy = entry.busy + by
            if busy < 0:
                raise ValueError(f"{self.path(entry.id)}: busy count would be {busy}")
            edge = busy == 0 or entry.busy == 0
            busy_ms = self._busy.moved(entry.id, entry.busy, busy, entry.busy_ms)
            self._put(msgspec.structs.replace(entry, busy=busy, busy_ms=busy_ms))
            if not edge:
                return
            at, by = entry.parent, 1 if by > 0 else -1

    def terminate(self, entry_id: EntryId) -> list[EntryId]:
        """Remove an entry with everything below it.

        Returns:
            The removed ids, children before their parents; empty where it was gone already.
        """
        if entry_id not in self._entries or entry_id == ROOT_ID:
            return []
        doomed = [entry.id for entry in self.walk(entry_id)]
        doomed.reverse()
        for leaf in doomed:
            self._remove(leaf)
        return doomed

    def get(self, entry_id: EntryId) -> Entry | None:
        """The entry, or None when there is none (any more)."""
        return self._entries.get(entry_id)

    def entry(self, entry_id: EntryId) -> Entry:
        """The entry.

        Raises:
            ProblemError: ``not-found``.
        """
        found = self._entries.get(entry_id)
        if found is None:
            raise ProblemError(
                "not-found", f"registry entry 0x{entry_id:x}: expected a live entry, found none"
            )
        return found

    def children(self, entry_id: EntryId) -> list[EntryId]:
        """The children in the order in which they were attached."""
        return list(self._children.get(entry_id, ()))

    def path(self, entry_id: EntryId) -> str:
        """`IOService:/…` with `name@location` of every ancestor but the root.

        A slash inside a name is written as `!`, as sysfs does.

        Raises:
            ProblemError: ``not-found``.
        """
        parts: list[str] = []
        entry = self.entry(entry_id)
        while entry.parent:
            parts.append(_step(entry))
            entry = self._entries[EntryId(entry.parent)]
        return f"{SERVICE_PLANE}:/" + "/".join(reversed(parts))

    def find(self, path: str) -> EntryId | None:
        """The entry at a path as `path` makes it; of equal siblings, the first."""
        plane, _, rest = path.partition(":/")
        if plane != SERVICE_PLANE:
            return None
        level = [ROOT_ID]
        for step in rest.split("/") if rest else ():
            below = (child for at in level for child in self._children.get(at, ()))
            level = [child for child in below if _step(self._entries[child]) == step]
        return level[0] if level else None

    def walk(self, top: EntryId = ROOT_ID) -> Iterator[Entry]:
        """Every entry from `top` down, parents before children, in `ioreg`'s order.

        The tree must not change meanwhile.
        """
        waiting = [top]
        while waiting:
            at = waiting.pop()
            yield self._entries[at]
            waiting.extend(reversed(self._children.get(at, {})))

    def conforming(self, cls: str) -> Iterator[Entry]:
        """Every entry whose class is `cls` or derives from it."""
        return (entry for entry in self.walk() if classes.conforms(entry.cls, cls))

    def __len__(self) -> int:
        """How many entries there are, the root included."""
        return len(self._entries)

    def _insert(self, entry: Entry) -> None:
        self._next = entry.id + 1
        self._put(entry)

    def _put(self, entry: Entry) -> None:
        self._entries[entry.id] = entry
        self._listener(Changed(entry))

    def _retain(self, entry_id: EntryId, by: int) -> None:
        entry = self.entry(entry_id)
        self._put(msgspec.structs.replace(entry, retain=entry.retain + by))

    def _remove(self, leaf: EntryId) -> None:
        busy = self._entries[leaf].busy
        if busy:  # its provider must not wait for it any longer
            self.adjust_busy(leaf, -busy)
        path = self.path(leaf)
        entry = self._entries.pop(leaf)
        parent = EntryId(entry.parent)
        siblings = self._children[parent]
        del siblings[leaf]
        if not siblings:
            del self._children[parent]
        self._busy.forget(leaf)
        state = (entry.state | State.INACTIVE) & ~State.REGISTERED
        gone = Gone(leaf, path, msgspec.structs.replace(entry, state=state))
        for listener in (self._listener, *self._mourners):
            listener(gone)
        for above, by in Counter((parent, *(place.parent for place in entry.places))).items():
            if above in self._entries:
                self._retain(above, -by)


def _step(entry: Entry) -> str:
    return entry.title.replace("/", "!")
