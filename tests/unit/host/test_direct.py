"""The fast path of a USB driver, on a node whose other side is the test."""

import errno
import fcntl
import itertools
import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence

import pytest

from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.usb_node import Ended
from runtime.host import direct
from runtime.host.direct import DirectNode
from runtime.linux.usbfs import Reaped, UrbType
from runtime.model.kern_return import IOReturn
from runtime.model.usb import IsochronousFrame, TransferType

_PIPE = 4096
SECONDS = 10.0
BULK = TransferType.BULK


class Node:
    """A node in the kernel: writable exactly while a URB can be reaped."""

    def __init__(self) -> None:
        self._reading, self.fd = os.pipe2(os.O_NONBLOCK)
        fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, _PIPE)
        os.write(self.fd, bytes(_PIPE))
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._ended: deque[Reaped] = deque()
        self.queued: dict[int, bytearray | memoryview] = {}
        self.came = threading.Semaphore(0)
        self.unplugged = False

    def submit(
        self,
        _kind: UrbType,
        _endpoint: int,
        memory: bytearray | memoryview,
        packets: Sequence[int] = (),
    ) -> int:
        assert len(packets) <= 2
        if self.unplugged:
            raise OSError(errno.ENODEV, "gone")
        with self._lock:
            number = next(self._numbers)
            self.queued[number] = memory
        self.came.release()
        return number

    def end(
        self, urb: int, status: int = 0, count: int = 0, packets: tuple[tuple[int, int], ...] = ()
    ) -> None:
        """A URB has ended."""
        with self._lock:
            memory = self.queued.pop(urb)
            if not self._ended:
                os.read(self._reading, _PIPE)
            self._ended.append(Reaped(urb, status, count, memory, packets))

    def discard(self, urb: int) -> None:
        if urb in self.queued:
            self.end(urb, -errno.ENOENT)

    def reap(self) -> Reaped | None:
        with self._lock:
            if self._ended:
                reaped = self._ended.popleft()
                if not self._ended:
                    os.write(self.fd, bytes(_PIPE))
                return reaped
        if self.unplugged:
            raise OSError(errno.ENODEV, "gone")
        return None

    def close(self) -> None:
        """The kernel's end."""
        os.close(self._reading)


class Bench:
    """A driver's side and the kernel's."""

    def __init__(self, kernel: Node) -> None:
        self.kernel = kernel
        self.died: list[BaseException] = []
        self.node = DirectNode(kernel.fd, self.died.append)
        self.ended: list[tuple[str, Ended]] = []
        self.came = threading.Semaphore(0)

    def submit(self, name: str, timeout_ms: int = 0, frames: tuple[int, ...] = ()) -> int:
        """Queue one; its URB."""
        before = set(self.kernel.queued)

        def done(ended: Ended) -> None:
            self.ended.append((name, ended))
            self.came.release()

        self.node.submit(BULK, 0x81, bytearray(8), done, timeout_ms, frames)
        (urb,) = set(self.kernel.queued) - before
        return urb

    def until(self, count: int) -> list[tuple[str, IOReturn]]:
        """Wait until so many more have ended; all that have."""
        for _ in range(count):
            assert self.came.acquire(timeout=SECONDS)
        return [(name, IOReturn(ended.status)) for name, ended in self.ended]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A node that nobody has used."""
    kernel = Node()
    monkeypatch.setattr(direct, "Usbfs", lambda _fd: kernel)
    made = Bench(kernel)
    yield made
    made.node.close()
    for thread in threading.enumerate():
        if thread.name == "USB":
            thread.join(SECONDS)
    kernel.close()
    assert not made.died


def test_asynchronous_transfers_end_in_their_order(bench: Bench) -> None:
    urbs = [bench.submit(name) for name in "abc"]
    for urb in urbs:
        bench.kernel.end(urb, count=8)
    assert bench.until(3) == [(name, IOReturn.SUCCESS) for name in "abc"]
    assert bench.ended[0][1].count == 8


def test_an_abort_ends_them_before_it_returns(bench: Bench) -> None:
    for name in "abc":
        bench.submit(name)
    bench.node.abort(0x02)
    assert not bench.ended, "those of another endpoint"
    bench.node.abort(0x81)
    assert bench.until(3) == [(name, IOReturn.ABORTED) for name in "abc"]


def test_one_that_is_too_late(bench: Bench) -> None:
    bench.submit("late", timeout_ms=1)
    assert bench.until(1) == [("late", IOReturn.USB_TRANSACTION_TIMEOUT)]
    ended = bench.node.transfer(BULK, 0x81, bytearray(8), 1)
    assert ended.status == IOReturn.USB_TRANSACTION_TIMEOUT


def test_who_waits_is_served_beside_what_does_not(bench: Bench) -> None:
    """The thread that reaps may take another one's transfer; it tells."""
    asynchronous = bench.submit("a")
    found: list[Ended] = []
    waiting = threading.Thread(
        target=lambda: found.append(bench.node.transfer(BULK, 0x02, bytearray(b"sent"), 0))
    )
    bench.kernel.came.acquire()
    waiting.start()
    assert bench.kernel.came.acquire(timeout=SECONDS)
    (urb,) = set(bench.kernel.queued) - {asynchronous}
    bench.kernel.end(urb, count=4)
    waiting.join(SECONDS)
    assert [(each.status, each.count) for each in found] == [(0, 4)]
    bench.kernel.end(asynchronous)
    assert bench.until(1) == [("a", IOReturn.SUCCESS)]


def test_frames(bench: Bench) -> None:
    urb = bench.submit("f", frames=(4, 4))
    bench.kernel.end(urb, packets=((0, 4), (-errno.EXDEV, 1)))
    bench.until(1)
    ended = bench.ended[0][1]
    assert ended.count == 5
    assert ended.frames == (IsochronousFrame(0, 4), IsochronousFrame(IOReturn.UNDERRUN, 1))


def test_an_unplugged_device(bench: Bench) -> None:
    urb = bench.submit("a")
    bench.kernel.unplugged = True
    bench.kernel.end(urb, -errno.ESHUTDOWN)
    assert bench.until(1) == [("a", IOReturn.ABORTED)]
    with pytest.raises(IOReturnError) as gone:
        bench.node.transfer(BULK, 0x81, bytearray(8), 0)
    assert gone.value.code == IOReturn.NO_DEVICE


def test_a_lost_provider_ends_all(bench: Bench) -> None:
    for name in "ab":
        bench.submit(name)
    bench.node.close(IOReturn.OFFLINE)
    assert bench.until(2) == [("a", IOReturn.OFFLINE), ("b", IOReturn.OFFLINE)]
    with pytest.raises(IOReturnError) as offline:
        bench.node.submit(BULK, 0x81, bytearray(8), lambda _ended: None)
    assert offline.value.code == IOReturn.OFFLINE
