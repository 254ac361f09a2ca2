"""One open USB device node: URBs, interfaces, and the way back to the kernel's driver.

A submitted URB is reaped exactly once, in the order in which the kernel finished them; its
memory is kept until then. Calls but `reap` and `submit` may wait, `discard` for the controller,
the others for the device, for at most the kernel's 5 s; only who may wait makes them.
Source: linux/usbdevice_fs.h, drivers/usb/core/devio.c.
Invariant: no policy; every refusal of the kernel is an OSError with its number.
"""

import ctypes
import enum
import errno
import os
from collections.abc import Sequence

import msgspec

from runtime.linux import usbfs_abi as abi

_libc = ctypes.PyDLL(None, use_errno=True)  # keeps the GIL: most of these calls are short
_ioctl = _libc.ioctl
_ioctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p)
_waiting_ioctl = ctypes.CDLL(None, use_errno=True).ioctl  # for those that wait for the device
_waiting_ioctl.argtypes = _ioctl.argtypes

_Byte = ctypes.c_char
_Urb = _Byte * abi.URB.size  # one without packets
_DESCRIPTORS = 64 << 10  # far more than any device has
ISOCHRONOUS_PACKETS = 128  # of one URB: the kernel's own limit


class UrbType(enum.IntEnum):
    """usbdevfs_urb.type, by the kernel's numbers, which are those of bmAttributes but one."""

    ISOCHRONOUS = 0
    INTERRUPT = 1
    CONTROL = 2
    BULK = 3


class Reaped(msgspec.Struct, frozen=True):
    """A URB that has ended: 0 or a negative errno, the bytes moved, and its memory.

    What a URB read is at the start of the memory, that of a control URB behind the SETUP packet,
    that of an isochronous one at each packet's own place. `packets`: status and bytes of each.
    """

    urb: int
    status: int
    count: int
    memory: bytearray | memoryview
    packets: tuple[tuple[int, int], ...] = ()


class Usbfs:
    """An open node; the descriptor stays the caller's. It is writable when one can be reaped."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._urbs: dict[int, _Submitted] = {}
        self._reaped = ctypes.c_void_p()

    def descriptors(self) -> bytes:
        """The device descriptor, and every configuration's behind it, as the kernel read them."""
        return os.pread(self._fd, _DESCRIPTORS, 0)

    def submit(
        self,
        kind: UrbType,
        endpoint: int,
        memory: bytearray | memoryview,
        packets: Sequence[int] = (),
    ) -> int:
        """Queue a URB that sends this memory, or fills it; its number.

        The memory is the kernel's until the URB is reaped: it keeps its size and its place. Of a
        control URB it begins with the SETUP packet. `packets` are the lengths of an isochronous
        URB's, at most `ISOCHRONOUS_PACKETS`, in sum the memory's.
        """
        submitted = _Submitted(kind, endpoint, memory, packets)
        number = submitted.number
        if _ioctl(self._fd, abi.SUBMIT, number) < 0:
            raise _error()
        self._urbs[number] = submitted
        return number

    def discard(self, urb: int) -> None:
        """End a URB; it can be reaped when this returns. One that has ended is left alone."""
        try:
            self._wait(abi.DISCARD, urb)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENODEV):
                raise

    def reap(self) -> Reaped | None:
        """The next URB that has ended; None while there is none.

        OSError ENODEV: the device is gone, and all were reaped.
        """
        if _ioctl(self._fd, abi.REAP, ctypes.addressof(self._reaped)) < 0:
            if ctypes.get_errno() == errno.EAGAIN:
                return None
            raise _error()
        return self._urbs.pop(self._reaped.value or 0).ended()

    def claim(self, interface: int) -> None:
        """Take an interface from the kernel driver that has it; not from another program."""
        claim = abi.Claim(interface=interface, flags=abi.EXCEPT_DRIVER, driver=b"usbfs")
        self._wait(abi.CLAIM, ctypes.addressof(claim))

    def release(self, interface: int) -> None:
        """Let an interface go; nobody has it then."""
        number = ctypes.c_uint(interface)
        self._wait(abi.RELEASE, ctypes.addressof(number))

    def connect(self, interface: int) -> None:
        """Let the kernel look for a driver for an interface that nobody has."""
        request = abi.DriverIoctl(interface=interface, code=abi.CONNECT)
        self._wait(abi.DRIVER_IOCTL, ctypes.addressof(request))

    def disconnect(self, interface: int) -> None:
        """Take an interface from whoever has it, also from another program; nobody has it then."""
        request = abi.DriverIoctl(interface=interface, code=abi.DISCONNECT)
        self._wait(abi.DRIVER_IOCTL, ctypes.addressof(request))

    def drop_privileges(self, interfaces: int) -> None:
        """Leave this descriptor, for ever, nothing but these interfaces (a bit each)."""
        mask = ctypes.c_uint32(interfaces)
        self._call(abi.DROP_PRIVILEGES, ctypes.addressof(mask))

    def driver(self, interface: int) -> str:
        """The name of the kernel driver that has an interface; empty when none has."""
        asked = abi.DriverName(interface=interface)
        try:
            self._call(abi.GET_DRIVER, ctypes.addressof(asked))
        except OSError as error:
            if error.errno != errno.ENODATA:
                raise
            return ""
        return bytes(asked.driver).decode(errors="replace")

    def clear_halt(self, endpoint: int) -> None:
        """Clear an endpoint's halt, in the device and in the host."""
        address = ctypes.c_uint(endpoint)
        self._wait(abi.CLEAR_HALT, ctypes.addressof(address))

    def set_interface(self, interface: int, alternate: int) -> None:
        """Choose an interface's alternate setting."""
        setting = abi.Setting(interface=interface, alternate=alternate)
        self._wait(abi.SET_INTERFACE, ctypes.addressof(setting))

    def set_configuration(self, value: int) -> None:
        """Choose the device's configuration; all its interfaces come anew. EBUSY: one is in use."""
        number = ctypes.c_uint(value)
        self._wait(abi.SET_CONFIGURATION, ctypes.addressof(number))

    def reset(self) -> None:
        """Reset the device; it has its configuration and settings again afterwards."""
        self._wait(abi.RESET, None)

    def allow_suspend(self) -> None:
        """Let the device sleep as far as this open is concerned. ENOTTY: a kernel before 5.5."""
        self._wait(abi.ALLOW_SUSPEND, None)

    def forbid_suspend(self) -> None:
        """Have it awake, as it is until `allow_suspend`; no URB is taken before that."""
        self._wait(abi.FORBID_SUSPEND, None)

    def wait_for_resume(self) -> None:
        """Wait until the device has resumed, once since `allow_suspend`, or is gone."""
        self._wait(abi.WAIT_FOR_RESUME, None)

    def _call(self, code: int, argument: int) -> None:
        if _ioctl(self._fd, code, argument) < 0:
            raise _error()

    def _wait(self, code: int, argument: int | None) -> None:
        if _waiting_ioctl(self._fd, code, argument) < 0:
            raise _error()


class _Submitted:
    """A URB with its memory, which must not move before it is reaped."""

    __slots__ = ("_block", "_held", "_memory", "_packets", "number")

    def __init__(
        self,
        kind: UrbType,
        endpoint: int,
        memory: bytearray | memoryview,
        packets: Sequence[int],
    ) -> None:
        self._memory, self._packets = memory, len(packets)
        size = len(memory)
        self._held = _Byte.from_buffer(memory) if size else None  # it stays in its place
        address = ctypes.addressof(self._held) if self._held is not None else 0
        flags = abi.ISO_ASAP if packets else 0
        self._block = self._room(packets) if packets else _Urb()
        abi.URB.pack_into(
            self._block, 0, kind, endpoint, 0, flags, address, size, 0, 0, len(packets), 0, 0, 0
        )
        self.number = ctypes.addressof(self._block)

    @staticmethod
    def _room(packets: Sequence[int]) -> "ctypes.Array[ctypes.c_char]":
        block = (_Byte * (abi.URB.size + abi.PACKET.size * len(packets)))()
        for index, length in enumerate(packets):
            at = abi.URB.size + abi.PACKET.size * index
            abi.PACKET.pack_into(block, at, length, 0, 0)
        return block

    def ended(self) -> Reaped:
        status, count = abi.ENDED.unpack_from(self._block)
        if not self._packets:
            return Reaped(self.number, status, count, self._memory)
        packets = abi.PACKET.iter_unpack(memoryview(self._block)[abi.URB.size :])
        ends = tuple((status, count) for _, count, status in packets)
        return Reaped(self.number, status, count, self._memory, ends)


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"usbfs: {os.strerror(number)}")
