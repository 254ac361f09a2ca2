"""What one or several messages changed in the mirror.

Invariant: names what changed; the values are read from the mirror (removed entries excepted,
which the mirror no longer has).
"""

from dataclasses import dataclass, field

from runtime.model.entry import Entry
from runtime.model.events import Event
from runtime.model.identity import DriverId, RequestId
from runtime.model.records import LogLine


@dataclass(slots=True)
class Changes:
    """A batch of changes, newest state only.

    `reset` means that a whole snapshot replaced everything: the other fields are then what
    came after it, and readers start from the mirror. `removed` keeps each entry as it last
    was. `moved` is the part of `changed` whose parent, title or place is another one now.
    `drivers`, `extensions` and `requests` name records that are new, changed or gone.
    `resync_needed` means that a delta was missing: nothing is applied until a new snapshot.
    """

    reset: bool = False
    resync_needed: bool = False
    added: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    moved: set[int] = field(default_factory=set)
    removed: dict[int, Entry] = field(default_factory=dict)
    drivers: set[DriverId] = field(default_factory=set)
    extensions: set[str] = field(default_factory=set)
    requests: set[RequestId] = field(default_factory=set)
    status: bool = False
    events: list[Event] = field(default_factory=list)
    logs: list[LogLine] = field(default_factory=list)
    lost_events: int = 0
    lost_logs: int = 0

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return any(getattr(self, name) for name in self.__slots__)

    @property
    def entries(self) -> bool:
        """Whether the registry changed."""
        return bool(self.reset or self.added or self.changed or self.removed)

    def merge(self, later: "Changes") -> None:
        """Add what came after; an entry that came and went in between is in neither set."""
        if later.reset:
            self._forget()
        for entry in later.removed.values():
            self.remove(entry)
        self.added |= later.added
        self.changed |= later.changed - self.added
        self.moved |= later.moved - self.added
        self.drivers |= later.drivers
        self.extensions |= later.extensions
        self.requests |= later.requests
        self.status |= later.status
        self.resync_needed |= later.resync_needed
        self.events += later.events
        self.logs += later.logs
        self.lost_events += later.lost_events
        self.lost_logs += later.lost_logs

    def remove(self, entry: Entry) -> None:
        """Add that an entry went."""
        gone = int(entry.id)
        self.changed.discard(gone)
        self.moved.discard(gone)
        if gone in self.added:
            self.added.discard(gone)
        else:
            self.removed[gone] = entry

    def leave_entries_out(self) -> None:
        """Forget what changed in the registry: another moment of it is shown."""
        self.added.clear()
        self.changed.clear()
        self.moved.clear()
        self.removed.clear()

    def _forget(self) -> None:
        """Drop what a snapshot made void; log lines and losses stay."""
        self.reset = True
        self.resync_needed = False
        self.added.clear()
        self.changed.clear()
        self.moved.clear()
        self.removed.clear()
        self.events.clear()
