"""USBDriverKit's `IOUSBHostPipe`: one endpoint of an open interface.

Source: USBDriverKit's IOUSBHostPipe.iig. Invariant: an I/O's buffer is the pipe's until its end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from runtime.driverkit.action import CallbackType, OSAction
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnBadArgument,
    kIOReturnNotReady,
    kIOReturnStillOpen,
    kIOReturnUnsupported,
)
from runtime.driverkit.memory import IOBufferMemoryDescriptor
from runtime.driverkit.usb_node import Ended
from runtime.driverkit.usb_paths import Path
from runtime.driverkit.usb_ring import Ring
from runtime.model.usb import EndpointDescriptor


@dataclass
class IOUSBIsochronousTransaction:
    """One frame of an isochronous transfer.

    Attributes:
        requestCount: Bytes to move.
        completeCount: Bytes that were moved; set at the end.
        status: A kern_return_t; set at the end.
    """

    requestCount: int  # noqa: N815 - DriverKit's name
    completeCount: int = 0  # noqa: N815 - DriverKit's name
    status: int = 0


class IOUSBHostPipe:
    """One endpoint of an open interface."""

    CompleteAsyncIO: ClassVar[CallbackType[[int, int, int]]] = CallbackType(
        "IOUSBHostPipe::CompleteAsyncIO",
        status=int,
        actualByteCount=int,
        completionTimestamp=int,
    )
    """`(action, status, actualByteCount, completionTimestamp)`: a kern_return_t, bytes,
    nanoseconds of the monotonic clock."""

    CompleteAsyncIsochIO: ClassVar[CallbackType[[int, int]]] = CallbackType(
        "IOUSBHostPipe::CompleteAsyncIsochIO", status=int, completionTimestamp=int
    )
    """`(action, status, completionTimestamp)`: as above; each frame tells its own end."""

    CompleteAsyncIOBundled: ClassVar[CallbackType[[int, int, list[int], list[int]]]] = CallbackType(
        "IOUSBHostPipe::CompleteAsyncIOBundled",
        ioCompletionIndex=int,
        ioCompletionCount=int,
        actualByteCountArray=list,
        statusArray=list,
    )
    """`(action, ioCompletionIndex, ioCompletionCount, actualByteCountArray, statusArray)`: of the
    ring's elements from an index on, bytes and a kern_return_t each."""

    def __init__(self, path: Path, where: Callable[[], tuple[int, int]]) -> None:
        self._path = path
        self._where = where
        self._ring: Ring | None = None

    def GetDescriptors(self) -> EndpointDescriptor:
        """The endpoint's descriptor."""
        return self._path.endpoint()

    def GetSpeed(self) -> int:
        """How fast the device's port runs, as tIOUSBHostConnectionSpeed."""
        return self._where()[0]

    def GetDeviceAddress(self) -> int:
        """The device's address on its bus."""
        return self._where()[1]

    def AsyncIO(
        self,
        dataBuffer: IOBufferMemoryDescriptor,
        dataBufferLength: int,
        completion: OSAction,
        completionTimeoutMs: int = 0,
    ) -> None:
        """Queue one transfer and return; its end calls `completion` exactly once.

        On an IN pipe the buffer holds what was read when `completion` is called, and is the
        pipe's until then. I/Os of one pipe end in the order in which they were queued.

        Args:
            dataBuffer: What to fill, or what to send.
            dataBufferLength: Bytes to move at most. Through a broker what is longer than 64 KiB
                moves in parts of that, until one is short.
            completion: An action of type `CompleteAsyncIO`.
            completionTimeoutMs: Of the transfer, or of each part; 0: none. Interrupt pipes take
                none.

        Once the device is gone, or its broker is, it completes with that error at once, and so
        does what a broker refuses, e.g. I/O of an isochronous pipe.

        Raises:
            IOReturnError: kIOReturnNotFound on a closed pipe, kIOReturnBadArgument;
                kIOReturnNoResources with more than 1,024 under way.
        """
        completion.expect(IOUSBHostPipe.CompleteAsyncIO, "AsyncIO")

        def done(ended: Ended, when_ns: int) -> None:
            completion.complete(ended.status, ended.count, when_ns)

        memory = memory_of(dataBuffer, dataBufferLength)
        self._path.queue(memory, completion, done, completionTimeoutMs)

    def IO(
        self,
        dataBuffer: IOBufferMemoryDescriptor,
        dataBufferLength: int,
        completionTimeoutMs: int = 0,
    ) -> int:
        """One transfer, waited for; the Default queue runs nothing else meanwhile.

        Returns:
            The bytes that were moved.

        Raises:
            IOReturnError: kIOReturnTimeout, kIOReturnAborted, kUSBHostReturnPipeStalled, …
        """
        return self._path.io(memory_of(dataBuffer, dataBufferLength), completionTimeoutMs)

    def IsochIO(
        self,
        dataBuffer: IOBufferMemoryDescriptor,
        transactionList: list[IOUSBIsochronousTransaction],
        firstFrameNumber: int,
        completion: OSAction,
    ) -> None:
        """Queue one isochronous transfer and return; its end calls `completion` exactly once.

        Args:
            dataBuffer: The frames' bytes one behind the other, each at the place that the
                `requestCount`s before it make.
            transactionList: At most 128 frames; each is filled in before `completion`.
            firstFrameNumber: 0: as soon as possible, which is all that Linux offers.
            completion: An action of type `CompleteAsyncIsochIO`.

        Raises:
            IOReturnError: kIOReturnBadArgument.
        """
        completion.expect(IOUSBHostPipe.CompleteAsyncIsochIO, "IsochIO")
        if firstFrameNumber:
            text = f"firstFrameNumber: expected 0, found {firstFrameNumber}"
            raise IOReturnError(kIOReturnBadArgument, text)
        frames = tuple(each.requestCount for each in transactionList)

        def done(ended: Ended, when_ns: int) -> None:
            for each, end in zip(transactionList, ended.frames, strict=False):
                each.status, each.completeCount = end.status, end.count
            completion.complete(ended.status, when_ns)

        self._path.queue_frames(memory_of(dataBuffer, sum(frames)), frames, completion, done)

    def CreateMemoryDescriptorRing(self, size: int) -> None:
        """Make the pipe's ring of `size` elements (1 to 1024) for `AsyncIOBundled`, once.

        Raises:
            IOReturnError: kIOReturnBadArgument; kIOReturnStillOpen, it has one.
        """
        if self._ring is not None:
            raise IOReturnError(kIOReturnStillOpen, "ring: expected none of this pipe, found one")
        self._ring = Ring(size)

    def SetMemoryDescriptor(self, memoryDescriptor: IOBufferMemoryDescriptor, index: int) -> None:
        """Give an element of the ring its memory, in the place of what it had.

        Raises:
            IOReturnError: kIOReturnNotReady without a ring, kIOReturnBadArgument.
        """
        self._require_ring().set(memoryDescriptor, index)

    def AsyncIOBundled(
        self,
        ioTransferIndex: int,
        dataBufferLengthArray: Sequence[int],
        completion: OSAction,
        completionTimeoutMs: int = 0,
    ) -> int:
        """Queue several transfers of a bulk pipe and return; `completion` is called once for all.

        Args:
            ioTransferIndex: The ring's first element; behind its last one comes its first again.
            dataBufferLengthArray: Bytes to move of each element, at most 16 of them.
            completion: An action of type `CompleteAsyncIOBundled`.
            completionTimeoutMs: Of each; 0: none.

        Returns:
            How many were accepted, which is what `completion` tells of.

        Raises:
            IOReturnError: kIOReturnNotReady without a ring or memory, kIOReturnBadArgument.
        """
        completion.expect(IOUSBHostPipe.CompleteAsyncIOBundled, "AsyncIOBundled")
        lengths = tuple(dataBufferLengthArray)
        ring = self._require_ring()
        return ring.queue(self._path, ioTransferIndex, lengths, completion, completionTimeoutMs)

    def AdjustPipe(self, descriptors: EndpointDescriptor) -> None:
        """Have the endpoint use other bandwidth than its descriptor says.

        Raises:
            IOReturnError: kIOReturnUnsupported: Linux uses an endpoint as the device describes it,
                so anything but its own descriptor is refused.
        """
        if descriptors != self.GetDescriptors():
            text = f"AdjustPipe: expected the endpoint's own descriptor, found {descriptors}"
            raise IOReturnError(kIOReturnUnsupported, text)

    def SetIdlePolicy(self, idleTimeoutMs: int) -> None:
        """See `IOUSBHostInterface.SetIdlePolicy`."""
        set_idle_policy(idleTimeoutMs)

    def GetIdlePolicy(self) -> int:
        """0: see `IOUSBHostInterface.SetIdlePolicy`."""
        return 0

    def Abort(self) -> None:
        """End outstanding I/O with kIOReturnAborted.

        The completions run on the queue after the present callback.
        """
        self._path.abort()

    def ClearStall(self) -> None:
        """Clear the endpoint's halt after kUSBHostReturnPipeStalled."""
        self._path.clear_stall()

    def _require_ring(self) -> Ring:
        if self._ring is None:
            raise IOReturnError(kIOReturnNotReady, "ring: expected one of this pipe, found none")
        return self._ring


def set_idle_policy(idle_ms: int) -> None:
    """Accept 0: a device sleeps when its driver is in the low state, not when it is idle.

    Raises:
        IOReturnError: kIOReturnUnsupported: the device was to sleep after a while.
    """
    if idle_ms:
        text = f"idle policy: expected 0, as only ChangePowerState lets it sleep, found {idle_ms}"
        raise IOReturnError(kIOReturnUnsupported, text)


def memory_of(buffer: IOBufferMemoryDescriptor | None, length: int) -> memoryview:
    """The first bytes of a buffer.

    Raises:
        IOReturnError: kIOReturnBadArgument, it has not so many.
    """
    room = buffer.GetLength() if buffer is not None else 0
    if not 0 <= length <= room:
        raise IOReturnError(
            kIOReturnBadArgument, f"length: expected at most the buffer's {room}, found {length}"
        )
    return buffer.bytes_at(0, length) if buffer is not None else memoryview(bytearray())
