"""USBDriverKit's `IOUSBHostPipe`: one endpoint of an open interface.

Source: USBDriverKit's IOUSBHostPipe.iig. Invariant: an I/O's buffer is the pipe's until its end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from runtime.driverkit.action import CallbackType, OSAction
from runtime.driverkit.kern_return import IOReturnError, kIOReturnBadArgument
from runtime.driverkit.memory import IOBufferMemoryDescriptor
from runtime.driverkit.usb_node import Ended
from runtime.driverkit.usb_paths import Path
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

    def __init__(self, path: Path, where: Callable[[], tuple[int, int]]) -> None:
        self._path = path
        self._where = where

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
            dataBufferLength: Bytes to move at most; through a broker at most 64 KiB.
            completion: An action of type `CompleteAsyncIO`.
            completionTimeoutMs: 0: none. Interrupt pipes take none.

        Once the device is gone, or its broker is, it completes with that error at once.

        Raises:
            IOReturnError: kIOReturnNotFound on a closed pipe, kIOReturnBadArgument.
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

    def Abort(self) -> None:
        """End outstanding I/O with kIOReturnAborted.

        The completions run on the queue after the present callback.
        """
        self._path.abort()

    def ClearStall(self) -> None:
        """Clear the endpoint's halt after kUSBHostReturnPipeStalled."""
        self._path.clear_stall()


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
    return buffer.GetAddressRange()[:length] if buffer is not None else memoryview(bytearray())
