"""`IODataQueueDispatchSource`: entries from a driver to its client or back, in shared memory.

    samples = IODataQueueDispatchSource.Create(1 << 20, self.CopyDispatchQueue())
    ...
    samples.Enqueue(data)          # the client takes it, without a call to this process

The side that first enqueues is the producer, the side that first dequeues the consumer.
Source: DriverKit's IODataQueueDispatchSource.iig; the blocks that fill and read an entry are the
data itself and a function of it.
Invariant: whatever the client writes into the memory, at most this queue is of no more use.
"""

from collections.abc import Callable
from typing import ClassVar, TypeVar

from runtime.driverkit.action import CallbackType, OSAction
from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnBadArgument,
    kIOReturnError,
    kIOReturnNoMemory,
    kIOReturnNotPermitted,
    kIOReturnOverrun,
    kIOReturnUnderrun,
)
from runtime.driverkit.sources import IODispatchSource
from runtime.driverkit.transport import DataQueue, process
from runtime.model.errors import BreachError
from runtime.wire.limits import MEMORY
from runtime.wire.ring import ENTRY_HEADER

T = TypeVar("T")

_LARGEST = MEMORY // 2


class IODataQueueDispatchSource(IODispatchSource):
    """A queue of entries in memory that is shared with one client."""

    DataAvailable: ClassVar[CallbackType[[]]] = CallbackType(
        "IODataQueueDispatchSource::DataAvailable"
    )
    """`(action)`: the queue was empty, and is not any more."""

    DataServiced: ClassVar[CallbackType[[]]] = CallbackType(
        "IODataQueueDispatchSource::DataServiced"
    )
    """`(action)`: an `Enqueue` found no room, and there is some now."""

    def __init__(self, queue: IODispatchQueue, shared: DataQueue) -> None:
        super().__init__(queue)
        self._shared = shared
        self._available: OSAction | None = None
        self._serviced: OSAction | None = None
        process().sources().watch(shared.fileno(), self._woken)

    @staticmethod
    def Create(queueByteCount: int, queue: IODispatchQueue) -> "IODataQueueDispatchSource":
        """A queue with room for `queueByteCount` bytes of entries (64 to 8,388,608).

        One entry takes 8 bytes more than it has, and at most half of the queue.

        Raises:
            IOReturnError: kIOReturnBadArgument, kIOReturnNoMemory.
        """
        if not 64 <= queueByteCount <= _LARGEST:
            raise IOReturnError(
                kIOReturnBadArgument,
                f"queue: expected 64 to {_LARGEST} bytes, found {queueByteCount}",
            )
        try:
            shared = process().create_data_queue(queueByteCount)
        except OSError as error:
            raise IOReturnError(kIOReturnNoMemory, f"queue: {error.strerror}") from error
        return IODataQueueDispatchSource(queue, shared)

    def SetDataAvailableHandler(self, action: OSAction) -> None:
        """As consumer: call this action of type `DataAvailable`.

        Raises:
            IOReturnError: kIOReturnBadArgument, it is of another type.
        """
        action.expect(self.DataAvailable, "SetDataAvailableHandler")
        self._available = action

    def SetDataServicedHandler(self, action: OSAction) -> None:
        """As producer: call this action of type `DataServiced`.

        Raises:
            IOReturnError: kIOReturnBadArgument, it is of another type.
        """
        action.expect(self.DataServiced, "SetDataServicedHandler")
        self._serviced = action

    # --- as producer ---------------------------------------------------------------------------

    def CanEnqueueData(self, dataSize: int, dataCount: int = 1) -> None:
        """Say whether `dataCount` entries of `dataSize` bytes each have room now.

        Raises:
            IOReturnError: kIOReturnOverrun, they have not (`DataServiced` follows when there is
                more room); else as `Enqueue`.
        """
        self._alive()
        try:
            room = self._shared.has_room(dataSize, dataCount)
        except BreachError as error:
            raise IOReturnError(kIOReturnError, str(error)) from error
        if not room:
            raise IOReturnError(
                kIOReturnOverrun, f"queue: no room for {dataCount} of {dataSize} bytes"
            )

    @staticmethod
    def GetDataQueueEntryHeaderSize() -> int:
        """Bytes that an entry takes besides its data."""
        return ENTRY_HEADER

    def Enqueue(self, data: bytes | bytearray | memoryview) -> None:
        """Copy an entry into the queue, and wake the consumer if that may wait.

        Raises:
            IOReturnError: kIOReturnOverrun, no room (`DataServiced` follows); kIOReturnError, the
                client has spoilt the queue; kIOReturnBadArgument, the entry is too large;
                kIOReturnAborted after `Cancel`.
        """
        self._put(data, wake=True)

    def EnqueueWithCoalesce(self, data: bytes | bytearray | memoryview) -> bool:
        """`Enqueue` without waking; whether `SendDataAvailable` is due after the last."""
        return self._put(data, wake=False)

    def SendDataAvailable(self) -> None:
        """Wake the consumer, after `EnqueueWithCoalesce` said so."""
        self._shared.wake()

    # --- as consumer ---------------------------------------------------------------------------

    def IsDataAvailable(self) -> bool:
        """Whether there is an entry to dequeue."""
        return self._entry() is not None

    def Peek(self, read: Callable[[memoryview], T]) -> T:
        """Call `read` with the next entry in place, which stays; its result.

        The client can change the bytes meanwhile: copy what is to be judged.

        Raises:
            IOReturnError: kIOReturnUnderrun, it is empty; kIOReturnError, it is spoilt;
                kIOReturnAborted after `Cancel`.
        """
        entry = self._entry()
        if entry is None:
            raise IOReturnError(kIOReturnUnderrun, "queue: expected an entry, found none")
        with entry:
            return read(entry)

    def Dequeue(self, read: Callable[[memoryview], T]) -> T:
        """`Peek`, and take the entry out; ``Dequeue(bytes)`` is a copy of it.

        Raises:
            IOReturnError: As `Peek`.
        """
        result = self.Peek(read)
        self._shared.drop()
        return result

    def DequeueWithCoalesce(self, read: Callable[[memoryview], T]) -> tuple[T, bool]:
        """`Dequeue` without waking; and whether `SendDataServiced` is due after the last."""
        result = self.Peek(read)
        return result, self._shared.drop(wake=False)

    def SendDataServiced(self) -> None:
        """Wake the producer, after `DequeueWithCoalesce` said so."""
        self._shared.wake()

    # --------------------------------------------------------------------------------------------

    def share(self) -> tuple[int, int]:
        """What a client needs, once: descriptors of the memory and of its end of the socket.

        Raises:
            IOReturnError: kIOReturnNotPermitted, a client has it.
        """
        try:
            return self._shared.share()
        except ValueError as error:
            raise IOReturnError(kIOReturnNotPermitted, str(error)) from error

    def _put(self, data: bytes | bytearray | memoryview, *, wake: bool) -> bool:
        self._alive()
        try:
            waits = self._shared.put(data, wake=wake)
        except ValueError as error:
            raise IOReturnError(kIOReturnBadArgument, str(error)) from error
        except BreachError as error:
            raise IOReturnError(kIOReturnError, str(error)) from error
        if waits is None:
            raise IOReturnError(kIOReturnOverrun, "queue: expected room for an entry, found none")
        return waits

    def _entry(self) -> memoryview | None:
        self._alive()
        try:
            return self._shared.peek()
        except BreachError as error:
            raise IOReturnError(kIOReturnError, str(error)) from error

    def _release(self) -> None:
        if self._shared.fileno() >= 0:
            process().sources().unwatch(self._shared.fileno())
            self._shared.close()

    def _woken(self) -> None:
        if not self._shared.settle():
            process().sources().unwatch(self._shared.fileno())  # the client is gone
        handler = self._available if self._shared.consumes else self._serviced
        if handler is not None:
            self._deliver(handler)
