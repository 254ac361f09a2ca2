"""A runtime played by the test: a real socket pair that speaks the client protocol."""

import os
import socket
from collections.abc import Callable, Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from runtime.client.client import Client
from runtime.model import properties
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry, Holder, Kind
from runtime.model.identity import ROOT_ID, BundleId, ContentHash, DriverId, EntryId
from runtime.model.records import Driver, Mode, Status
from runtime.wire import client as wire
from runtime.wire import codec, framing, limits, session
from runtime.wire.commands import Command

RUN = "00112233445566ff"


def entry(number: int, parent: int, name: str, cls: str = "IOService", **more: object) -> Entry:
    """Return an entry; `number` and `parent` count from the root, which is 0 below -1."""
    above = 0 if parent < 0 else ROOT_ID + parent
    props = more.pop("props", None)
    raw = properties.encode(props) if isinstance(props, dict) else properties.NONE
    return Entry(EntryId(ROOT_ID + number), above, name, cls, props=raw, **more)  # type: ignore[arg-type]  # a test's shorthand


def sample_entries() -> tuple[Entry, ...]:
    """A root, a controller, a port, a device with two interfaces, a kernel driver, a dext."""
    return (
        entry(0, -1, "Root", "IORegistryEntry"),
        entry(1, 0, "IOResources", "IOResources"),
        entry(2, 0, "Machine", "IOPlatformExpertDevice"),
        entry(3, 2, "pci0000:00", "IOPCIBridge", kind=Kind.DEVICE),
        entry(
            4,
            3,
            "Sample Device",
            "IOUSBHostDevice",
            location="14100000",
            kind=Kind.DEVICE,
            holder=Holder.KERNEL,
            driver="usb",
            props={"idVendor": 0x1234, "USB Product Name": "Sample", "data": b"\x01\x02ab"},
        ),
        entry(
            5,
            4,
            "Interface",
            "IOUSBHostInterface",
            location="0",
            kind=Kind.DEVICE,
            holder=Holder.EXTENSION,
            driver="MyUserUSBInterfaceDriver",
            pid=2572,
        ),
        entry(
            6,
            5,
            "MyUserUSBInterfaceDriver",
            "IOUserService",
            kind=Kind.DRIVER,
            driver="org.example.sample",
            pid=2572,
        ),
        entry(7, 4, "Interface", "IOUSBHostInterface", location="1", kind=Kind.DEVICE),
    )


def sample_driver(state: DriverState = DriverState.RUNNING, pid: int = 2572) -> Driver:
    """The driver of `sample_entries`."""
    return Driver(
        DriverId(1),
        "MyUserUSBInterfaceDriver",
        BundleId("org.example.sample"),
        ContentHash("ab" * 32),
        "Sample",
        EntryId(ROOT_ID + 5),
        "IOService:/Machine/pci0000:00/Sample Device@14100000/Interface@0",
        service=ROOT_ID + 6,
        pid=pid,
        state=state,
        starts=1,
    )


def sample_status(**more: object) -> Status:
    """An embedded runtime of an ordinary user whose window may approve."""
    fields: dict[str, object] = {"may_approve": True} | more
    return Status(RUN, Mode.EMBEDDED, 1000, "ada", 4711, "0.1.0", **fields)  # type: ignore[arg-type]  # a test's shorthand


class FakeRuntime:
    """The runtime's end of a connection, driven by the test."""

    def __init__(self) -> None:
        self._sock, theirs = socket.socketpair()
        self.client = Client(theirs, "window")
        self._sock.setblocking(False)
        self._session = session.runtime_of_client()
        self._frames = framing.FrameReader()
        self.sequence = 1
        self.asked: list[wire.Ask] = []
        self.send(wire.Hello(limits.CLIENT_VERSION, "runtime"))

    def send(self, *messages: wire.ToClient) -> None:
        """Send messages; the test sends little enough for the socket."""
        frames = [framing.frame(self._session.encode(message)) for message in messages]
        self._sock.sendall(b"".join(frames))

    def snapshot(self, entries: tuple[Entry, ...] = sample_entries(), **more: object) -> None:
        """Send a whole snapshot."""
        part = wire.Part(entries=entries, **more)  # type: ignore[arg-type]  # a test's shorthand
        if part.status is None:
            part = wire.Part(
                part.entries,
                part.drivers,
                part.extensions,
                part.requests,
                sample_status(),
                part.events,
            )
        self.send(wire.SnapshotBegin(self.sequence, RUN), part, wire.SnapshotEnd())

    def delta(self, **changes: object) -> None:
        """Send a delta with the right number."""
        self.send(wire.Delta(self.sequence, **changes))  # type: ignore[arg-type]  # a test's shorthand
        self.sequence += 1

    def receive(self) -> list[wire.Ask]:
        """Return the commands that have come and were not returned yet."""
        asks: list[wire.Ask] = []
        while True:
            try:
                data = self._sock.recv(1 << 16)
            except BlockingIOError:
                break
            if not data:
                break
            for payload in self._frames.feed(data):
                message = self._session.receive(payload)
                if isinstance(message, wire.Ask):
                    asks.append(message)
        self.asked += asks
        return asks

    def commands(self) -> list[Command]:
        """Return every command that has come so far."""
        self.receive()
        return [ask.command for ask in self.asked]

    def answer(self, kind: type, result: object) -> None:
        """Answer the last command of a type."""
        self.receive()
        number = next(ask.number for ask in reversed(self.asked) if isinstance(ask.command, kind))
        self.send(wire.Answer(number, codec.raw(result)))

    def refuse(self, kind: type, code: str, text: str) -> None:
        """Refuse the last command of a type."""
        self.receive()
        number = next(ask.number for ask in reversed(self.asked) if isinstance(ask.command, kind))
        self.send(wire.Refusal(number, code, text))

    def close(self) -> None:
        """End the connection."""
        self._sock.close()


@pytest.fixture
def fake_runtime() -> Iterator[FakeRuntime]:
    """A runtime without a window yet; attach a bridge to its `client`."""
    runtime = FakeRuntime()
    yield runtime
    runtime.client.close()
    runtime.close()


@pytest.fixture
def bridge(qtbot: QtBot, fake_runtime: FakeRuntime) -> Iterator[Bridge]:
    """A bridge attached to `fake_runtime`, with the sample snapshot applied."""
    made = Bridge()
    made.attach(fake_runtime.client)
    with qtbot.waitSignal(made.reset):
        fake_runtime.snapshot(drivers=(sample_driver(),))
    yield made
    made.detach()


@pytest.fixture
def make_entry() -> Callable[..., Entry]:
    """The shorthand for entries."""
    return entry


@pytest.fixture
def make_driver() -> Callable[..., Driver]:
    """The sample's driver in another state."""
    return sample_driver
