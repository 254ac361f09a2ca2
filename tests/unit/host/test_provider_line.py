"""A provider may be another extension's driver: it says what it was asked for, or is in breach."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.driverkit.kern_return import IOReturnError
from runtime.host.connection import Connection
from runtime.linux import memfd
from runtime.linux.sockets import send_packet, seqpacket_pair
from runtime.model.errors import BreachError
from runtime.wire import codec, driver, limits, methods

SERVICE = 7
NOTHING = codec.raw({})
OPEN = Path("/proc/self/fd")
ONE = codec.raw(1)
ASKS = methods.CopyPipe(0x81)
OF_THE_RUNTIME = methods.RegisterService()


class Bench:
    """The connection of a service, both of whose other ends are the test's."""

    def __init__(self) -> None:
        self.left: list[int] = []
        self.runtime, control = seqpacket_pair()
        self.provider, theirs = seqpacket_pair()
        self.connection = Connection(control, self.left.append)
        send_packet(self.runtime, codec.encode(driver.Hello(limits.DRIVER_VERSION)))
        attach = driver.Attach(SERVICE, 8, "Class", "name", NOTHING, NOTHING, "Driver")
        with theirs:
            send_packet(self.runtime, codec.encode(attach), [theirs.fileno()])
        self.read()

    def read(self) -> None:
        """Read what was said, if anything was."""
        for _ in range(4):
            self.connection.glance(self.connection.inbox)

    def say(self, message: object, *descriptors: int) -> None:
        """Have the provider say something, which waits until it is read."""
        send_packet(self.provider, codec.encode(message), descriptors)

    def call(self, method: methods.Method = ASKS) -> object:
        """Call: the numbers are 1, 2, and so on."""
        return codec.Decoder(int, "answer")(self.connection.call(SERVICE, 0, method))

    def close(self) -> None:
        with contextlib.suppress(KeyError):  # the test has
            self.connection.close(SERVICE)
        self.read()  # the line's end
        self.connection.end()
        self.runtime.close()
        self.provider.close()
        assert self.left == []


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


@pytest.fixture
def lent() -> Iterator[int]:
    """A descriptor that a provider may send."""
    descriptor = memfd.sealed("lent", b"lent")
    yield descriptor
    os.close(descriptor)


def test_a_descriptor_beside_an_answer_is_there_to_be_taken_once(bench: Bench, lent: int) -> None:
    bench.say(driver.Reply(1, ONE), lent)
    assert bench.call() == 1
    taken = bench.connection.take_node(SERVICE)
    assert memfd.read_sealed(taken) == b"lent"
    os.close(taken)
    with pytest.raises(BreachError, match="expected a descriptor beside it, found none"):
        bench.connection.take_node(SERVICE)


def test_one_that_nobody_takes_is_closed_with_the_service(bench: Bench, lent: int) -> None:
    bench.say(driver.Reply(1, ONE), lent)
    assert bench.call() == 1
    before = len(list(OPEN.iterdir()))
    bench.connection.close(SERVICE)
    assert len(list(OPEN.iterdir())) == before - 1


def test_more_than_one_that_nobody_asked_for_is_a_breach(bench: Bench, lent: int) -> None:
    bench.say(driver.Reply(1, ONE), lent)
    bench.say(driver.Reply(2, ONE), lent)
    assert bench.call() == 1
    with pytest.raises(BreachError, match="expected no descriptor beside it, found one"):
        bench.call()


@pytest.mark.parametrize(
    "message",
    [driver.Fail(1, 1, "no"), driver.Complete(1, methods.CompleteAsyncIO(0, 0, 0))],
)
def test_one_beside_anything_else_is_a_breach(bench: Bench, lent: int, message: object) -> None:
    bench.say(message, lent)
    with pytest.raises(BreachError, match="expected no descriptor beside it, found one"):
        bench.read()


def test_a_provider_does_not_answer_for_the_runtime(bench: Bench) -> None:
    bench.say(driver.Reply(1, ONE))
    with pytest.raises(BreachError, match="expected one to an open call, found number 1"):
        bench.call(OF_THE_RUNTIME)


def test_the_runtime_does_not_answer_for_a_provider(bench: Bench) -> None:
    send_packet(bench.runtime, codec.encode(driver.Reply(1, ONE)))
    with pytest.raises(BreachError, match="expected one to an open call, found number 1"):
        bench.call()


def test_a_call_that_cannot_be_sent_is_no_call_that_nobody_answers(bench: Bench) -> None:
    provider = bench.connection._services[SERVICE].provider
    assert provider is not None
    provider.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    with pytest.raises(OSError, match="Message too long"):
        bench.call(methods.DeviceRequest(0, 0, 0, 0, 1, bytes(limits.TRANSFER)))


def test_a_call_to_a_provider_that_is_gone_fails(bench: Bench) -> None:
    bench.provider.close()
    with pytest.raises(IOReturnError, match="the provider ended before it answered"):
        bench.call()
