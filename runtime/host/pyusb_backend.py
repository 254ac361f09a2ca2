"""pyusb's back end in a driver process: the one USB device there is, is the provider's.

It stands for `usb.backend.libusb1` (`runtime.host.libraries`). A library sees the whole device's
descriptors, and can use the interface that the driver was given. Opening the device opens the
interface; a driver that leaves it to its library does not open it itself.
Source: usb/backend/__init__.py of pyusb 1.3 (IBackend).
Invariant: every error is one that pyusb's own back end raises.
"""

import contextlib
import errno
from array import array
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, TypeVar

from usb.backend import IBackend
from usb.core import USBError, USBTimeoutError

from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.memory import IOBufferMemoryDescriptor
from runtime.driverkit.service import IOService
from runtime.driverkit.transport import Transport, invoke
from runtime.driverkit.usb import IOUSBHostInterface
from runtime.driverkit.usb_pipe import IOUSBHostPipe
from runtime.host import pyusb_descriptors as descriptors
from runtime.host.libraries import offered
from runtime.model.kern_return import IOReturn
from runtime.wire import usb as wire
from runtime.wire.limits import TRANSFER

T = TypeVar("T")

_ERRORS = {  # libusb's number and errno
    IOReturn.NOT_PERMITTED: (-3, errno.EACCES),
    IOReturn.NOT_PRIVILEGED: (-3, errno.EACCES),
    IOReturn.NO_DEVICE: (-4, errno.ENODEV),
    IOReturn.OFFLINE: (-4, errno.ENODEV),
    IOReturn.NOT_FOUND: (-5, errno.ENOENT),
    IOReturn.EXCLUSIVE_ACCESS: (-6, errno.EBUSY),
    IOReturn.BUSY: (-6, errno.EBUSY),
    IOReturn.TIMEOUT: (-7, errno.ETIMEDOUT),
    IOReturn.USB_TRANSACTION_TIMEOUT: (-7, errno.ETIMEDOUT),
    IOReturn.OVERRUN: (-8, errno.EOVERFLOW),
    IOReturn.USB_PIPE_STALLED: (-9, errno.EPIPE),
    IOReturn.NO_MEMORY: (-11, errno.ENOMEM),
}
_OTHER = (-1, errno.EIO)
_SPEEDS = {1: 2, 2: 1, 3: 3, 4: 4}  # tIOUSBHostConnectionSpeed to libusb's
_DEVICE, _CONFIGURATION = 1, 2
_LENGTH = 4096  # bytes of a configuration that are read


class Device:
    """The device of a driver's provider."""

    def __init__(
        self, service: IOService, provider: IOUSBHostInterface, transport: Transport
    ) -> None:
        self.service = service
        self.provider = provider
        self._transport = transport
        self.number = _called(provider.GetInterfaceDescriptor).number

    def call(self, method: wire.Method, kind: type[T]) -> T:
        """Call a method of the device; the result is of its RESULT type."""
        return _called(lambda: invoke(self._transport, 0, method, kind))

    def descriptor(self, kind: int, index: int, length: int) -> bytes:
        """A descriptor, as the device sends it."""
        return self.call(wire.CopyDescriptor(kind, index, 0, length), bytes)

    def configuration(self, index: int) -> descriptors.Configuration:
        """A configuration with all that is in it; IndexError: there is none."""
        if index >= self.descriptor(_DEVICE, 0, 18)[17]:
            raise IndexError(f"configuration {index}: expected one of the device's, found none")
        return descriptors.Configuration(self.descriptor(_CONFIGURATION, index, _LENGTH))


class Handle:
    """The device, opened: its interface is the library's, and so are its pipes."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self._pipes: dict[int, IOUSBHostPipe] = {}

    def pipe(self, address: int) -> IOUSBHostPipe:
        """The pipe of an endpoint; one for all transfers."""
        if address not in self._pipes:
            self._pipes[address] = _called(lambda: self.device.provider.CopyPipe(address))
        return self._pipes[address]

    def forget(self) -> None:
        """The pipes are closed: the setting is another one."""
        self._pipes.clear()


class ProviderBackend(IBackend):
    """See `usb.backend.IBackend`, whose methods these are."""

    def enumerate_devices(self) -> Iterator[Device]:
        """The device of each provider that is a USB interface."""
        for service, transport in offered().items():
            provider = service.GetProvider()
            if isinstance(provider, IOUSBHostInterface):
                yield Device(service, provider, transport)

    def get_parent(self, dev: Device) -> None:
        """Nobody above it can be seen."""

    def get_device_descriptor(self, dev: Device) -> SimpleNamespace:
        """Its descriptor, with the device's place on the bus."""
        found = descriptors.device(dev.descriptor(_DEVICE, 0, 18))
        location = dev.provider.CopyProperties().get("locationID")
        place = location if isinstance(location, int) else 0
        found.bus = place >> 24
        found.address = dev.call(wire.GetAddress(), int)
        found.speed = _SPEEDS.get(dev.call(wire.GetSpeed(), int))
        ports = [place >> shift & 0xF for shift in range(20, -4, -4)]
        found.port_numbers = tuple(port for port in ports if port) or None
        found.port_number = found.port_numbers[-1] if found.port_numbers else None
        return found

    def get_configuration_descriptor(self, dev: Device, config: int) -> SimpleNamespace:
        """A configuration by its index; IndexError: there is none."""
        return dev.configuration(config).descriptor

    def get_interface_descriptor(
        self, dev: Device, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        """An alternate setting by the indices; IndexError: there is none."""
        return dev.configuration(config).interfaces[intf][alt]

    def get_endpoint_descriptor(
        self, dev: Device, ep: int, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        """An endpoint by the indices; IndexError: there is none."""
        found: SimpleNamespace = self.get_interface_descriptor(dev, intf, alt, config).endpoints[ep]
        return found

    def open_device(self, dev: Device) -> Handle:
        """Open the driver's interface; EBUSY when it is open already."""
        _called(lambda: dev.provider.Open(dev.service))
        return Handle(dev)

    def close_device(self, dev_handle: Handle) -> None:
        """Close it, and its pipes; like `libusb_close` without an error when it is gone."""
        with contextlib.suppress(IOReturnError):
            dev_handle.device.provider.Close(dev_handle.device.service)

    def set_configuration(self, dev_handle: Handle, config_value: int) -> None:
        """Choose another configuration; the present one is left as it is."""
        if config_value != self.get_configuration(dev_handle):
            dev_handle.device.call(wire.SetConfiguration(config_value), type(None))

    def get_configuration(self, dev_handle: Handle) -> int:
        """The active configuration's value."""
        return _called(dev_handle.device.provider.CopyConfigurationDescriptor).value

    def set_interface_altsetting(self, dev_handle: Handle, intf: int, altsetting: int) -> None:
        """Choose the setting of the driver's interface; its pipes are new ones."""
        self.claim_interface(dev_handle, intf)
        dev_handle.device.call(wire.SelectAlternateSetting(altsetting), type(None))
        dev_handle.forget()

    def claim_interface(self, dev_handle: Handle, intf: int) -> None:
        """Only the driver's own, which is open; EACCES: another."""
        if intf != dev_handle.device.number:
            raise USBError(
                f"interface {intf}: expected {dev_handle.device.number}, the driver's own",
                -3,
                errno.EACCES,
            )

    def release_interface(self, dev_handle: Handle, intf: int) -> None:
        """It stays the driver's until the device is closed."""

    def bulk_write(
        self, dev_handle: Handle, ep: int, intf: int, data: "array[int]", timeout: int
    ) -> int:
        """Send all of `data`; the bytes that were moved. A timeout of 0 means none."""
        del intf
        pipe, sent, view = dev_handle.pipe(ep), 0, memoryview(data).cast("B")
        while sent < len(view) or not sent:
            part = view[sent : sent + TRANSFER]
            moved = _transfer(pipe, part, timeout, reads=False)
            sent += moved
            if moved < len(part) or sent == len(view):
                break
        return sent

    def bulk_read(
        self, dev_handle: Handle, ep: int, intf: int, buff: "array[int]", timeout: int
    ) -> int:
        """Fill `buff`, or until a short packet; the bytes that were moved."""
        del intf
        pipe, read, view = dev_handle.pipe(ep), 0, memoryview(buff).cast("B")
        while read < len(view):
            part = view[read : read + TRANSFER]
            moved = _transfer(pipe, part, timeout, reads=True)
            read += moved
            if moved < len(part):
                break
        return read

    intr_write, intr_read = bulk_write, bulk_read

    def ctrl_transfer(  # noqa: PLR0917 - pyusb's parameters
        self,
        dev_handle: Handle,
        bmRequestType: int,  # noqa: N803
        bRequest: int,  # noqa: N803
        wValue: int,  # noqa: N803
        wIndex: int,  # noqa: N803
        data: "array[int]",
        timeout: int,
    ) -> int:
        """A control transfer, from or into `data`; the bytes that were moved."""
        view = memoryview(data).cast("B")
        buffer = IOBufferMemoryDescriptor.Create(len(view)) if len(view) else None
        setup = (bmRequestType, bRequest, wValue, wIndex, len(view))
        if buffer is not None and not bmRequestType & 0x80:
            buffer.GetAddressRange()[:] = view
        request = dev_handle.device.provider.DeviceRequest
        moved = _called(lambda: request(*setup, buffer, timeout))
        if buffer is not None and bmRequestType & 0x80:
            view[:moved] = buffer.GetAddressRange()[:moved]
        return moved

    def clear_halt(self, dev_handle: Handle, ep: int) -> None:
        """Clear an endpoint's halt."""
        _called(dev_handle.pipe(ep).ClearStall)

    def reset_device(self, dev_handle: Handle) -> None:
        """Reset the device; EACCES where it has interfaces of others."""
        dev_handle.device.call(wire.Reset(), type(None))
        dev_handle.forget()

    def is_kernel_driver_active(self, dev_handle: Handle, intf: int) -> bool:
        """Never: the driver's interface is its own."""
        del dev_handle, intf
        return False

    def detach_kernel_driver(self, dev_handle: Handle, intf: int) -> None:
        """Opening the interface has taken it."""

    def attach_kernel_driver(self, dev_handle: Handle, intf: int) -> None:
        """It has it back when no driver wants it."""


def get_backend(find_library: object = None) -> ProviderBackend:
    """Pyusb's entry to a back end; there is no library to be found."""
    del find_library
    return ProviderBackend()


def _transfer(pipe: IOUSBHostPipe, view: memoryview, timeout: int, *, reads: bool) -> int:
    buffer = IOBufferMemoryDescriptor.Create(max(len(view), 1))
    if not reads:
        buffer.GetAddressRange()[: len(view)] = view
    moved = _called(lambda: pipe.IO(buffer, len(view), timeout))
    if reads:
        view[:moved] = buffer.GetAddressRange()[:moved]
    return moved


def _called(call: Callable[[], T]) -> T:
    """What a call of the provider returns; its errors as pyusb has them."""
    try:
        return call()
    except IOReturnError as error:
        raise _error(error) from None


def _error(error: IOReturnError) -> Exception:
    if error.code == IOReturn.UNSUPPORTED:
        return NotImplementedError(str(error))
    known: dict[Any, tuple[int, int]] = dict(_ERRORS)
    number, code = known.get(error.code, _OTHER)
    kind = USBTimeoutError if code == errno.ETIMEDOUT else USBError
    return kind(str(error), number, code)
