"""A program's own copy of the registry, kept by a subscription's messages.

The copy of the library; the window has its own, which also knows drivers and requests.
Invariant: no I/O; after each message it is what the runtime had when it sent it.
"""

from collections.abc import Iterator, Mapping

from runtime.client.client import StateMessage
from runtime.client.matching import matches
from runtime.client.notifications import Kind, Notification, changes, gone_kinds, kinds
from runtime.model.entry import Entry
from runtime.model.identity import ROOT_ID, SERVICE_PLANE, EntryId
from runtime.model.properties import Value
from runtime.wire import client as wire

_FIRST = {Kind.FIRST_PUBLISH, Kind.FIRST_MATCH}


class Registry:
    """Entries by id, with what happened to them.

    Attributes:
        is_whole: Whether the first snapshot is there; before, it has nothing.
    """

    def __init__(self) -> None:
        self.is_whole = False
        self._entries: dict[int, Entry] = {}
        self._coming: dict[int, Entry] | None = None
        self._told: dict[int, set[Kind]] = {}  # the first ones that were told

    def apply(self, message: StateMessage) -> list[Notification]:
        """Take a message; returns what happened.

        Of the first snapshot nothing is told: what is there already, `matching` finds. A later one
        (after a resync) tells what differs.

        Raises:
            BreachError: Encoded properties are none.
        """
        match message:
            case wire.SnapshotBegin():
                self._coming = {}
            case wire.Part(entries=entries) if self._coming is not None:
                self._coming.update((entry.id, entry) for entry in entries)
            case wire.SnapshotEnd() if self._coming is not None:
                coming, self._coming = self._coming, None
                return self._replaced(coming)
            case wire.Delta(entries=entries, gone_entries=gone):
                told = [note for entry in entries for note in self._put(entry)]
                return told + [note for entry_id in gone for note in self._gone(entry_id)]
        return []

    def entry(self, entry_id: int) -> Entry | None:
        """The entry, None where there is none (any more)."""
        return self._entries.get(entry_id)

    def entries(self) -> list[Entry]:
        """All entries, in the order in which they came."""
        return list(self._entries.values())

    def children(self, entry_id: int, plane: str = SERVICE_PLANE) -> list[Entry]:
        """The entries below one, in a plane."""
        return [entry for entry in self._entries.values() if entry_id in _parents(entry, plane)]

    def path(self, entry_id: int) -> str:
        """`IOService:/…` as `ioreg` and the window show it; empty for an entry that is gone."""
        steps: list[str] = []
        entry = self._entries.get(entry_id)
        if entry is None:
            return ""
        while entry is not None and entry.parent:
            steps.append(entry.title.replace("/", "!"))
            entry = self._entries.get(entry.parent)
        return f"{SERVICE_PLANE}:/" + "/".join(reversed(steps))

    def matching(self, table: Mapping[str, Value]) -> Iterator[Entry]:
        """The entries that a matching dictionary describes (`runtime.client.matching`).

        Raises:
            ProblemError: ``bad-argument``: it has a key that is none.
        """
        for entry in self.entries():
            if self.matches(entry, table):
                yield entry

    def matches(self, entry: Entry, table: Mapping[str, Value]) -> bool:
        """Whether a matching dictionary describes an entry.

        Raises:
            ProblemError: As of `matching`.
        """
        return matches(entry, table, lambda: self.path(entry.id))

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is being matched anywhere: the root's busy count is 0."""
        root = self._entries.get(ROOT_ID)
        return root is not None and root.busy == 0

    def _replaced(self, coming: dict[int, Entry]) -> list[Notification]:
        told: list[Notification] = []
        if self.is_whole:
            gone = [entry_id for entry_id in self._entries if entry_id not in coming]
            told += [note for entry_id in reversed(gone) for note in self._gone(entry_id)]
            told += [note for entry in coming.values() for note in self._put(entry)]
        else:
            for entry in coming.values():
                self._put(entry)
        self.is_whole = True
        return told

    def _put(self, entry: Entry) -> list[Notification]:
        before = self._entries.get(entry.id)
        self._entries[entry.id] = entry
        path = self.path(entry.id)
        told = self._told.setdefault(entry.id, set())
        made = []
        for kind in kinds(before, entry):
            if kind in told:
                continue
            if kind in _FIRST:
                told.add(kind)
            changed = changes(before, entry) if before and kind is Kind.INTEREST else ()
            made.append(Notification(kind, entry, before, path, changed))
        return made

    def _gone(self, entry_id: EntryId | int) -> list[Notification]:
        path = self.path(entry_id)
        last = self._entries.pop(entry_id, None)
        self._told.pop(entry_id, None)
        if last is None:
            return []
        return [Notification(kind, last, last, path) for kind in gone_kinds(last)]


def _parents(entry: Entry, plane: str) -> set[int]:
    found = {int(place.parent) for place in entry.places if place.plane == plane}
    return found | {entry.parent} if plane == SERVICE_PLANE else found
