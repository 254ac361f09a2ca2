"""Registries as a client gets them: of a runtime, of a file's reader, as they are or were.

Whoever serves it, a file is parsed in its reader's confined process and nowhere else.
Invariant: what is taken is whole; an entry's parents come before it.
"""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import msgspec

from runtime.client import past
from runtime.client.blocking import Connection, connect
from runtime.client.client import Client
from runtime.client.start import open_file
from runtime.interchange.planes import planes_of
from runtime.model.entry import Entry
from runtime.model.errors import UnavailableError
from runtime.model.events import Event
from runtime.model.identity import SERVICE_PLANE
from runtime.model.records import Mode, Status
from runtime.query import moments
from runtime.query.moments import NoMomentError
from runtime.wire import client as wire
from runtime.wire.commands.registry import Subscribe, Topic

NOW = "now"
NEWS_SECONDS = 60.0  # until a source that says nothing is given up: a large file is parsed first


class Taken(msgspec.Struct, frozen=True):
    """A registry with its host's name and its moment, in nanoseconds since 1970 (0: unknown).

    `history` and `events` are its past, where that was asked for.
    """

    entries: Sequence[Entry]
    host: str = ""
    wall_ns: int = 0
    history: Sequence[Sequence[bytes]] = ()
    events: Sequence[Event] = ()

    @property
    def planes(self) -> tuple[str, ...]:
        """Those that have entries; IOService first."""
        return planes_of(self.entries)

    def plane(self, wanted: str = "") -> str:
        """The plane to show: the one that is wanted.

        Raises:
            UnavailableError: The registry has no such plane.
        """
        if wanted and wanted not in self.planes:
            known = ", ".join(self.planes)
            raise UnavailableError(
                f"plane {wanted!r}: expected one of {known}, found no such plane"
            )
        return wanted or SERVICE_PLANE


class Origin:
    """What a window shows: a runtime, or a file through a reader. One connection at a time.

    Args:
        file: The file; None: the runtime.
        at: The runtime's socket; None: this user's runtime, else the system's.
    """

    def __init__(self, file: Path | None = None, at: Path | None = None) -> None:
        self._file = file
        self._socket = at

    def called(self, name: str) -> Taken:
        """The registry of a file; where no file is called so, ours as it is, or as it was.

        Raises:
            InspectorError: One sentence why there is none.
        """
        if Path(name).exists():
            return Origin(Path(name)).present()
        if name == NOW:
            return self.present()
        with suppress(NoMomentError):
            return self.past(name)
        raise UnavailableError(f"{name}: expected a file, a time or “now”, found none of them")

    def present(self) -> Taken:
        """The registry as it is, and what happened lately."""
        with self._connected() as connection:
            return _snapshot(connection)

    def past(self, moment: str) -> Taken:
        """The registry as it was; of a file a time counts back from when the file was taken."""
        with self._connected() as connection:
            present = _snapshot(connection)
            end = datetime.fromtimestamp(present.wall_ns / 1e9).astimezone()
            at_ms = moments.milliseconds(moments.parse(moment, end))
            entries = past.moment(connection, at_ms).ordered()
            return Taken(entries, present.host, at_ms * 1_000_000)

    def since(self, moment: str) -> Taken:
        """The registry as it is, with its past from a time on."""
        with self._connected() as connection:
            present = _snapshot(connection)
            end = datetime.fromtimestamp(present.wall_ns / 1e9).astimezone()
            since_ms = moments.milliseconds(moments.parse(moment, end))
            history = past.segments(connection, since_ms)
        events = [event for event in present.events if event.wall_ns >= since_ms * 1_000_000]
        return msgspec.structs.replace(present, history=history, events=events)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        if self._file is None:
            with connect("export", self._socket) as connection:
                yield connection
            return
        sock, reader = open_file(self._file)
        with reader, Connection(Client(sock, "export")) as connection:
            yield connection


def _snapshot(connection: Connection) -> Taken:
    connection.call(Subscribe((Topic.ENTRIES, Topic.STATUS, Topic.EVENTS)))
    entries: list[Entry] = []
    events: list[Event] = []
    status: Status | None = None
    for message in connection.messages(NEWS_SECONDS):
        match message:
            case wire.SnapshotBegin():
                entries, events = [], []
            case wire.Part():
                entries += message.entries
                events += message.events
                status = message.status or status
            case wire.SnapshotEnd():
                break
    if status is not None and status.mode is Mode.FILE:
        return Taken(entries, status.user, status.taken_wall_ns, events=events)
    return Taken(entries, socket.gethostname(), time.time_ns(), events=events)
