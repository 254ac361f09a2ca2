"""What waits for one subscribed client, as a map from id to newest change.

A slow client costs at most one change an entry: values are looked up when a message is made,
so they may be newer than the change that caused it. Events and log lines are bounded and
counted when dropped.
Invariant: no I/O; the owner asks for the next message whenever its socket has room.
"""

from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Generic, TypeVar

from runtime.model.entry import Entry
from runtime.model.events import Event
from runtime.model.identity import DriverId, EntryId, RequestId
from runtime.model.records import Driver, Extension, LogLine, Request, Status
from runtime.wire import codec, limits
from runtime.wire.client import Delta, Part, SnapshotBegin, SnapshotEnd
from runtime.wire.commands.registry import Topic

ENTRY_BYTES = 160  # of an encoded entry without its properties, typically
BATCH = 256  # records, events or log lines a message
MOST_GONE = 65_536  # removed entries that may wait; beyond, everything is sent anew

K = TypeVar("K")
V = TypeVar("V")


class Source:
    """Where an outbox finds the present state. Maps are the owner's own, never copied."""

    def __init__(self, run: str, entries: Callable[[int], Entry | None]) -> None:
        self.run = run
        self.entry = entries
        self.entry_ids: Callable[[], Iterable[EntryId]] = tuple
        self.drivers: dict[DriverId, Driver] = {}
        self.extensions: dict[str, Extension] = {}
        self.requests: dict[RequestId, Request] = {}
        self.events: Callable[[], list[Event]] = list


class _Dirty(Generic[K, V]):
    """Changed and removed ids of one kind of record."""

    def __init__(self) -> None:
        self.changed: dict[K, None] = {}
        self.gone: dict[K, None] = {}

    def change(self, key: K) -> None:
        self.gone.pop(key, None)  # it came back: the new record replaces the old one
        self.changed[key] = None

    def remove(self, key: K) -> None:
        self.changed.pop(key, None)
        self.gone[key] = None

    def take(self, records: dict[K, V]) -> tuple[tuple[V, ...], tuple[K, ...]]:
        """The next batch of newest values and of removed ids."""
        values = self.take_changed(records)
        gone = tuple(islice(self.gone, BATCH))
        for key in gone:
            del self.gone[key]
        return values, gone

    def take_changed(self, records: dict[K, V]) -> tuple[V, ...]:
        """The next batch of newest values; removed ids wait."""
        values: list[V] = []
        left = limits.PART
        while self.changed and left > 0 and len(values) < BATCH:
            key = next(iter(self.changed))
            del self.changed[key]
            if key in records:
                values.append(records[key])
                left -= len(codec.encode(records[key]))
        return tuple(values)

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)


class Outbox:
    """One subscription."""

    def __init__(self, source: Source, topics: Iterable[Topic], status: Status) -> None:
        self._source = source
        self._topics = frozenset(topics)
        self._sequence = 0
        self._begin(status)

    def _begin(self, status: Status) -> None:
        """Start with a snapshot, or start again (resync)."""
        source, topics = self._source, self._topics
        entries = source.entry_ids() if Topic.ENTRIES in topics else ()
        self._unsent: dict[EntryId, None] | None = dict.fromkeys(entries)
        self._began = False
        self._status: Status | None = status if Topic.STATUS in topics else None
        self._entries: dict[EntryId, None] = {}
        self._gone: dict[EntryId, None] = {}
        self._drivers: _Dirty[DriverId, Driver] = _Dirty()
        self._extensions: _Dirty[str, Extension] = _Dirty()
        self._requests: _Dirty[RequestId, Request] = _Dirty()
        self._events: deque[Event] = deque()
        self._logs: deque[LogLine] = deque()
        self._lost_events = self._lost_logs = 0
        if Topic.DRIVERS in topics:
            self._drivers.changed = dict.fromkeys(source.drivers)
        if Topic.EXTENSIONS in topics:
            self._extensions.changed = dict.fromkeys(source.extensions)
        if Topic.REQUESTS in topics:
            self._requests.changed = dict.fromkeys(source.requests)
        if Topic.EVENTS in topics:
            self._events.extend(source.events()[-limits.WAITING_EVENTS :])

    # --- what happened -------------------------------------------------------------------------

    def entry_changed(self, entry: EntryId) -> None:
        """An entry is new or has changed."""
        if Topic.ENTRIES in self._topics and not (self._unsent and entry in self._unsent):
            self._entries[entry] = None

    def entry_gone(self, entry: EntryId, status: Status) -> None:
        """An entry was removed; its children were removed before it."""
        if Topic.ENTRIES not in self._topics:
            return
        if self._unsent is not None and self._unsent.pop(entry, self) is None:
            return  # the client never knew it
        self._entries.pop(entry, None)
        self._gone[entry] = None
        if len(self._gone) > MOST_GONE:
            self._begin(status)

    def driver_changed(self, driver: DriverId) -> None:
        """A driver's record changed, or it is gone when the source no longer has it."""
        if Topic.DRIVERS in self._topics:
            known = driver in self._source.drivers
            (self._drivers.change if known else self._drivers.remove)(driver)

    def extension_changed(self, extension: str) -> None:
        """As `driver_changed`."""
        if Topic.EXTENSIONS in self._topics:
            known = extension in self._source.extensions
            (self._extensions.change if known else self._extensions.remove)(extension)

    def request_changed(self, request: RequestId) -> None:
        """As `driver_changed`."""
        if Topic.REQUESTS in self._topics:
            known = request in self._source.requests
            (self._requests.change if known else self._requests.remove)(request)

    def status_changed(self, status: Status) -> None:
        """The status is now this one."""
        if Topic.STATUS in self._topics:
            self._status = status

    def event(self, event: Event) -> None:
        """An event was written to the journal."""
        if Topic.EVENTS in self._topics:
            self._events.append(event)
            if len(self._events) > limits.WAITING_EVENTS:
                self._events.popleft()
                self._lost_events += 1

    def log(self, line: LogLine) -> None:
        """A driver logged a line."""
        if Topic.LOGS in self._topics:
            self._logs.append(line)
            if len(self._logs) > limits.WAITING_EVENTS:
                self._logs.popleft()
                self._lost_logs += 1

    # --- what to send --------------------------------------------------------------------------

    def next_message(self) -> SnapshotBegin | Part | SnapshotEnd | Delta | None:
        """The next message to send; None when nothing waits."""
        if self._unsent is not None:
            return self._next_of_snapshot(self._unsent)
        if not self._waiting():
            return None
        entries = self._take_entries(self._entries)
        gone = tuple(islice(self._gone, BATCH))
        for entry in gone:
            del self._gone[entry]
        drivers, gone_drivers = self._drivers.take(self._source.drivers)
        extensions, gone_extensions = self._extensions.take(self._source.extensions)
        requests, gone_requests = self._requests.take(self._source.requests)
        status, self._status = self._status, None
        lost_events, self._lost_events = self._lost_events, 0
        lost_logs, self._lost_logs = self._lost_logs, 0
        self._sequence += 1
        return Delta(
            self._sequence,
            *(entries, gone, drivers, gone_drivers, extensions, gone_extensions),
            *(requests, gone_requests, status, _take(self._events), _take(self._logs)),
            *(lost_events, lost_logs),
        )

    def _waiting(self) -> bool:
        return bool(
            self._entries
            or self._gone
            or self._drivers
            or self._extensions
            or self._requests
            or self._status is not None
            or self._events
            or self._logs
        )

    def _next_of_snapshot(self, unsent: dict[EntryId, None]) -> SnapshotBegin | Part | SnapshotEnd:
        if not self._began:
            self._began = True
            return SnapshotBegin(self._sequence + 1, self._source.run)
        if unsent:
            return Part(entries=self._take_entries(unsent))
        source = self._source
        # A part cannot say that a record of an earlier part is gone: the first delta does.
        drivers = self._drivers.take_changed(source.drivers)
        extensions = self._extensions.take_changed(source.extensions)
        requests = self._requests.take_changed(source.requests)
        status, self._status = self._status, None
        if drivers or extensions or requests or status is not None or self._events:
            events = _take(self._events)
            return Part((), drivers, extensions, requests, status, events)
        self._unsent = None
        return SnapshotEnd()

    def _take_entries(self, ids: dict[EntryId, None]) -> tuple[Entry, ...]:
        """Entries of about one part, taken off `ids` in order."""
        entries: list[Entry] = []
        taken: list[EntryId] = []
        size = 0
        for entry_id in ids:
            taken.append(entry_id)
            entry = self._source.entry(entry_id)
            if entry is None:
                continue
            entries.append(entry)
            size += ENTRY_BYTES + len(memoryview(entry.props))
            if size >= limits.PART:
                break
        for entry_id in taken:
            del ids[entry_id]
        return tuple(entries)


def _take(waiting: deque[V]) -> tuple[V, ...]:
    """The first of what waits: about one part, whatever a driver put into its lines."""
    taken: list[V] = []
    left = limits.PART
    while waiting and left > 0 and len(taken) < BATCH:
        taken.append(waiting.popleft())
        left -= len(codec.encode(taken[-1]))
    return tuple(taken)
