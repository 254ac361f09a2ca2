"""The mirror: what the window knows of a runtime, kept equal to it message by message.

Invariant: properties stay encoded; a snapshot is shown only when it is whole; after a gap in
the numbers nothing is applied until a new snapshot begins.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from ioregui.mirror.changes import Changes
from ioregui.mirror.forest import Forest
from ioregui.mirror.planes import Planes, has_moved
from runtime.model.entry import Entry, Kind
from runtime.model.events import Event
from runtime.model.identity import SERVICE_PLANE, DriverId, RequestId
from runtime.model.records import Driver, Extension, LogLine, Request, Status
from runtime.wire.client import Delta, Part, SnapshotBegin, SnapshotEnd
from runtime.wire.history import Moment

EVENTS = 5000
"""How many events are kept; older ones fall out."""

STEP = 64
"""So many entries of a past are taken over at once: about half a millisecond."""

LINES = 2000
"""How many log lines are kept of each driver; older ones fall out."""

StateMessage = SnapshotBegin | Part | SnapshotEnd | Delta


class _State:
    """Everything that a snapshot replaces."""

    def __init__(self) -> None:
        self.planes = Planes()
        self.drivers: dict[DriverId, Driver] = {}
        self.extensions: dict[str, Extension] = {}
        self.requests: dict[RequestId, Request] = {}
        self.status: Status | None = None
        self.events: deque[Event] = deque(maxlen=EVENTS)
        self.cut: dict[int, frozenset[str]] = {}


class Past:
    """The registry of an earlier moment, to be shown when `steps` has come to its end."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self.run = moment.run
        self.drivers = moment.drivers
        self.values_ms = moment.values_ms
        self.planes = Planes()

    def steps(self) -> Iterator[None]:
        """Take the entries over, a few at each step."""
        for number, entry in enumerate(self._moment.entries.values()):
            self.planes.put(entry)
            if number % STEP == 0:
                yield


class Mirror:
    """The registry and the records, as of the last message applied.

    While a moment of the past is shown, entries, paths and `driver_of` are that moment's;
    everything else is, and messages go on to be applied to, the present.

    `more` is False when the sender said that nothing will follow (a file). `run` is the
    identity of the runtime's run, empty before the first snapshot.
    """

    def __init__(self) -> None:
        self._state = _State()
        self._past: Past | None = None
        self._coming: _State | None = None
        self.past_ms = 0  # milliseconds since 1970 of the moment that is shown, 0 for now
        self._coming_run = ""
        self._next = -1  # number of the delta that has to come; -1 while there is none
        self.logs: dict[DriverId, deque[LogLine]] = {}
        self.run = ""
        self.more = True

    @property
    def entries(self) -> dict[int, Entry]:
        """Entries by id; read only."""
        return self._planes.entries

    @property
    def children(self) -> dict[int, list[int]]:
        """Ids of children in the IOService plane by parent, sorted by title; read only."""
        return self.tree(SERVICE_PLANE).children

    @property
    def plane_names(self) -> list[str]:
        """The planes that have entries, IOService first."""
        return self._planes.names

    def tree(self, plane: str) -> Forest:
        """Return the tree of a plane; read only, and of this moment only."""
        return self._planes.tree(plane)

    @property
    def drivers(self) -> dict[DriverId, Driver]:
        """Drivers by id; read only."""
        return self._state.drivers

    @property
    def extensions(self) -> dict[str, Extension]:
        """Extensions by `Extension.id`; read only."""
        return self._state.extensions

    @property
    def requests(self) -> dict[RequestId, Request]:
        """Activation requests by id; read only."""
        return self._state.requests

    @property
    def status(self) -> Status | None:
        """The runtime's own record, None before the first snapshot."""
        return self._state.status

    @property
    def events(self) -> deque[Event]:
        """The last `EVENTS` events, oldest first; read only."""
        return self._state.events

    def clients_of(self, driver: Driver) -> list[Entry]:
        """Return what uses a driver now: the entries below its service in the IOService plane."""
        planes = self._state.planes
        below = planes.tree(SERVICE_PLANE).below(driver.service) if driver.service else ()
        return [planes.entries[entry] for entry in below]

    def cut(self, entry_id: int) -> frozenset[str]:
        """The keys of an entry whose values were sent in part: `ReadValue` has all of them."""
        return self._state.cut.get(entry_id, frozenset())

    def apply(self, message: StateMessage) -> Changes:
        """Apply one message and return what it changed."""
        match message:
            case SnapshotBegin():
                self._coming = _State()
                self._coming_run = message.run
                self._next = message.sequence
                return Changes()
            case Part():
                if self._coming is not None:
                    _fill(self._coming, message)
                return Changes()
            case SnapshotEnd():
                return self._finish(message)
            case Delta():
                return self._delta(message)

    @property
    def shown_run(self) -> str:
        """The run of the runtime whose registry is shown."""
        return self.run if self._past is None else self._past.run

    @property
    def values_ms(self) -> int:
        """Of a past that was thinned, when the values of its properties were so; else 0."""
        return 0 if self._past is None else self._past.values_ms

    def show_past(self, past: Past, ms: int) -> None:
        """Show the registry of an earlier moment, which is whole, asked for as `ms`."""
        self._past = past
        self.past_ms = ms

    def show_now(self) -> None:
        """Show the registry as it is."""
        self._past = None
        self.past_ms = 0

    def path(self, entry_id: int) -> str:
        """Return an entry's path in the IOService plane, else in one that it is in.

        Empty for an unknown entry.
        """
        entry = self.entries.get(entry_id)
        if entry is None:
            return ""
        elsewhere = not entry.parent and entry.places
        return self.tree(entry.places[0].plane if elsewhere else SERVICE_PLANE).path(entry_id)

    def nearest(self, path: str) -> int:
        """Return the entry at a path, else the nearest one above it, 0 for none."""
        return self.tree(path.partition(":/")[0]).nearest(path)

    def driver_of(self, entry: int) -> Driver | None:
        """Return the driver whose service, server or provider an entry is.

        A device whose interfaces have one driver stands for it; with several it does not.
        """
        drivers = [*(self.drivers if self._past is None else self._past.drivers).values()]
        for driver in drivers:
            if driver.service == entry:
                return driver
        found = self.entries.get(entry)
        if found is None or found.kind == Kind.KERNEL_DRIVER:
            return None
        for driver in drivers:
            if driver.provider == entry:
                return driver
            if found.kind == Kind.SERVER and driver.pid and driver.pid == found.pid:
                return driver
        below = {one for one in self.children.get(entry, ()) if self._is_interface(one)}
        of_interfaces = [driver for driver in drivers if driver.provider in below]
        return of_interfaces[0] if len(of_interfaces) == 1 else None

    def _is_interface(self, entry: int) -> bool:
        return self.entries[entry].cls.endswith("Interface")

    @property
    def _planes(self) -> Planes:
        return self._state.planes if self._past is None else self._past.planes

    def _finish(self, end: SnapshotEnd) -> Changes:
        if self._coming is None:
            return Changes(resync_needed=True)
        self._state, self._coming = self._coming, None
        if self.run != self._coming_run:
            self.logs.clear()
        self.run = self._coming_run
        self.more = end.more
        return Changes(reset=True)

    def _delta(self, delta: Delta) -> Changes:
        if self._coming is not None or delta.sequence != self._next:
            self._next = -1
            self._coming = None
            return Changes(resync_needed=True)
        self._next += 1
        changes = Changes(
            events=list(delta.events), lost_events=delta.lost_events, lost_logs=delta.lost_logs
        )
        self._entries(delta, changes)
        self._records(delta, changes)
        self._state.events.extend(delta.events)
        changes.logs = list(self._lines(delta.logs))
        return changes

    def _entries(self, delta: Delta, changes: Changes) -> None:
        planes = self._state.planes
        for entry in delta.entries:
            old = planes.put(entry)
            if old is None:
                changes.added.add(entry.id)
            else:
                changes.changed.add(entry.id)
                if has_moved(old, entry):
                    changes.moved.add(entry.id)
        for entry_id in delta.gone_entries:
            removed = planes.remove(entry_id)
            if removed is not None:
                changes.remove(removed)

    def _records(self, delta: Delta, changes: Changes) -> None:
        state = self._state
        state.drivers.update((driver.id, driver) for driver in delta.drivers)
        state.extensions.update((extension.id, extension) for extension in delta.extensions)
        state.requests.update((request.id, request) for request in delta.requests)
        for driver_id in delta.gone_drivers:
            state.drivers.pop(driver_id, None)
            self.logs.pop(driver_id, None)
        for extension_id in delta.gone_extensions:
            state.extensions.pop(extension_id, None)
        for request_id in delta.gone_requests:
            state.requests.pop(request_id, None)
        changes.drivers.update(driver.id for driver in delta.drivers)
        changes.drivers.update(delta.gone_drivers)
        changes.extensions.update(extension.id for extension in delta.extensions)
        changes.extensions.update(delta.gone_extensions)
        changes.requests.update(request.id for request in delta.requests)
        changes.requests.update(delta.gone_requests)
        if delta.status is not None:
            state.status = delta.status
            changes.status = True

    def _lines(self, lines: Iterable[LogLine]) -> Iterator[LogLine]:
        """Keep and yield the lines that were not there yet."""
        for line in lines:
            kept = self.logs.setdefault(line.driver, deque(maxlen=LINES))
            if not kept or kept[-1].number < line.number:
                kept.append(line)
                yield line


def _fill(state: _State, part: Part) -> None:
    for entry in part.entries:
        state.planes.put(entry)
    state.drivers.update((driver.id, driver) for driver in part.drivers)
    state.extensions.update((extension.id, extension) for extension in part.extensions)
    state.requests.update((request.id, request) for request in part.requests)
    state.events.extend(part.events)
    state.cut.update((cut.entry, frozenset(cut.keys)) for cut in part.cut)
    if part.status is not None:
        state.status = part.status
