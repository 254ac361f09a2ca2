"""One open USB device node: URBs, interfaces, and the way back to the kernel's driver.

A submitted URB is reaped exactly once, in the order in which the kernel finished them; its
memory is kept until then. Calls but `reap` and `submit` may wait for the device, for at most the
kernel's 5 s; only a broker makes them.
Source: linux/usbdevice_fs.h, drivers/usb/core/devio.c.
Invariant: no policy; every refusal of the kernel is an OSError with its number.
"""

import ctypes
import enum
import errno
import os

import msgspec

from runtime.linux.libc import function


class UrbType(enum.IntEnum):
    """usbdevfs_urb.type, by the kernel's numbers."""

    INTERRUPT = 1
    CONTROL = 2
    BULK = 3


class _Urb(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_ubyte),
        ("endpoint", ctypes.c_ubyte),
        ("status", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("buffer", ctypes.c_void_p),
        ("buffer_length", ctypes.c_int),
        ("actual_length", ctypes.c_int),
        ("start_frame", ctypes.c_int),
        ("number_of_packets", ctypes.c_int),
        ("error_count", ctypes.c_int),
        ("signr", ctypes.c_uint),
        ("usercontext", ctypes.c_void_p),
    )


class _Driver(ctypes.Structure):
    """usbdevfs_getdriver."""

    _fields_ = (("interface", ctypes.c_uint), ("driver", ctypes.c_char * 256))


class _Claim(ctypes.Structure):
    """usbdevfs_disconnect_claim."""

    _fields_ = (
        ("interface", ctypes.c_uint),
        ("flags", ctypes.c_uint),
        ("driver", ctypes.c_char * 256),
    )


class _Ioctl(ctypes.Structure):
    """usbdevfs_ioctl: one for the driver of an interface."""

    _fields_ = (("interface", ctypes.c_int), ("code", ctypes.c_int), ("data", ctypes.c_void_p))


_NONE, _WRITE, _READ = 0, 1, 2
_EXCEPT_DRIVER = 2
_DESCRIPTORS = 64 << 10  # far more than any device has


def _code(direction: int, number: int, size: int = 0) -> int:
    return direction << 30 | size << 16 | ord("U") << 8 | number


_WORD = ctypes.sizeof(ctypes.c_uint)
GET_DRIVER = _code(_WRITE, 8, ctypes.sizeof(_Driver))
SUBMIT = _code(_READ, 10, ctypes.sizeof(_Urb))
DISCARD = _code(_NONE, 11)
REAP = _code(_WRITE, 13, ctypes.sizeof(ctypes.c_void_p))  # without waiting
RELEASE = _code(_READ, 16, _WORD)
DRIVER_IOCTL = _code(_READ | _WRITE, 18, ctypes.sizeof(_Ioctl))
CLEAR_HALT = _code(_READ, 21, _WORD)
CONNECT = _code(_NONE, 23)
CLAIM = _code(_READ, 27, ctypes.sizeof(_Claim))  # and disconnect who has it

IOCTLS = (
    *(GET_DRIVER, SUBMIT, DISCARD, REAP),
    *(RELEASE, DRIVER_IOCTL, CLEAR_HALT, CLAIM),
)
"""What a process that uses this file has to be allowed."""


class Reaped(msgspec.Struct, frozen=True):
    """A URB that has ended: 0 or a negative errno, the bytes moved, and its buffer.

    What a URB read is at the start of the buffer, that of a control URB behind the SETUP packet.
    """

    urb: int
    status: int
    count: int
    buffer: bytes


class Usbfs:
    """An open node; the descriptor stays the caller's. It is writable when one can be reaped."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._urbs: dict[int, tuple[_Urb, ctypes.Array[ctypes.c_char]]] = {}

    def descriptors(self) -> bytes:
        """The device descriptor, and every configuration's behind it, as the kernel read them."""
        return os.pread(self._fd, _DESCRIPTORS, 0)

    def submit(self, kind: UrbType, endpoint: int, buffer: bytes) -> int:
        """Queue a URB that sends `buffer`, or reads up to as many bytes; its number.

        Of a control URB the buffer begins with the SETUP packet.
        """
        memory = ctypes.create_string_buffer(buffer, len(buffer))
        urb = _Urb(type=kind, endpoint=endpoint, buffer_length=len(buffer))
        urb.buffer = ctypes.addressof(memory)
        number = ctypes.addressof(urb)
        self._ioctl(SUBMIT, number)
        self._urbs[number] = (urb, memory)
        return number

    def discard(self, urb: int) -> None:
        """End a URB; it can be reaped when this returns. One that has ended is left alone."""
        try:
            self._ioctl(DISCARD, urb)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENODEV):
                raise

    def reap(self) -> Reaped | None:
        """The next URB that has ended; None while there is none.

        OSError ENODEV: the device is gone, and all were reaped.
        """
        pointer = ctypes.c_void_p()
        try:
            self._ioctl(REAP, ctypes.addressof(pointer))
        except BlockingIOError:
            return None
        number = pointer.value or 0
        urb, memory = self._urbs.pop(number)
        return Reaped(number, urb.status, urb.actual_length, memory.raw)

    def claim(self, interface: int) -> None:
        """Take an interface from the kernel driver that has it; not from another program."""
        claim = _Claim(interface=interface, flags=_EXCEPT_DRIVER, driver=b"usbfs")
        self._ioctl(CLAIM, ctypes.addressof(claim))

    def release(self, interface: int) -> None:
        """Let an interface go; nobody has it then."""
        number = ctypes.c_uint(interface)
        self._ioctl(RELEASE, ctypes.addressof(number))

    def connect(self, interface: int) -> None:
        """Let the kernel look for a driver for an interface that nobody has."""
        request = _Ioctl(interface=interface, code=CONNECT)
        self._ioctl(DRIVER_IOCTL, ctypes.addressof(request))

    def driver(self, interface: int) -> str:
        """The name of the kernel driver that has an interface; empty when none has."""
        asked = _Driver(interface=interface)
        try:
            self._ioctl(GET_DRIVER, ctypes.addressof(asked))
        except OSError as error:
            if error.errno != errno.ENODATA:
                raise
            return ""
        return bytes(asked.driver).decode(errors="replace")

    def clear_halt(self, endpoint: int) -> None:
        """Clear an endpoint's halt, in the device and in the host."""
        address = ctypes.c_uint(endpoint)
        self._ioctl(CLEAR_HALT, ctypes.addressof(address))

    def _ioctl(self, code: int, argument: int) -> None:
        function("ioctl", self._fd, code, argument)
