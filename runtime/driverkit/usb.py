"""USBDriverKit: a USB interface, its device and its pipes, as a driver sees them.

Each object is a proxy: its calls cross to the device's broker, are checked there, and block until
they are answered, except `AsyncIO`.
Source: USBDriverKit's IOUSBHostInterface.iig, IOUSBHostDevice.iig, IOUSBHostPipe.iig.
Invariant: nothing here is trusted by the broker; a driver gets what its provider grants.
"""

import functools
import time
from typing import ClassVar

from runtime.driverkit.action import CallbackType, OSAction
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnAborted,
    kIOReturnBadArgument,
    kIOReturnNoDevice,
    kIOReturnOffline,
)
from runtime.driverkit.memory import IOBufferMemoryDescriptor
from runtime.driverkit.service import Entry, IOService
from runtime.driverkit.transport import Transport, invoke
from runtime.model.usb import (
    ConfigurationDescriptor,
    DeviceDescriptor,
    EndpointDescriptor,
    InterfaceDescriptor,
)
from runtime.wire import methods
from runtime.wire.limits import TRANSFER

_GONE = (kIOReturnAborted, kIOReturnNoDevice, kIOReturnOffline)
"""Codes of a device that was unplugged, or of a provider that cannot be reached any more."""


class IOUSBHostDevice(IOService):
    """A USB device. Its descriptors may be read."""

    def CopyDeviceDescriptor(self) -> DeviceDescriptor:
        """The device descriptor with its strings.

        Raises:
            IOReturnError: The device is gone.
        """
        return invoke(self._transport, 0, methods.CopyDeviceDescriptor(), DeviceDescriptor)


class IOUSBHostInterface(IOService):
    """One interface of a USB device: the usual provider of a USB driver."""

    def Open(self, forClient: IOService) -> None:
        """Open the interface for exclusive use by `forClient`, the driver itself.

        Raises:
            IOReturnError: kIOReturnExclusiveAccess when another driver has it.
        """
        if forClient.GetProvider() is not self:
            raise IOReturnError(kIOReturnBadArgument, "Open: expected the provider's own driver")
        invoke(self._transport, 0, methods.InterfaceOpen(), type(None))

    def Close(self, forClient: IOService) -> None:
        """Close the interface and its pipes; outstanding I/O completes with kIOReturnAborted.

        Raises:
            IOReturnError: kIOReturnNotOpen.
        """
        if forClient.GetProvider() is not self:
            raise IOReturnError(kIOReturnBadArgument, "Close: expected the provider's own driver")
        invoke(self._transport, 0, methods.InterfaceClose(), type(None))

    def GetInterfaceDescriptor(self) -> InterfaceDescriptor:
        """The descriptor of the present alternate setting, with its endpoints."""
        return invoke(self._transport, 0, methods.GetInterfaceDescriptor(), InterfaceDescriptor)

    def CopyConfigurationDescriptor(self) -> ConfigurationDescriptor:
        """The active configuration's descriptor, with all interfaces."""
        return invoke(
            self._transport, 0, methods.CopyConfigurationDescriptor(), ConfigurationDescriptor
        )

    def CopyDevice(self) -> IOUSBHostDevice:
        """The device that this interface is of."""
        return IOUSBHostDevice(Entry(0, "IOUSBHostDevice", transport=self._transport))

    def CopyPipe(self, address: int) -> "IOUSBHostPipe":
        """The pipe of an endpoint address (bit 7 set: IN).

        Raises:
            IOReturnError: kIOReturnNotOpen before `Open`, kIOReturnNotFound when there is no
                such endpoint.
        """
        handle = invoke(self._transport, 0, methods.CopyPipe(address), int)
        return IOUSBHostPipe(self._transport, handle, address)

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
        reads = bool(bmRequestType & 0x80)
        sent = b"" if reads else _outgoing(dataBuffer, wLength)
        result = invoke(
            self._transport,
            0,
            methods.DeviceRequest(
                bmRequestType, bRequest, wValue, wIndex, wLength, sent, completionTimeout
            ),
            bytes,
        )
        return _incoming(dataBuffer, result) if reads else int.from_bytes(result, "little")


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

    def __init__(self, transport: Transport, handle: int, address: int) -> None:
        self._transport = transport
        self._handle = handle
        self._reads = bool(address & 0x80)

    def GetDescriptors(self) -> EndpointDescriptor:
        """The endpoint's descriptor."""
        return invoke(self._transport, self._handle, methods.GetDescriptors(), EndpointDescriptor)

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
            dataBufferLength: Bytes to move at most.
            completion: An action of type `CompleteAsyncIO`.
            completionTimeoutMs: 0: none. Interrupt pipes take none.

        Once the device is gone, or its broker is, it completes with that error at once.

        Raises:
            IOReturnError: kIOReturnNotFound on a closed pipe, kIOReturnBadArgument.
        """
        completion.expect(IOUSBHostPipe.CompleteAsyncIO, "AsyncIO")

        def done(end: methods.Completion) -> None:
            assert isinstance(end, methods.CompleteAsyncIO)
            count = _incoming(dataBuffer, end.data) if self._reads else end.count
            completion.complete(end.status, count, end.timestamp_ns)

        sent = b"" if self._reads else _outgoing(dataBuffer, dataBufferLength)
        _fits(dataBuffer, dataBufferLength)
        number = self._transport.expect(completion.name, completion.queue, done)
        try:
            invoke(
                self._transport,
                self._handle,
                methods.AsyncIO(number, dataBufferLength, sent, completionTimeoutMs),
                type(None),
            )
        except IOReturnError as error:
            self._transport.forget(number)
            if error.code not in _GONE:
                raise
            # It came too late: it ends as everything does that was queued in time.
            end = methods.CompleteAsyncIO(error.code, 0, time.monotonic_ns())
            completion.queue.post(completion.name, functools.partial(done, end))

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
        _fits(dataBuffer, dataBufferLength)
        sent = b"" if self._reads else _outgoing(dataBuffer, dataBufferLength)
        method = methods.PipeIO(dataBufferLength, sent, completionTimeoutMs)
        result = invoke(self._transport, self._handle, method, bytes)
        return _incoming(dataBuffer, result) if self._reads else int.from_bytes(result, "little")

    def Abort(self) -> None:
        """End outstanding I/O with kIOReturnAborted.

        The completions run on the queue after the present callback.
        """
        invoke(self._transport, self._handle, methods.Abort(), type(None))

    def ClearStall(self) -> None:
        """Clear the endpoint's halt after kUSBHostReturnPipeStalled."""
        invoke(self._transport, self._handle, methods.ClearStall(), type(None))


def _fits(buffer: IOBufferMemoryDescriptor | None, length: int) -> None:
    room = min(buffer.GetLength(), TRANSFER) if buffer is not None else 0
    if not 0 <= length <= room:
        raise IOReturnError(
            kIOReturnBadArgument, f"length: expected at most the buffer's {room}, found {length}"
        )


def _outgoing(buffer: IOBufferMemoryDescriptor | None, length: int) -> bytes:
    _fits(buffer, length)
    return bytes(buffer.GetAddressRange()[:length]) if buffer is not None else b""


def _incoming(buffer: IOBufferMemoryDescriptor | None, data: bytes) -> int:
    _fits(buffer, len(data))
    if buffer is not None:
        buffer.GetAddressRange()[: len(data)] = data
    return len(data)


PROVIDERS: dict[str, type[IOService]] = {
    "IOUSBHostInterface": IOUSBHostInterface,
    "IOUSBHostDevice": IOUSBHostDevice,
}
"""Proxies by the provider's IOKit class; any other provider is a plain `IOService`."""
