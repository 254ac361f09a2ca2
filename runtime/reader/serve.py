"""Serves one registry file to one client: the client protocol, with a snapshot and then nothing.

Blocking, one thread. A recording's past is answered as a runtime answers it, values that the
snapshot cut, and who could drive a device; whatever else a client asks for is refused in a
sentence.
Invariant: a message is at most a frame; a value that does not fit is cut, and the status says so.
"""

import os
import select
import socket
from collections.abc import Sequence

import msgspec

from runtime.interchange.recorded import Past
from runtime.interchange.registry_file import FileEntry, RegistryFile
from runtime.model.entry import Entry, Place
from runtime.model.errors import BreachError, ProblemError
from runtime.model.events import Event
from runtime.model.identity import SERVICE_PLANE, EntryId
from runtime.model.records import Mode, Status
from runtime.reader.cutting import Cutting
from runtime.reader.explaining import Explaining
from runtime.wire import client as wire
from runtime.wire import codec, framing, limits, session
from runtime.wire.commands.registry import Explain, ReadHistory, ReadValue, Subscribe, Topic

RECEIVE_BYTES = 64 << 10
LEAVING_MS = 5000
EVENTS = 32  # a part: within a frame even when each has sentences and paths of full length


class Server:
    """The reader's side of its one connection.

    Args:
        channel: A connected stream socket; stays the caller's.
        name: What the file is called.
        aliases: This machine's kernel aliases, as `modules.alias` spells them.
    """

    def __init__(self, channel: socket.socket, name: str, aliases: str = "") -> None:
        self._channel = channel
        self._name = name
        self._session = session.runtime_of_client()
        self._cutting = Cutting()
        self._past: Past | None = None
        self._aliases = aliases
        self._explaining: Explaining | None = None
        channel.setblocking(True)

    def greet(self) -> None:
        """Say hello.

        Raises:
            ConnectionError: The client went away.
        """
        self._send(wire.Hello(limits.CLIENT_VERSION, "reader"))

    def serve(self, file: RegistryFile) -> None:
        """Answer until the client leaves.

        Raises:
            BreachError: It broke the protocol.
            ConnectionError: It went away while something was sent.
        """
        frames = framing.FrameReader()
        while data := self._channel.recv(RECEIVE_BYTES):
            for payload in frames.feed(data):
                message = self._session.receive(payload)
                if isinstance(message, wire.Goodbye):
                    return
                if isinstance(message, wire.Ask):
                    self._answer(message, file)

    def leave(self, reason: str) -> None:
        """Say why nothing will come, as far as the client still listens, and wait until it went.

        A socket that is closed while the client's bytes wait in it takes the last words along.
        """
        try:
            self._send(wire.Goodbye(reason[:4096]))
            self._channel.shutdown(socket.SHUT_WR)
            poll = select.poll()
            poll.register(self._channel, select.POLLIN)
            while poll.poll(LEAVING_MS) and self._channel.recv(RECEIVE_BYTES):
                continue
        except OSError:
            return

    def _answer(self, ask: wire.Ask, file: RegistryFile) -> None:
        match ask.command:
            case Subscribe(topics=topics):
                self._send(wire.Answer(ask.number, codec.raw(None)))
                self._snapshot(topics, file)
            case ReadHistory():
                self._history(ask.number, ask.command, file)
            case ReadValue():
                self._value(ask.number, ask.command)
            case Explain(entry=entry):
                self._explain(ask.number, entry, file)
            case _:
                text = f"{self._name}: expected a running system for this, found a file"
                self._send(wire.Refusal(ask.number, "read-only", text))

    def _history(self, number: int, asked: ReadHistory, file: RegistryFile) -> None:
        try:
            self._past = self._past or Past(file.history)
            page = self._past.page(asked.at_ms, asked.segment, asked.after)
        except ProblemError as error:
            self._send(wire.Refusal(number, error.code, f"{self._name}: {error}"))
        except BreachError as error:
            self._send(wire.Refusal(number, "failed", f"{self._name}: {error}"))
        else:
            self._send(wire.Answer(number, codec.raw(page)))

    def _value(self, number: int, asked: ReadValue) -> None:
        try:
            page = self._cutting.page(asked)
        except ProblemError as error:
            self._send(wire.Refusal(number, error.code, f"{self._name}: {error}"))
        else:
            self._send(wire.Answer(number, codec.raw(page)))

    def _explain(self, number: int, entry: EntryId, file: RegistryFile) -> None:
        self._explaining = self._explaining or Explaining(file.entries, self._aliases)
        try:
            self._send(wire.Answer(number, codec.raw(self._explaining.entry(entry))))
        except ProblemError as error:
            self._send(wire.Refusal(number, error.code, f"{self._name}: {error}"))
        except BreachError as error:  # a driver's name of a megabyte
            self._send(wire.Refusal(number, "failed", str(error)))

    def _snapshot(self, topics: tuple[Topic, ...], file: RegistryFile) -> None:
        self._send(wire.SnapshotBegin(1, os.urandom(8).hex()))
        if Topic.ENTRIES in topics:
            self._entries(file)
        if Topic.STATUS in topics:
            self._send(wire.Part(status=self._status(file)))
        if Topic.EVENTS in topics:
            self._events(file.events[-limits.WAITING_EVENTS :])
        self._send(wire.SnapshotEnd(more=False))

    def _events(self, events: Sequence[Event]) -> None:
        for begin in range(0, len(events), EVENTS):
            self._send(wire.Part(events=tuple(events[begin : begin + EVENTS])))

    def _entries(self, file: RegistryFile) -> None:
        waiting: list[Entry] = []
        cut: list[wire.Cut] = []
        size = 0
        for entry in file.entries:
            raw, keys = self._cutting.fit(entry, file.warnings)
            waiting.append(self._shown(entry, raw))
            if keys:
                cut.append(wire.Cut(entry.id, keys))
            size += len(memoryview(raw)) + 256
            if size >= limits.PART:
                self._send(wire.Part(entries=tuple(waiting), cut=tuple(cut)))
                waiting.clear()
                cut.clear()
                size = 0
        self._send(wire.Part(entries=tuple(waiting), cut=tuple(cut)))

    def _shown(self, entry: FileEntry, raw: msgspec.Raw) -> Entry:
        fields = {name: getattr(entry, name) for name in Entry.__struct_fields__}
        if entry.plane != SERVICE_PLANE:
            fields["parent"] = 0
        return Entry(**{**fields, "props": raw, "places": _places(entry)})

    def _status(self, file: RegistryFile) -> Status:
        notes = [f"{self._name} ({file.format}): this is a file, nothing here is live"]
        count = file.warnings.count
        if count:
            places = "1 place" if count == 1 else f"{count} places"
            notes.append(f"{places} could not be read, the first: {file.warnings.first[0]}")
        if self._cutting.count:
            count = self._cutting.count
            values = "1 value is" if count == 1 else f"{count} values are"
            notes.append(f"{values} too large to be shown at once")
        return Status(
            run="",
            mode=Mode.FILE,
            uid=os.getuid(),
            user=file.host,
            pid=os.getpid(),
            version="",
            notes=tuple(note[:1000] for note in notes),
            taken_wall_ns=file.wall_ns,
        )

    def _send(self, message: wire.ToClient) -> None:
        payload = self._session.encode(message)
        if len(payload) > limits.FRAME:
            raise BreachError(
                f"{self._name}: expected a message of at most {limits.FRAME} bytes, "
                f"found {len(payload)}"
            )
        self._channel.sendall(framing.frame(payload))


def _places(entry: FileEntry) -> tuple[Place, ...]:
    """An entry's places; where it is not in the IOService plane, with that of its parent."""
    places = entry.places[: limits.HANDLES]
    if entry.plane == SERVICE_PLANE or not entry.parent:
        return places
    return (Place(entry.plane, EntryId(entry.parent), entry.name, entry.location), *places)
