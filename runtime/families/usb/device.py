"""A real USB device on an open usbfs node: a `runtime.families.usb.provider.UsbDevice`.

URBs are submitted and reaped without waiting; what waits for the device is taking an interface,
giving it back, its settings, and clearing a halt. An interface is taken from the kernel driver
that has it, and given back by letting the kernel look for a driver again.
Source: linux/usbdevice_fs.h; Documentation/driver-api/usb/error-codes.rst.
Invariant: only interfaces that were taken are claimed, and each of them is given back.
"""

import asyncio
import contextlib
import errno
import os
import struct
from collections.abc import Callable, Sequence

from runtime.families.usb import descriptors
from runtime.families.usb.pipe import UsbfsPipe
from runtime.families.usb.suspending import UsbfsSleeper
from runtime.linux.usbfs import Reaped, UrbType, Usbfs
from runtime.linux.usbfs_status import refusal, refusals, status_of
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import (
    ConfigurationDescriptor,
    ControlRequest,
    DeviceDescriptor,
    EndpointDescriptor,
    InterfaceDescriptor,
    Speed,
)
from runtime.wire.broker import ServeUsb

OnEnd = Callable[[Reaped], None]

_SETUP = struct.Struct("<BBHHH")


class UsbfsDevice:
    """One device; the descriptor is owned from now on.

    Attributes:
        sleeper: Its suspending.
    """

    def __init__(self, fd: int, known: ServeUsb) -> None:
        """Read its descriptors; `known` is what the kernel knows of it beside them.

        Raises:
            OSError: The device is gone.
            BreachError: It has no device descriptor.
        """
        self._fd = fd
        self._usbfs = Usbfs(fd)
        strings = (known.manufacturer, known.product, known.serial)
        self._descriptor = descriptors.parse(self._usbfs.descriptors(), strings)
        self._known = known
        self._active = known.configuration
        self._alternates: dict[int, int] = {}
        self._taken: set[int] = set()
        self._lent: set[int] = set()  # claimed by a driver's open of the node, not by this one
        self._ends: dict[int, OnEnd] = {}
        self.sleeper = UsbfsSleeper(self._usbfs)
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

    @property
    def speed(self) -> Speed:
        """How fast its port runs."""
        return Speed(self._known.speed)

    @property
    def address(self) -> int:
        """Its address on its bus."""
        return self._known.address

    def interface(self, number: int) -> InterfaceDescriptor:
        """An interface in its present alternate setting; ReturnError when there is none."""
        return self._setting(number, self._alternates.get(number, 0))

    def select(self, number: int, alternate: int) -> None:
        """Choose the alternate setting of an interface that was taken."""
        self._setting(number, alternate)
        if number not in self._lent:  # who has it has chosen
            with refusals(f"alternate setting {alternate}"):
                self._usbfs.set_interface(number, alternate)
        self._alternates[number] = alternate

    def set_configuration(self, value: int) -> None:
        """Choose the configuration; the kernel makes its interfaces anew."""
        self._let_go()
        with refusals(f"configuration {value}"):
            self._usbfs.set_configuration(value)
        self._active = value
        self._alternates.clear()

    def reset(self) -> None:
        """Reset the device; the kernel sets it up as it was.

        What usbfs has would be given to a kernel driver by that, so nobody has it meanwhile. A
        driver that was lent its interface claims it again with its next transfer.
        """
        taken = self._let_go()
        with refusals("reset"):
            self._usbfs.reset()
        for number in taken:
            self.take(number)

    def take(self, number: int) -> None:
        """Claim an interface; a kernel driver that has it is detached from it."""
        if number not in self._taken:
            with refusals(f"interface {number}"):
                self._usbfs.claim(number)
            self._taken.add(number)
        self._lent.discard(number)

    def lend(self, number: int, node: int) -> None:
        """Let a fresh open of the node have an interface that was taken, and nothing else."""
        fresh = Usbfs(node)
        with refusals(f"interface {number}"):
            self._usbfs.release(number)
            self._taken.discard(number)
            try:
                fresh.claim(number)
                fresh.drop_privileges(1 << number)
            except OSError:
                self.take(number)
                raise
        self._lent.add(number)

    def give_back(self, number: int) -> None:
        """Let the kernel have an interface again, also one that an earlier broker lost."""
        self._alternates.pop(number, None)
        with contextlib.suppress(OSError):  # the device is gone, and nobody can have it
            if number in self._taken:
                self._taken.discard(number)
                self._usbfs.release(number)
            if number in self._lent:
                self._lent.discard(number)
                self._revoke(number)
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
        memory = bytearray(setup + data.ljust(length, b"\0"))
        urb = self.submit(UrbType.CONTROL, 0, memory, ended.set_result)
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
            raise ReturnError(status_of(reaped.status))
        return bytes(reaped.memory[8 : 8 + reaped.count]) if request.request_type & 0x80 else b""

    def pipe(self, endpoint: EndpointDescriptor) -> "UsbfsPipe":
        """A pipe for an endpoint of an interface that was taken."""
        return UsbfsPipe(self, endpoint)

    def close(self) -> None:
        """End all I/O and give everything back; idempotent."""
        if self._fd < 0:
            return
        for urb in tuple(self._ends):
            self.discard(urb)
        for number in self._taken | self._lent:
            self.give_back(number)
        asyncio.get_running_loop().remove_writer(self._fd)
        os.close(self._fd)
        self._fd = -1

    # --- for pipes -----------------------------------------------------------------------------

    def submit(
        self,
        kind: UrbType,
        address: int,
        memory: bytearray | memoryview,
        end: OnEnd,
        packets: Sequence[int] = (),
    ) -> int:
        """Queue a URB; `end` is called exactly once, from the loop or from `discard`."""
        try:
            urb = self._usbfs.submit(kind, address, memory, packets)
        except OSError as error:
            raise refusal(f"endpoint {address:#04x}", error) from error
        self._ends[urb] = end
        return urb

    def discard(self, urb: int) -> None:
        """End a URB now: `end` has been called when this returns."""
        if urb in self._ends:
            self._usbfs.discard(urb)
            self._reap()

    def clear_halt(self, address: int) -> None:
        """Clear an endpoint's halt."""
        with refusals(f"endpoint {address:#04x}"):
            self._usbfs.clear_halt(address)

    def _reap(self) -> None:
        try:
            while (reaped := self._usbfs.reap()) is not None:
                self._ends.pop(reaped.urb)(reaped)
                if not self._ends:
                    return
        except OSError:
            # ENODEV: unplugged, and every URB was reaped. The node stays writable for ever.
            asyncio.get_running_loop().remove_writer(self._fd)

    def _let_go(self) -> set[int]:
        """Give up all interfaces, so that nobody has them; which of them were taken."""
        taken, self._taken = self._taken, set()
        with contextlib.suppress(OSError):
            for number in taken:
                self._usbfs.release(number)
            for number in self._lent:
                self._revoke(number)
        return taken

    def _revoke(self, number: int) -> None:
        """Take an interface from the driver that it was lent to; its transfers end."""
        if self._usbfs.driver(number) == "usbfs":
            self._usbfs.disconnect(number)

    def _setting(self, number: int, alternate: int) -> InterfaceDescriptor:
        for interface in self.configuration.interfaces:
            if (interface.number, interface.alternate) == (number, alternate):
                return interface
        setting = f"interface {number}" + (f" with setting {alternate}" if alternate else "")
        raise ReturnError(IOReturn.NOT_FOUND, f"device has no {setting}")
