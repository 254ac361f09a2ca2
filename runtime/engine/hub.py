"""What leaves the runtime: every change of state, event and log line, to every subscriber.

Runs in the event loop.
Invariant: knows what is, never decides what should be.
"""

import time
from collections.abc import Iterable, Iterator

import msgspec

from runtime.engine.connection import ClientConnection
from runtime.engine.outbox import Outbox, Source
from runtime.model.entry import Entry
from runtime.model.events import Detail, Event
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import DriverId, EntryId
from runtime.model.records import Driver, Extension, LogLine, Request, Status
from runtime.registry.history import History
from runtime.registry.journal import Journal
from runtime.registry.tree import Change, Changed, Registry
from runtime.wire.commands.registry import Topic

NO_DRIVER = DriverId(0)
RECENT_EVENTS = 1000  # of the journal, that a new subscriber is shown


class Hub:
    """The present records, and who is told of their changes."""

    def __init__(
        self, status: Status, journal: Journal, history: History, *, socket_approval: bool
    ) -> None:
        self._status = status
        self._journal = journal
        self._history = history
        self._socket_approval = socket_approval
        self._connections: set[ClientConnection] = set()
        self._left: set[ClientConnection] = set()  # with commands that go on
        self._registry: Registry | None = None
        self.source = Source(status.run, self._entry)
        self.source.entry_ids = self._entry_ids
        self.source.events = lambda: journal.recent(RECENT_EVENTS)

    # --- connections ---------------------------------------------------------------------------

    def connected(self, connection: ClientConnection) -> None:
        """A client came."""
        self._connections.add(connection)

    def disconnected(self, connection: ClientConnection) -> None:
        """A client went."""
        self._connections.discard(connection)
        if connection.has_commands:
            self._left.add(connection)

    def clients(self, uid: int | None = None) -> int:
        """How many clients there are, of a user or in all.

        One that left counts until all that it asked for is done.
        """
        self._left = {connection for connection in self._left if connection.has_commands}
        here = (*self._connections, *self._left)
        return sum(uid is None or connection.peer.uid == uid for connection in here)

    def connections(self) -> tuple[ClientConnection, ...]:
        """The clients of this moment."""
        return tuple(self._connections)

    def subscribe(self, connection: ClientConnection, topics: Iterable[Topic]) -> None:
        """Send a snapshot and then every change; a second subscription replaces the first."""
        connection.outbox = Outbox(self.source, topics, self.status_for(connection))
        connection.wake()

    def may_approve(self, connection: ClientConnection) -> bool:
        """Whether decisions of this client count: the window that owns the runtime's do."""
        return connection.owner or self._socket_approval

    # --- state ---------------------------------------------------------------------------------

    @property
    def status(self) -> Status:
        """The runtime's status, as nobody in particular sees it."""
        return self._status

    def status_for(self, connection: ClientConnection) -> Status:
        """The status as one client sees it."""
        return msgspec.structs.replace(self._status, may_approve=self.may_approve(connection))

    def set_status(self, **changes: object) -> None:
        """Change fields of the status."""
        changed = msgspec.structs.replace(self._status, **changes)
        if changed != self._status:
            self._status = changed
            for connection, outbox in self._subscribed():
                outbox.status_changed(self.status_for(connection))

    def note(self, text: str) -> None:
        """Add a standing condition that the user has to know."""
        if text not in self._status.notes:
            self.set_status(notes=(*self._status.notes, text))

    def withdraw(self, text: str) -> None:
        """A standing condition is over."""
        self.set_status(notes=tuple(note for note in self._status.notes if note != text))

    def use_registry(self, registry: Registry) -> None:
        """Publish this tree; called once."""
        self._registry = registry

    def registry_changed(self, change: Change) -> None:
        """Listener of the registry."""
        self._history.changed(change)
        if isinstance(change, Changed):
            if change.entry.parent == 0 and change.entry.busy != self._status.busy:
                self.set_status(busy=change.entry.busy)
            for _, outbox in self._subscribed():
                outbox.entry_changed(change.entry.id)
        else:
            for connection, outbox in self._subscribed():
                outbox.entry_gone(change.id, self.status_for(connection))

    def driver(self, record: Driver) -> None:
        """A driver's record is now this one."""
        self.source.drivers[record.id] = record
        self._history.driver(record)
        for _, outbox in self._subscribed():
            outbox.driver_changed(record.id)

    def forget_driver(self, driver: DriverId) -> None:
        """A driver is gone for good."""
        self.source.drivers.pop(driver, None)
        self._history.driver_gone(driver)
        for _, outbox in self._subscribed():
            outbox.driver_changed(driver)

    def record(self, record: Extension | Request) -> None:
        """An extension's or a request's record is now this one; removed extensions go."""
        if isinstance(record, Extension):
            if record.state is ExtensionState.REMOVED:
                self.source.extensions.pop(record.id, None)
            else:
                self.source.extensions[record.id] = record
            for _, outbox in self._subscribed():
                outbox.extension_changed(record.id)
        else:
            self.source.requests[record.id] = record
            for _, outbox in self._subscribed():
                outbox.request_changed(record.id)

    def event(
        self, detail: Detail, entry: int = 0, path: str = "", driver: DriverId = NO_DRIVER
    ) -> Event:
        """Write an event to the journal and tell everybody."""
        event = self._journal.append(
            detail, entry=entry, path=path, driver=driver, wall_ns=time.time_ns()
        )
        for _, outbox in self._subscribed():
            outbox.event(event)
        return event

    def log(self, line: LogLine) -> None:
        """Tell everybody of a log line."""
        for _, outbox in self._subscribed():
            outbox.log(line)

    def _subscribed(self) -> Iterator[tuple[ClientConnection, Outbox]]:
        for connection in self._connections:
            if connection.outbox is not None:
                yield connection, connection.outbox
                connection.wake()

    def _entry(self, entry: int) -> Entry | None:
        return self._registry.get(EntryId(entry)) if self._registry is not None else None

    def _entry_ids(self) -> Iterable[EntryId]:
        if self._registry is None:
            return ()
        return [entry.id for entry in self._registry.walk()]
