"""A pipe's bytes through a broker played by the test: in messages, and in shared memory."""

import os
from collections.abc import Callable, Iterator

import msgspec
import pytest

from runtime.driverkit import transport
from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.usb_mediated import MediatedPath
from runtime.driverkit.usb_memory import LONG, TransferMemory
from runtime.driverkit.usb_node import Ended
from runtime.linux.shared_memory import SharedMemory
from runtime.model.kern_return import IOReturn
from runtime.wire import codec, methods
from runtime.wire.limits import TRANSFER
from tests.unit.driverkit.process import FakeProcess
from tests.unit.driverkit.test_usb_backlog import Action

PARTS = 2


class Broker(FakeProcess):
    """Keeps what it is asked; what it reads is ``r``, and what it was sent is in `sent`."""

    def __init__(self, *, shares: bool = True) -> None:
        super().__init__()
        self.memory = SharedMemory.create(PARTS * TRANSFER) if shares else None
        self.asked: list[methods.PipeIO | methods.AsyncIO] = []
        self.sent: list[bytes] = []
        self.code = IOReturn.SUCCESS
        self._done: list[Callable[[methods.Completion], None]] = []

    def close(self) -> None:
        """Let go of the memory, too."""
        super().close()
        if self.memory is not None:
            self.memory.close()

    def lent(self, _method: methods.Method) -> tuple[msgspec.Raw, int]:
        """See `Transport.lent`."""
        if self.memory is None:
            raise IOReturnError(IOReturn.NO_MEMORY)
        return codec.raw(PARTS * TRANSFER), os.dup(self.memory.fileno())

    def call(self, target: int, method: methods.Method) -> msgspec.Raw:
        """See `Transport.call`."""
        del target
        assert isinstance(method, methods.PipeIO)
        self.asked.append(method)
        self._move(method)
        if self.code:
            raise IOReturnError(self.code)
        return codec.raw(method.length.to_bytes(4, "little") if self._apart(method) else b"r")

    def begin(self, target: int, method: methods.AsyncIO) -> None:
        """See `Transport.begin`."""
        del target
        self.asked.append(method)
        self._move(method)
        if self.code:
            self._done[-1](methods.CompleteAsyncIO(self.code, 0, 7))

    def expect(self, *_told: object, **_how: object) -> int:
        """See `Transport.expect`."""
        done = _told[2]
        assert callable(done)
        self._done.append(done)
        return len(self._done)

    def end(self, number: int, status: int = 0) -> None:
        """An asynchronous one has ended."""
        method = [each for each in self.asked if isinstance(each, methods.AsyncIO)][number]
        self._done[number](methods.CompleteAsyncIO(status, method.length, 7))

    def _apart(self, method: methods.PipeIO | methods.AsyncIO) -> bool:
        return method.at is not None or bool(method.data)

    def _move(self, method: methods.PipeIO | methods.AsyncIO) -> None:
        if method.at is None:
            self.sent.append(method.data)
            return
        assert self.memory is not None
        part = self.memory.mapped[method.at : method.at + method.length]
        self.sent.append(bytes(part))
        part[:] = b"r" * method.length


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    """One that shares memory."""
    made = Broker()
    monkeypatch.setattr(transport, "_attached", [made])
    yield made
    made.close()


def path(broker: Broker, address: int) -> MediatedPath:
    return MediatedPath(broker, 1, address, TransferMemory(broker))  # type: ignore[arg-type]


def test_long_ones_lie_in_shared_memory(broker: Broker) -> None:
    out, into = path(broker, 0x02), path(broker, 0x81)
    data = memoryview(bytearray(b"w" * (TRANSFER + 5)))
    assert out.io(data, 0) == len(data)
    assert broker.sent == [b"w" * TRANSFER, b"w" * 5], "what is short goes in its message"
    assert [each.at is None for each in broker.asked] == [False, True]
    assert into.io(data[:LONG], 0) == LONG
    assert data[: LONG + 1] == b"r" * LONG + b"w"


def test_a_part_is_free_again_whatever_the_end(broker: Broker) -> None:
    out = path(broker, 0x02)
    data = memoryview(bytearray(LONG))
    ended: list[Ended] = []
    broker.code = IOReturn.USB_PIPE_STALLED
    for _ in range(PARTS + 1):
        with pytest.raises(IOReturnError):
            out.io(data, 0)
        out.queue(data, Action(), lambda end, _when: ended.append(end), 0)  # type: ignore[arg-type]
    broker.code = IOReturn.SUCCESS
    assert ended == [Ended(IOReturn.USB_PIPE_STALLED, 0)] * (PARTS + 1)
    assert all(each.at is not None for each in broker.asked)
    out.io(data, 0)
    assert broker.asked[-1].at is not None


def test_asynchronous_ones_have_a_part_each_as_long_as_there_are_any(broker: Broker) -> None:
    into = path(broker, 0x81)
    buffers = [memoryview(bytearray(LONG)) for _ in range(PARTS + 1)]
    ended: list[Ended] = []

    def queue(buffer: memoryview) -> None:
        into.queue(buffer, Action(), lambda end, _when: ended.append(end), 0)  # type: ignore[arg-type]

    for buffer in buffers:
        queue(buffer)
    places = [each.at for each in broker.asked]
    assert places[PARTS] is None, "no part was left"
    assert len(set(places)) == PARTS + 1
    broker.end(0)
    assert buffers[0] == b"r" * LONG
    assert ended == [Ended(0, LONG)]
    queue(buffers[0])
    assert broker.asked[-1].at == places[0]


def test_a_closed_pipe_takes_nothing(broker: Broker) -> None:
    out = path(broker, 0x02)
    out.close()
    with pytest.raises(IOReturnError) as refused:
        out.queue(memoryview(b"x"), Action(), lambda _end, _when: None, 0)  # type: ignore[arg-type]
    assert (refused.value.code, broker.asked) == (IOReturn.NOT_FOUND, [])


def test_a_broker_without_memory_is_sent_messages() -> None:
    broker = Broker(shares=False)
    out = path(broker, 0x02)
    for _ in range(2):
        out.io(memoryview(bytearray(b"w" * LONG)), 0)
    assert broker.sent == [b"w" * LONG] * 2
    broker.close()
