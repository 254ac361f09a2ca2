"""Drivers at a nub: served, refused, let go, and whether they ended in order."""

import socket
import threading
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import pytest

from runtime.driverkit import (
    CallbackType,
    IOBufferMemoryDescriptor,
    IOMemoryDescriptor,
    IOService,
    OSAction,
    remote,
    transport,
)
from runtime.driverkit.entry import Entry
from runtime.host.nubs import Nubs
from runtime.linux.shared_memory import SharedMemory
from runtime.linux.sockets import receive_packet, send_packet, seqpacket_pair
from runtime.model.kern_return import IOReturn
from runtime.wire import codec, driver, methods, service
from tests.unit.driverkit.process import FakeProcess

_decode: codec.Decoder[driver.FromProvider] = codec.Decoder(driver.FromProvider, "packet of a nub")


class Meter(IOService):
    """A nub that remembers its client's end."""

    Measured: ClassVar[CallbackType[[int]]] = CallbackType("Meter::Measured", value=int)

    def __init__(self, entry: Entry) -> None:
        super().__init__(entry)
        self.crashed: list[str] = []
        self.aborted = threading.Event()
        self.stopped = 0

    @remote
    def Double(self, value: int) -> int:  # noqa: N802 - as DriverKit's methods are named
        return 2 * value

    @remote
    def Samples(self) -> IOMemoryDescriptor:  # noqa: N802 - as above
        self.memory = IOBufferMemoryDescriptor.Create(4096)
        return self.memory.CreateSubMemoryDescriptor(16, 8)

    @remote
    def Subscribe(self, action: Annotated[OSAction, Measured]) -> None:  # noqa: N802 - as above
        action.SetAbortedHandler(self.aborted.set)
        self.Measured(action, 7)
        self.Measured(action, 8)

    def ClientCrashed(self, client: IOService, options: int) -> None:  # noqa: N802 - DriverKit's name
        assert options == 0
        self.crashed.append(client.GetName())

    def Stop(self, provider: IOService) -> None:  # noqa: N802 - DriverKit's name
        super().Stop(provider)
        self.stopped += 1


class Client:
    """The other end of one client's socket."""

    def __init__(self, nubs: Nubs, entry: int = 2) -> None:
        self.sock, theirs = seqpacket_pair()
        self.sock.settimeout(10)
        nubs.serve(service.ServeClient(entry, 9, "Reader"), theirs)

    def say(self, message: object) -> None:
        send_packet(self.sock, message if isinstance(message, bytes) else codec.encode(message))

    def invoke(self, name: str, *arguments: object) -> Any:
        self.say(driver.Call(1, 0, service.Invoke(name, codec.raw(arguments))))
        return self.hear()

    def hear(self) -> Any:
        """The next packet; None: the end."""
        try:
            packet, _ = receive_packet(self.sock)
        except ConnectionResetError:
            packet = b""
        return _decode(packet) if packet else None


class Bench:
    """A service with a nub."""

    def __init__(self, process: FakeProcess) -> None:
        role: Any = process
        own = IOService(Entry(1, "Driver"))
        self.meter = Meter(Entry(2, "Meter", provider=own))
        self.nubs = Nubs(own, role)
        self.nubs.add(self.meter)
        self.process = process

    def settle(self) -> None:
        """Until the queue has done what it was given, and what that gave it."""
        for _ in range(2):
            self.meter.CopyDispatchQueue().DispatchSync(lambda: None)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    process = FakeProcess()
    monkeypatch.setattr(transport, "_attached", [process])
    made = Bench(process)
    yield made
    made.nubs.close()
    process.close()


def test_memory_that_a_nub_answers_with_goes_beside_the_answer(bench: Bench) -> None:
    client = Client(bench.nubs)
    with client.sock:
        client.say(driver.Call(1, 0, service.Invoke("Samples", codec.raw(()))))
        packet, (descriptor,) = receive_packet(client.sock, max_fds=1)
        assert _decode(packet) == driver.Reply(1, codec.raw((16, 8)))
        theirs = SharedMemory.adopt(descriptor)
        bench.meter.memory.GetAddressRange()[16:24] = b"measured"
        assert bytes(theirs.mapped[16:24]) == b"measured"
        theirs.mapped[16] = ord("M")
        assert bytes(bench.meter.memory)[16:24] == b"Measured"
        theirs.close()
    del bench.meter.memory


def test_a_client_is_answered_and_called_back(bench: Bench) -> None:
    client = Client(bench.nubs)
    with client.sock:
        assert client.invoke("Double", 21) == driver.Reply(1, codec.raw(42))
        for code, asked in (
            (IOReturn.UNSUPPORTED, ("Stop",)),
            (IOReturn.BAD_ARGUMENT, ("Double", "x")),
            (IOReturn.BAD_ARGUMENT, ("Double",)),
        ):
            refused = client.invoke(*asked)
            assert isinstance(refused, driver.Fail)
            assert refused.code == code
        first = client.invoke("Subscribe", 5)
        assert first == driver.Complete(5, service.CompleteInvoke(codec.raw([7])))
        assert client.hear() == driver.Complete(5, service.CompleteInvoke(codec.raw([8])))
        assert client.hear() == driver.Reply(1, codec.raw(None))
        client.say(driver.Goodbye())
    assert bench.meter.aborted.wait(10)
    bench.settle()
    assert bench.meter.crashed == []


@pytest.mark.parametrize("last", [None, b"noise", driver.Call(1, 0, methods.InterfaceOpen())])
def test_a_client_without_a_goodbye_has_crashed(bench: Bench, last: object) -> None:
    client = Client(bench.nubs)
    with client.sock:
        if last is None:
            client.sock.shutdown(socket.SHUT_WR)  # what is heard then is the other end's answer
        else:
            client.say(last)
        assert client.hear() is None
    bench.settle()
    assert bench.meter.crashed == ["Reader"]
    assert len(bench.process.lines) == (last is not None)


def test_a_nub_that_ends_lets_its_clients_go(bench: Bench) -> None:
    client = Client(bench.nubs)
    inner = Meter(Entry(3, "Inner", provider=bench.meter))
    bench.nubs.add(inner)
    with client.sock:
        assert bench.nubs.remove(bench.meter) == (inner, bench.meter)
        assert client.hear() is None
    late = Client(bench.nubs)
    with late.sock:
        assert late.hear() is None, "there is no such nub any more"
    assert bench.nubs.remove(bench.meter) == ()
    assert bench.meter.crashed == []


def test_nubs_stop_before_their_service(bench: Bench) -> None:
    inner = Meter(Entry(3, "Inner", provider=bench.meter))
    bench.nubs.add(inner)
    bench.nubs.close()
    assert (bench.meter.stopped, inner.stopped) == (1, 1)
    assert bench.nubs.get(2) is None
