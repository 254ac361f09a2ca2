"""USBDriverKit's classes: their methods by name, and what a pipe does with a ring."""

import time
from collections.abc import Callable, Iterator

import pytest

from runtime.driverkit import (
    IOBufferMemoryDescriptor,
    IOReturnError,
    IOService,
    IOUSBHostDevice,
    IOUSBHostInterface,
    IOUSBHostPipe,
    OSAction,
    callback,
)
from runtime.driverkit.entry import Entry
from runtime.driverkit.usb_node import Ended
from runtime.model.kern_return import IOReturn
from runtime.model.usb import EndpointDescriptor
from tests.unit.driverkit.process import FakeProcess

SHARED = """GetFrameNumber GetPortStatus CreateIOBuffer CopyStringDescriptor AsyncDeviceRequest
CompleteAsyncDeviceRequest DeviceRequest AbortDeviceRequests CopyConfigurationDescriptor"""
METHODS: dict[type, str] = {
    IOUSBHostDevice: SHARED
    + """ Open Close CopyDescriptor CopyDeviceDescriptor CopyConfigurationDescriptorWithValue
    CopyCapabilityDescriptors SetConfiguration GetAddress GetSpeed Reset CreateInterfaceIterator
    CopyInterface DestroyInterfaceIterator""",
    IOUSBHostInterface: SHARED
    + """ Open Close GetInterfaceDescriptor CopyPipe SelectAlternateSetting SetIdlePolicy
    GetIdlePolicy CopyDevice""",
    IOUSBHostPipe: """GetSpeed GetDeviceAddress Abort AdjustPipe GetDescriptors SetIdlePolicy
    GetIdlePolicy ClearStall IO AsyncIO CompleteAsyncIO IsochIO CompleteAsyncIsochIO
    CreateMemoryDescriptorRing SetMemoryDescriptor AsyncIOBundled CompleteAsyncIOBundled""",
}
"""The public methods of Apple's .iig files."""

BULK_IN = EndpointDescriptor(0x81, 2, 64, 0)
SECONDS = 10.0


class Path:
    """A pipe's bytes, moved by the test."""

    def __init__(self) -> None:
        self.queued: list[tuple[memoryview, OSAction, Callable[[Ended, int], None]]] = []
        self.room = 99

    def endpoint(self) -> EndpointDescriptor:
        """See `Path`."""
        return BULK_IN

    def queue(
        self,
        memory: memoryview,
        action: OSAction,
        done: Callable[[Ended, int], None],
        _timeout_ms: int,
    ) -> None:
        """See `Path`."""
        if len(self.queued) == self.room:
            raise IOReturnError(IOReturn.NO_RESOURCES)
        self.queued.append((memory, action, done))

    def end(self, number: int, status: int = 0) -> None:
        """A transfer has ended."""
        memory, action, done = self.queued[number]
        memory[:] = bytes([number]) * len(memory)
        action.queue.post("end", lambda: done(Ended(status, len(memory)), 7))


class Reader(IOService):
    """A driver with one callback."""

    def init(self) -> bool:
        """Begin with nothing."""
        self.told: list[tuple[int, int, list[int], list[int]]] = []
        return super().init()

    @callback(IOUSBHostPipe.CompleteAsyncIOBundled)
    def BundleComplete(
        self,
        action: OSAction,
        index: int,
        count: int,
        counts: list[int],
        statuses: list[int],
    ) -> None:
        """Keep it."""
        self.told.append((index, count, counts, statuses))

    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def ReadComplete(self, action: OSAction, status: int, count: int, when: int) -> None:
        """Not of a bundle."""


class Bench:
    """A pipe with a ring of four elements of 8 bytes."""

    def __init__(self, process: FakeProcess) -> None:
        self.process = process
        self.path = Path()
        self.pipe = IOUSBHostPipe(self.path, lambda: (3, 7))  # type: ignore[arg-type]
        self.reader = Reader(Entry(1, "Reader", transport=process))  # type: ignore[arg-type]
        self.reader.init()
        self.action = self.reader.CreateAction(self.reader.BundleComplete)
        self.memory = [IOBufferMemoryDescriptor.Create(8) for _ in range(4)]

    def fill(self) -> None:
        """Make the ring."""
        self.pipe.CreateMemoryDescriptorRing(4)
        for index, memory in enumerate(self.memory):
            self.pipe.SetMemoryDescriptor(memory, index)

    def close(self) -> None:
        """Let go of the memory."""
        self.memory.clear()
        self.path.queued.clear()
        del self.pipe

    def until_told(self) -> tuple[int, int, list[int], list[int]]:
        """The next completion."""
        deadline = time.monotonic() + SECONDS
        while not self.reader.told:
            assert time.monotonic() < deadline
            self.process.default_queue().DispatchSync(lambda: None)
        return self.reader.told.pop()


@pytest.fixture
def bench(process: FakeProcess) -> Iterator[Bench]:
    """A pipe that nobody has used."""
    made = Bench(process)
    yield made
    made.close()


@pytest.mark.parametrize("cls", METHODS)
def test_every_method_by_name(cls: type) -> None:
    assert [name for name in METHODS[cls].split() if not hasattr(cls, name)] == []


def test_a_bundle_goes_around_the_ring_and_completes_once(bench: Bench) -> None:
    bench.fill()
    assert bench.pipe.AsyncIOBundled(3, [8, 4], bench.action) == 2
    bench.path.end(0)
    bench.path.end(1, IOReturn.ABORTED)
    assert bench.until_told() == (3, 2, [8, 4], [0, IOReturn.ABORTED])
    assert bytes(bench.memory[3]) == bytes(8)
    assert bytes(bench.memory[0]) == b"\1\1\1\1\0\0\0\0"
    assert not bench.reader.told


def test_what_the_pipe_refuses_is_not_accepted(bench: Bench) -> None:
    bench.fill()
    bench.path.room = 2
    assert bench.pipe.AsyncIOBundled(0, [8, 8, 8], bench.action) == 2
    bench.path.end(0)
    bench.path.end(1)
    assert bench.until_told() == (0, 2, [8, 8], [0, 0])
    with pytest.raises(IOReturnError) as full:
        bench.pipe.AsyncIOBundled(0, [8], bench.action)
    assert full.value.code == IOReturn.NO_RESOURCES


@pytest.mark.parametrize(
    ("index", "lengths"), [(4, [8]), (-1, [8]), (0, []), (0, [8] * 5), (0, [9]), (0, [-1])]
)
def test_a_bundle_that_does_not_fit(bench: Bench, index: int, lengths: list[int]) -> None:
    bench.fill()
    with pytest.raises(IOReturnError) as refused:
        bench.pipe.AsyncIOBundled(index, lengths, bench.action)
    assert refused.value.code == IOReturn.BAD_ARGUMENT
    assert not bench.path.queued


def test_a_ring_comes_first_and_once(bench: Bench) -> None:
    codes = []
    for call in (
        lambda: bench.pipe.AsyncIOBundled(0, [8], bench.action),
        lambda: bench.pipe.SetMemoryDescriptor(bench.memory[0], 0),
        lambda: bench.pipe.CreateMemoryDescriptorRing(0),
        lambda: bench.pipe.CreateMemoryDescriptorRing(4),
        lambda: bench.pipe.CreateMemoryDescriptorRing(4),
        lambda: bench.pipe.AsyncIOBundled(0, [8], bench.action),
        lambda: bench.pipe.SetMemoryDescriptor(bench.memory[0], 4),
    ):
        try:
            call()
        except IOReturnError as error:
            codes.append(error.code)
        else:
            codes.append(0)
    ready, bad = IOReturn.NOT_READY, IOReturn.BAD_ARGUMENT
    assert codes == [ready, ready, bad, 0, IOReturn.STILL_OPEN, ready, bad]


def test_an_action_of_another_type(bench: Bench) -> None:
    bench.fill()
    with pytest.raises(IOReturnError) as refused:
        bench.pipe.AsyncIOBundled(0, [8], bench.reader.CreateAction(bench.reader.ReadComplete))
    assert refused.value.code == IOReturn.BAD_ARGUMENT


def test_what_linux_has_not_is_refused_in_words(bench: Bench) -> None:
    bench.pipe.AdjustPipe(BULK_IN)
    bench.pipe.SetIdlePolicy(0)
    assert bench.pipe.GetIdlePolicy() == 0
    interface = IOUSBHostInterface(Entry(1, "Interface", transport=bench.process))  # type: ignore[arg-type]
    assert interface.GetIdlePolicy() == 0
    for call in (
        lambda: bench.pipe.AdjustPipe(EndpointDescriptor(0x81, 2, 32, 0)),
        lambda: bench.pipe.SetIdlePolicy(100),
        lambda: interface.SetIdlePolicy(100),
        interface.GetFrameNumber,
    ):
        with pytest.raises(IOReturnError, match="expected") as refused:
            call()
        assert refused.value.code == IOReturn.UNSUPPORTED
