"""A real USB device on an open usbfs node: a `runtime.families.usb.provider.UsbDevice`.

URBs are submitted and reaped without waiting; what waits for the device is taking an interface,
giving it back, and clearing a halt. An interface is taken from the kernel driver that has it, and
given back by letting the kernel look for a driver again.
Source: linux/usbdevice_fs.h; Documentation/driver-api/usb/error-codes.rst.
Invariant: only interfaces that were taken are claimed, and each of them is given back.
"""

import asyncio
import contextlib
import errno
import os
import struct
from collections.abc import Callable, Iterator

from runtime.families.usb import descriptors
from runtime.families.usb.provider import Transfer
from runtime.linux.usbfs import Reaped, UrbType, Usbfs
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import (
    ConfigurationDescriptor,
    ControlRequest,
    DeviceDescriptor,
    EndpointDescriptor,
    InterfaceDescriptor,
    TransferType,
)

OnEnd = Callable[[Reaped], None]

_SETUP = struct.Struct("<BBHHH")
_STATUS = {
    0: IOReturn.SUCCESS,
    -errno.EPIPE: IOReturn.USB_PIPE_STALLED,
    -errno.EOVERFLOW: IOReturn.OVERRUN,
    -errno.ENODEV: IOReturn.ABORTED,
    -errno.ESHUTDOWN: IOReturn.ABORTED,
    -errno.ENOENT: IOReturn.ABORTED,
    -errno.ECONNRESET: IOReturn.ABORTED,
    -errno.ETIMEDOUT: IOReturn.USB_TRANSACTION_TIMEOUT,
    -errno.ETIME: IOReturn.NOT_RESPONDING,
    -errno.EPROTO: IOReturn.NOT_RESPONDING,
    -errno.EILSEQ: IOReturn.NOT_RESPONDING,
}
_REFUSAL = {
    errno.EBUSY: IOReturn.EXCLUSIVE_ACCESS,
    errno.ENODEV: IOReturn.NO_DEVICE,
    errno.ENOENT: IOReturn.NOT_FOUND,
    errno.ENOMEM: IOReturn.NO_MEMORY,
    errno.EACCES: IOReturn.NOT_PERMITTED,
    errno.EPERM: IOReturn.NOT_PERMITTED,
    errno.EINVAL: IOReturn.BAD_ARGUMENT,
    errno.EPIPE: IOReturn.USB_PIPE_STALLED,
    errno.ETIMEDOUT: IOReturn.USB_TRANSACTION_TIMEOUT,
}


class UsbfsDevice:
    """One device; the descriptor is owned from now on."""

    def __init__(self, fd: int, configuration: int, strings: tuple[str, str, str]) -> None:
        """Read its descriptors; `configuration` is the value of the active one.

        Raises:
            OSError: The device is gone.
            BreachError: It has no device descriptor.
        """
        self._fd = fd
        self._usbfs = Usbfs(fd)
        self._descriptor = descriptors.parse(self._usbfs.descriptors(), strings)
        self._active = configuration
        self._taken: set[int] = set()
        self._ends: dict[int, OnEnd] = {}
        asyncio.get_running_loop().add_writer(fd, self._reap)

    @property
    def descriptor(self) -> DeviceDescriptor:
        """Its descriptor with all configurations."""
        return self._descriptor

    @property
    def configuration(self) -> ConfigurationDescriptor:
        """The active configuration."""
        for configuration in self._descriptor.configurations:
            if configuration.value == self._active:
                return configuration
        raise ReturnError(IOReturn.NOT_FOUND, f"device has no configuration {self._active}")

    def interface(self, number: int) -> InterfaceDescriptor:
        """An interface in its first setting; ReturnError when there is none."""
        for interface in self.configuration.interfaces:
            if interface.number == number:
                return interface
        raise ReturnError(IOReturn.NOT_FOUND, f"device has no interface {number}")

    def take(self, number: int) -> None:
        """Claim an interface; a kernel driver that has it is detached from it."""
        if number not in self._taken:
            with _refusals(f"interface {number}"):
                self._usbfs.claim(number)
            self._taken.add(number)

    def give_back(self, number: int) -> None:
        """Let the kernel have an interface again, also one that an earlier broker lost."""
        with contextlib.suppress(OSError):  # the device is gone, and nobody can have it
            if number in self._taken:
                self._taken.discard(number)
                self._usbfs.release(number)
            if not self._usbfs.driver(number):
                self._usbfs.connect(number)

    async def control(self, request: ControlRequest, data: bytes, timeout_ms: int) -> bytes:
        """Carry out a control transfer on endpoint 0."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[Reaped] = loop.create_future()
        length = request.length if request.request_type & 0x80 else len(data)
        setup = _SETUP.pack(
            request.request_type, request.request, request.value, request.index, length
        )
        urb = self.submit(UrbType.CONTROL, 0, setup + data.ljust(length, b"\0"), ended.set_result)
        try:
            reaped = await asyncio.wait_for(asyncio.shield(ended), timeout_ms / 1000 or None)
        except TimeoutError:
            self.discard(urb)
            reaped = ended.result()
            if reaped.status == -errno.ENOENT:
                raise ReturnError(IOReturn.USB_TRANSACTION_TIMEOUT) from None
        except asyncio.CancelledError:
            self.discard(urb)
            raise
        if reaped.status:
            raise ReturnError(status_of(reaped))
        return reaped.buffer[8 : 8 + reaped.count] if request.request_type & 0x80 else b""

    def pipe(self, endpoint: EndpointDescriptor) -> "UsbfsPipe":
        """A pipe for an endpoint of an interface that was taken."""
        return UsbfsPipe(self, endpoint)

    def close(self) -> None:
        """End all I/O and give everything back; idempotent."""
        if self._fd < 0:
            return
        for urb in tuple(self._ends):
            self.discard(urb)
        for number in tuple(self._taken):
            self.give_back(number)
        asyncio.get_running_loop().remove_writer(self._fd)
        os.close(self._fd)
        self._fd = -1

    # --- for pipes -----------------------------------------------------------------------------

    def submit(self, kind: UrbType, address: int, buffer: bytes, end: OnEnd) -> int:
        """Queue a URB; `end` is called exactly once, from the loop or from `discard`."""
        with _refusals(f"endpoint {address:#04x}"):
            urb = self._usbfs.submit(kind, address, buffer)
        self._ends[urb] = end
        return urb

    def discard(self, urb: int) -> None:
        """End a URB now: `end` has been called when this returns."""
        if urb in self._ends:
            self._usbfs.discard(urb)
            self._reap()

    def clear_halt(self, address: int) -> None:
        """Clear an endpoint's halt."""
        with _refusals(f"endpoint {address:#04x}"):
            self._usbfs.clear_halt(address)

    def _reap(self) -> None:
        try:
            while (reaped := self._usbfs.reap()) is not None:
                self._ends.pop(reaped.urb)(reaped)
        except OSError:
            # ENODEV: unplugged, and every URB was reaped. The node stays writable for ever.
            asyncio.get_running_loop().remove_writer(self._fd)


class UsbfsPipe:
    """One endpoint: transfers are URBs, and the kernel keeps their order."""

    def __init__(self, device: UsbfsDevice, endpoint: EndpointDescriptor) -> None:
        self.endpoint = endpoint
        self._device = device
        self._urbs: dict[int, Transfer] = {}
        self._late: set[int] = set()
        self._aborted: dict[int, Reaped] | None = None

    def submit(self, transfer: Transfer, timeout_ms: int) -> None:
        """Queue a transfer; a timeout of 0 means none."""
        kinds = {TransferType.BULK: UrbType.BULK, TransferType.INTERRUPT: UrbType.INTERRUPT}
        kind = kinds.get(self.endpoint.transfer_type)
        if kind is None:
            raise ReturnError(IOReturn.UNSUPPORTED, "only bulk and interrupt pipes move data yet")
        buffer = bytes(transfer.length) if self.endpoint.is_input else transfer.data
        urb = self._device.submit(kind, self.endpoint.address, buffer, self._ended)
        self._urbs[urb] = transfer
        if timeout_ms:
            loop = asyncio.get_running_loop()
            transfer.timeout = loop.call_later(timeout_ms / 1000, self._expire, urb)

    def abort(self) -> None:
        """End every queued transfer with ABORTED, in the order in which they were queued."""
        urbs = tuple(self._urbs)
        aborted: dict[int, Reaped] = {}
        self._aborted = aborted
        for urb in reversed(urbs):  # so that none moves up and begins meanwhile
            self._device.discard(urb)
        self._aborted = None
        for urb in urbs:
            if urb in aborted:
                self._ended(aborted[urb])

    def clear_stall(self) -> None:
        """Clear the endpoint's halt."""
        self._device.clear_halt(self.endpoint.address)

    def _expire(self, urb: int) -> None:
        self._late.add(urb)
        self._device.discard(urb)

    def _ended(self, reaped: Reaped) -> None:
        if self._aborted is not None:
            self._aborted[reaped.urb] = reaped
            return
        transfer = self._urbs.pop(reaped.urb)
        status = status_of(reaped)
        if reaped.urb in self._late:
            self._late.discard(reaped.urb)
            if status == IOReturn.ABORTED:
                status = IOReturn.USB_TRANSACTION_TIMEOUT
        data = reaped.buffer[: reaped.count] if self.endpoint.is_input else b""
        transfer.finish(status, reaped.count, data)


def status_of(reaped: Reaped) -> IOReturn:
    """How a URB ended, as DriverKit says it."""
    return _STATUS.get(reaped.status, IOReturn.ERROR)


@contextlib.contextmanager
def _refusals(what: str) -> Iterator[None]:
    """The kernel's refusals as DriverKit's."""
    try:
        yield
    except OSError as error:
        code = _REFUSAL.get(error.errno or 0, IOReturn.ERROR)
        raise ReturnError(code, f"{what}: {error.strerror}") from error
