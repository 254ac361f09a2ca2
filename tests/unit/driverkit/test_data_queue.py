"""A data queue of a driver's, with its client's side in the same process."""

import os
import socket
from collections.abc import Iterator

import pytest

from runtime.driverkit import (
    IODataQueueDispatchSource,
    IOReturnError,
    IOService,
    OSAction,
    callback,
    kIOReturnBadArgument,
    kIOReturnError,
    kIOReturnNotPermitted,
    kIOReturnOverrun,
    kIOReturnUnderrun,
)
from runtime.driverkit.entry import Entry
from runtime.linux.data_queue import DataQueue
from runtime.linux.shared_memory import SharedMemory
from tests.unit.driverkit.process import FakeProcess
from tests.unit.host.engine import Note


class Owner(IOService):
    """Notes what its queue tells."""

    def __init__(self) -> None:
        super().__init__(Entry(1, "Owner"))
        self.available, self.serviced = Note(), Note()

    @callback(IODataQueueDispatchSource.DataAvailable)
    def Available(self, action: OSAction) -> None:
        del action
        self.available()

    @callback(IODataQueueDispatchSource.DataServiced)
    def Serviced(self, action: OSAction) -> None:
        del action
        self.serviced()


@pytest.fixture
def source(process: FakeProcess) -> Iterator[IODataQueueDispatchSource]:
    made = IODataQueueDispatchSource.Create(64, process.default_queue())
    yield made
    made.Cancel()


@pytest.fixture
def client(source: IODataQueueDispatchSource) -> Iterator[DataQueue]:
    """The other side."""
    memory, end = source.share()
    made = DataQueue(SharedMemory.adopt(os.dup(memory)), socket.socket(fileno=end))
    yield made
    made.close()


def test_a_driver_s_entries_reach_its_client(
    source: IODataQueueDispatchSource, client: DataQueue
) -> None:
    owner = Owner()
    source.SetDataServicedHandler(owner.CreateAction(owner.Serviced))
    source.Enqueue(b"one")
    assert client.wait(20)
    assert client.settle()
    assert source.EnqueueWithCoalesce(b"two" * 8) is False  # it has not taken the first
    with pytest.raises(IOReturnError) as full:
        source.Enqueue(b"three" * 4)
    assert full.value.code == kIOReturnOverrun
    assert (client.take(), client.take(), client.take()) == (b"one", b"two" * 8, None)
    owner.serviced.wait()
    assert source.EnqueueWithCoalesce(b"three" * 4) is True
    source.SendDataAvailable()
    assert client.wait(20)
    assert client.take() == b"three" * 4


def test_a_client_s_entries_reach_the_driver(
    source: IODataQueueDispatchSource, client: DataQueue
) -> None:
    owner = Owner()
    source.SetDataAvailableHandler(owner.CreateAction(owner.Available))
    assert not source.IsDataAvailable()
    assert client.put(b"four") is True
    owner.available.wait()
    assert client.put(b"five") is False
    assert source.Peek(bytes) == source.Dequeue(bytes) == b"four"
    assert source.DequeueWithCoalesce(len) == (4, False)
    source.SendDataServiced()
    with pytest.raises(IOReturnError) as empty:
        source.Dequeue(bytes)
    assert empty.value.code == kIOReturnUnderrun


def test_a_spoilt_queue_is_an_error_and_not_more(
    source: IODataQueueDispatchSource, client: DataQueue
) -> None:
    assert client.put(b"six")
    memory, _ = client._memory, client  # as a client would who has it
    memory.mapped[0:8] = b"\xff" * 8
    with pytest.raises(IOReturnError) as spoilt:
        source.Dequeue(bytes)
    assert spoilt.value.code == kIOReturnError


def test_it_has_one_client(source: IODataQueueDispatchSource, client: DataQueue) -> None:
    with pytest.raises(IOReturnError) as second:
        source.share()
    assert second.value.code == kIOReturnNotPermitted


def test_sizes_are_held_to_their_bounds(
    process: FakeProcess, source: IODataQueueDispatchSource
) -> None:
    for size in (63, (8 << 20) + 1):
        with pytest.raises(IOReturnError) as caught:
            IODataQueueDispatchSource.Create(size, process.default_queue())
        assert caught.value.code == kIOReturnBadArgument
    with pytest.raises(IOReturnError) as large:
        source.Enqueue(bytes(25))
    assert large.value.code == kIOReturnBadArgument
