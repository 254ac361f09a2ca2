"""What a USB device and its interfaces share: control requests, strings, buffers.

A request to the interface or to an endpoint goes the way of the interface's data; one to the
device goes through the broker, which knows who else has a part of it.
Source: USBDriverKit's IOUSBHostDevice.iig, IOUSBHostInterface.iig; USB 2.0 section 9.6.7.
Invariant: nothing here is trusted by the broker.
"""

import functools
import time
from typing import ClassVar

from runtime.driverkit.action import CallbackType, OSAction
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnError,
    kIOReturnUnsupported,
)
from runtime.driverkit.memory import IOBufferMemoryDescriptor
from runtime.driverkit.service import IOService
from runtime.driverkit.transport import invoke
from runtime.driverkit.usb_node import Ended, Node
from runtime.driverkit.usb_paths import GONE, SETUP
from runtime.driverkit.usb_pipe import memory_of
from runtime.model.usb import TransferType
from runtime.wire import methods, usb

_IN = 0x80
_INTERFACE, _ENDPOINT = 1, 2
_STRING = 3
_ENGLISH = 0x0409  # US English, which devices have if they have one language
_PORT_SPEED = 8  # kIOUSBHostPortStatusConnectedSpeedPhase

kIOUSBHostPortStatusConnectedSpeedMask = 0x700
"""Of a port's status: a tIOUSBHostConnectionSpeed."""

kIOUSBHostPortStatusEnabled = 1 << 12
"""Of a port's status: packets reach the device."""


class USBRequests(IOService):
    """Base of `IOUSBHostDevice` and `IOUSBHostInterface`; no class of DriverKit."""

    CompleteAsyncDeviceRequest: ClassVar[CallbackType[[int, int]]] = CallbackType(
        "IOUSBHostInterface::CompleteAsyncDeviceRequest", status=int, bytesTransferred=int
    )
    """`(action, status, bytesTransferred)`: a kern_return_t, and bytes."""

    _node: Node | None = None
    _target = 0  # of its methods; 0: the provider

    def DeviceRequest(  # noqa: PLR0917 - DriverKit's parameters, in its order
        self,
        bmRequestType: int,
        bRequest: int,
        wValue: int,
        wIndex: int,
        wLength: int,
        dataBuffer: IOBufferMemoryDescriptor | None = None,
        completionTimeout: int = 5000,
    ) -> int:
        """A control transfer on endpoint 0, waited for.

        Args:
            bmRequestType: Bit 7 set: the device sends; `dataBuffer` is filled.
            bRequest: As in the SETUP packet.
            wValue: As in the SETUP packet.
            wIndex: As in the SETUP packet.
            wLength: Bytes to move, at most the buffer's length.
            dataBuffer: May be None when `wLength` is 0.
            completionTimeout: In milliseconds; 0: none.

        Returns:
            The bytes that were moved.

        Raises:
            IOReturnError: kUSBHostReturnPipeStalled, kIOReturnTimeout, and what the runtime
                refuses.
        """
        memory = memory_of(dataBuffer, wLength)
        fields = (bmRequestType, bRequest, wValue, wIndex, wLength)
        if self._node is not None and bmRequestType & 0x1F in {_INTERFACE, _ENDPOINT}:
            whole = bytearray(SETUP.pack(*fields) + bytes(memory))
            ended = self._node.transfer(TransferType.CONTROL, 0, whole, completionTimeout)
            return _moved(ended, whole, memory, bmRequestType)
        reads = bool(bmRequestType & _IN)
        request = methods.DeviceRequest(*fields, b"" if reads else bytes(memory), completionTimeout)
        result = invoke(self._transport, self._target, request, bytes)
        if not reads:
            return int.from_bytes(result, "little")
        memory[: len(result)] = result
        return len(result)

    def AsyncDeviceRequest(  # noqa: PLR0917 - DriverKit's parameters, in its order
        self,
        bmRequestType: int,
        bRequest: int,
        wValue: int,
        wIndex: int,
        wLength: int,
        dataBuffer: IOBufferMemoryDescriptor | None,
        completion: OSAction,
        completionTimeout: int = 5000,
    ) -> None:
        """Begin a control transfer and return; its end calls `completion` exactly once.

        The parameters are those of `DeviceRequest`; `completion` is an action of type
        `CompleteAsyncDeviceRequest`.

        Raises:
            IOReturnError: kIOReturnNotOpen, kIOReturnBadArgument.
        """
        completion.expect(USBRequests.CompleteAsyncDeviceRequest, "AsyncDeviceRequest")
        memory = memory_of(dataBuffer, wLength)
        fields = (bmRequestType, bRequest, wValue, wIndex, wLength)
        if self._node is not None and bmRequestType & 0x1F in {_INTERFACE, _ENDPOINT}:
            whole = bytearray(SETUP.pack(*fields) + bytes(memory))

            def ended(end: Ended) -> None:
                work = functools.partial(_complete, completion, end, whole, memory, bmRequestType)
                completion.queue.post(completion.name, work)

            self._node.submit(TransferType.CONTROL, 0, whole, ended, completionTimeout)
            return

        def done(end: methods.Completion) -> None:
            if isinstance(end, methods.CompleteAsyncIO):
                memory[: len(end.data)] = end.data
                completion.complete(end.status, end.count)

        number = self._transport.expect(completion.name, completion.queue, done)
        sent = b"" if bmRequestType & _IN else bytes(memory)
        request = usb.AsyncDeviceRequest(number, *fields, sent, completionTimeout)
        try:
            invoke(self._transport, self._target, request, type(None))
        except IOReturnError as error:
            self._transport.forget(number)
            if error.code not in GONE:
                raise
            end = methods.CompleteAsyncIO(error.code, 0, time.monotonic_ns())
            completion.queue.post(completion.name, functools.partial(done, end))

    def AbortDeviceRequests(self) -> None:
        """End this driver's own control requests with kIOReturnAborted."""
        if self._node is not None:
            self._node.abort(0)
        invoke(self._transport, self._target, usb.AbortDeviceRequests(), type(None))

    def CopyStringDescriptor(self, index: int, languageID: int = _ENGLISH) -> str:
        """A string of the device.

        Raises:
            IOReturnError: kUSBHostReturnPipeStalled, it has no such; kIOReturnError, what it
                sent is no string.
        """
        method = usb.CopyDescriptor(_STRING, index, languageID, 255)
        raw = invoke(self._transport, self._target, method, bytes)
        if len(raw) < 2 or raw[1] != _STRING:
            raise IOReturnError(kIOReturnError, f"string {index}: found {raw.hex()!r}")
        return raw[2 : raw[0]].decode("utf-16-le", errors="replace")

    def CreateIOBuffer(self, capacity: int) -> IOBufferMemoryDescriptor:
        """Memory for the I/O of this device; as `IOBufferMemoryDescriptor.Create`."""
        return IOBufferMemoryDescriptor.Create(capacity)

    def GetFrameNumber(self) -> tuple[int, int]:
        """The bus's frame number, and when it began.

        Raises:
            IOReturnError: kIOReturnUnsupported: Linux tells no program.
        """
        text = "GetFrameNumber: expected a kernel that tells it, found Linux"
        raise IOReturnError(kIOReturnUnsupported, text)

    def GetPortStatus(self) -> int:
        """The status of the device's port, as tIOUSBHostPortStatus: enabled, and its speed.

        Which type of port it is Linux does not know: it counts as a standard one.

        Raises:
            IOReturnError: The device is gone.
        """
        return self._copy_where()[0] << _PORT_SPEED | kIOUSBHostPortStatusEnabled

    def _copy_where(self) -> tuple[int, int]:
        """The port's speed, and the device's address."""
        speed = invoke(self._transport, self._target, usb.GetSpeed(), int)
        return speed, invoke(self._transport, self._target, usb.GetAddress(), int)


def _moved(ended: Ended, whole: bytearray, memory: memoryview, kind: int) -> int:
    """The bytes that a request on the node moved, in place; IOReturnError when it failed."""
    if ended.status:
        raise IOReturnError(ended.status)
    if kind & _IN:
        memory[: ended.count] = whole[SETUP.size : SETUP.size + ended.count]
    return ended.count


def _complete(
    action: OSAction, end: Ended, whole: bytearray, memory: memoryview, kind: int
) -> None:
    if kind & _IN:
        memory[: end.count] = whole[SETUP.size : SETUP.size + end.count]
    action.complete(end.status, end.count)
