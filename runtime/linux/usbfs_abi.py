"""usbfs as the kernel's header has it: structures, and the numbers of its ioctls.

Source: linux/usbdevice_fs.h.
Invariant: layouts and numbers only.
"""

import ctypes
import struct

URB = struct.Struct("@BBiIPiiiiiIP")
"""usbdevfs_urb without packets: type, endpoint, status, flags, buffer, buffer_length,
actual_length, start_frame, number_of_packets, error_count, signr, usercontext."""

ENDED = struct.Struct("@4xi20xi")
"""Of a URB, what matters when it has ended: status, actual_length."""

PACKET = struct.Struct("@IIi")
"""usbdevfs_iso_packet_desc, behind its URB: length, actual_length, and status, which the header has
as unsigned, but which holds a negative errno."""


class DriverName(ctypes.Structure):
    """usbdevfs_getdriver."""

    _fields_ = (("interface", ctypes.c_uint), ("driver", ctypes.c_char * 256))


class Claim(ctypes.Structure):
    """usbdevfs_disconnect_claim."""

    _fields_ = (
        ("interface", ctypes.c_uint),
        ("flags", ctypes.c_uint),
        ("driver", ctypes.c_char * 256),
    )


class Setting(ctypes.Structure):
    """usbdevfs_setinterface."""

    _fields_ = (("interface", ctypes.c_uint), ("alternate", ctypes.c_uint))


class DriverIoctl(ctypes.Structure):
    """usbdevfs_ioctl: one for the driver of an interface."""

    _fields_ = (("interface", ctypes.c_int), ("code", ctypes.c_int), ("data", ctypes.c_void_p))


EXCEPT_DRIVER = 2  # of a Claim: unless it is the driver named
ISO_ASAP = 2  # of an Urb's flags

_NONE, _WRITE, _READ = 0, 1, 2
_WORD = ctypes.sizeof(ctypes.c_uint)


def _code(direction: int, number: int, size: int = 0) -> int:
    return direction << 30 | size << 16 | ord("U") << 8 | number


SET_INTERFACE = _code(_READ, 4, ctypes.sizeof(Setting))
SET_CONFIGURATION = _code(_READ, 5, _WORD)
GET_DRIVER = _code(_WRITE, 8, ctypes.sizeof(DriverName))
SUBMIT = _code(_READ, 10, URB.size)
DISCARD = _code(_NONE, 11)
REAP = _code(_WRITE, 13, ctypes.sizeof(ctypes.c_void_p))  # without waiting
RELEASE = _code(_READ, 16, _WORD)
DRIVER_IOCTL = _code(_READ | _WRITE, 18, ctypes.sizeof(DriverIoctl))
RESET = _code(_NONE, 20)
CLEAR_HALT = _code(_READ, 21, _WORD)
DISCONNECT = _code(_NONE, 22)
CONNECT = _code(_NONE, 23)
CLAIM = _code(_READ, 27, ctypes.sizeof(Claim))  # and disconnect who has it
DROP_PRIVILEGES = _code(_WRITE, 30, ctypes.sizeof(ctypes.c_uint32))

FORBID_SUSPEND = _code(_NONE, 33)
ALLOW_SUSPEND = _code(_NONE, 34)
WAIT_FOR_RESUME = _code(_NONE, 35)

DIRECT = (SUBMIT, DISCARD, REAP, CLEAR_HALT, SET_INTERFACE, ALLOW_SUSPEND, FORBID_SUSPEND)
"""What a driver may ask of a node that was opened for it: of its interface alone, by the kernel's
checks. Control transfers are URBs too: a node is passed where they can disturb nobody else."""

BROKER = (
    *DIRECT,
    *(SET_CONFIGURATION, GET_DRIVER, RELEASE, DRIVER_IOCTL, RESET, CLAIM, DROP_PRIVILEGES),
    WAIT_FOR_RESUME,
)
"""What a broker may ask of its device's node."""
