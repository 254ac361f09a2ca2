"""The Default queue waits itself for what its work is about: a program's socket, say."""

import functools
import os
import socket
import threading
import time
from collections.abc import Iterator

import msgspec
import pytest

from runtime.driverkit import transport
from runtime.host.connection import Connection
from runtime.host.queues import DefaultQueue
from runtime.linux.sockets import receive_packet, send_packet, seqpacket_pair
from runtime.wire import codec, driver, limits, methods
from tests.unit.driverkit.process import FakeProcess
from tests.unit.host.engine import SECONDS

SERVICE = 7
NOTHING = msgspec.Raw(codec.encode({}))


class Around:
    """A runtime and a provider that say what a test has them say, and the queue in a thread."""

    def __init__(self, *, shared: bool) -> None:
        self.control, theirs = seqpacket_pair()
        self.provider, theirs_too = seqpacket_pair()
        self.left: list[int] = []
        self.died: list[BaseException] = []
        self.attached = threading.Event()
        self.connection = Connection(theirs, self.left.append)
        self.queue = DefaultQueue(self.connection, self.connection.inbox)
        serve = functools.partial(self.queue.serve, self._take, self.died.append)
        self._thread = threading.Thread(target=serve)
        self._thread.start()
        self.say(driver.Hello(limits.DRIVER_VERSION))
        self.say(driver.Load("bundle", "Module", shared=shared), self.control.fileno())
        attach = driver.Attach(SERVICE, 8, "Class", "name", NOTHING, NOTHING, "Driver")
        with theirs_too:
            self.say(attach, theirs_too.fileno())
        assert self.attached.wait(SECONDS)
        self._theirs = theirs

    def say(self, message: object, *descriptors: int) -> None:
        send_packet(self.control, codec.encode(message), descriptors)

    def ask(self) -> tuple[threading.Thread, driver.Call]:
        """Call the provider from a thread of its own; the call, which waits for its reply."""
        call = methods.CopyPipe(0x81)
        thread = threading.Thread(target=self.connection.call, args=(SERVICE, 0, call))
        thread.start()
        packet, _ = receive_packet(self.provider)
        return thread, msgspec.msgpack.decode(packet, type=driver.Call)

    def answer(self, call: driver.Call) -> None:
        send_packet(self.provider, codec.encode(driver.Reply(call.number, codec.raw(1))))

    def close(self) -> None:
        self.queue.post("end", self.queue.end)
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
        line = self.connection._services[SERVICE]
        assert line.provider is not None
        for sock in (self.control, self.provider, self._theirs, line.provider):
            sock.close()  # the end of a driver's process closes its ends
        os.close(self.connection._lines._wake)
        assert (self.died, self.left) == ([], [])

    def _take(self, packet: object) -> None:
        if isinstance(packet, driver.Load):
            os.close(self.connection.take_bundle())
        if isinstance(packet, driver.Attach):
            self.attached.set()


class Program:
    """Sends, and is heard on a queue."""

    def __init__(self, queue: DefaultQueue) -> None:
        self.ours, self._theirs = socket.socketpair()
        self.heard: list[int] = []
        self._came = threading.Semaphore(0)
        self._queue = queue

    def listen(self) -> None:
        self._queue.watch(self._theirs.fileno(), self._ready)

    def send(self) -> None:
        """Send, and wait until the queue has it."""
        self.ours.send(b"x")
        assert self._came.acquire(timeout=SECONDS)

    def close(self) -> None:
        self._queue.unwatch(self._theirs.fileno())
        self.ours.close()
        self._theirs.close()

    def _ready(self) -> None:
        self._queue.post("heard", self._hear)

    def _hear(self) -> None:
        assert self._queue.OnQueue()
        assert self._theirs.recv(1) == b"x"
        self.heard.append(threading.get_ident())
        self.listen()
        self._came.release()


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProcess]:
    made = FakeProcess()
    monkeypatch.setattr(transport, "_attached", [made])
    yield made
    made.close()


@pytest.fixture(params=[False, True], ids=["alone", "shared"])
def around(request: pytest.FixtureRequest, process: FakeProcess) -> Iterator[Around]:
    made = Around(shared=request.param)
    yield made
    made.close()


@pytest.fixture
def program(around: Around) -> Iterator[Program]:
    made = Program(around.queue)
    made.listen()  # from a thread that is not the queue's, which waits already
    yield made
    made.close()


def test_what_comes_is_heard_again_and_again(around: Around, program: Program) -> None:
    for _ in range(5):
        program.send()
    assert set(program.heard) == {around._thread.ident}


def test_a_thread_that_waits_for_its_reply_does_not_deafen_the_queue(
    around: Around, program: Program
) -> None:
    busy, asked, done = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        busy.set()
        assert asked.wait(SECONDS)
        done.set()

    around.queue.post("work", work)
    assert busy.wait(SECONDS)
    asking, call = around.ask()
    until = time.monotonic() + SECONDS
    while not around.connection._reading:  # the queue does not, as it is busy
        assert time.monotonic() < until
        time.sleep(0.001)
    asked.set()
    assert done.wait(SECONDS)
    for _ in range(3):
        program.send()
    around.answer(call)
    asking.join(SECONDS)
    assert not asking.is_alive()
    program.send()


def test_what_is_watched_no_more_is_not_heard(around: Around, program: Program) -> None:
    program.send()
    around.queue.DispatchSync(lambda: around.queue.unwatch(program._theirs.fileno()))
    program.ours.send(b"x")
    around.queue.DispatchSync(lambda: None)
    assert len(program.heard) == 1
