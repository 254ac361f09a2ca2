"""One open hidraw node: reports, the report descriptor, and input events kept from everybody else.

Calls but `read` may wait for the device, for at most the kernel's 5 s; only a broker makes them,
and the interpreter runs on meanwhile. A buffer's first byte is the report's id, 0 where a device
has only reports without one.
Source: linux/hidraw.h, linux/input.h; Documentation/hid/hidraw.rst.
Invariant: no policy; every refusal of the kernel is an OSError with its number.
"""

import fcntl
import os
import struct

from runtime.model.hid import LONGEST_REPORT, ReportType

_WRITE, _READ = 1, 2
_DESCRIPTOR = struct.Struct("=I4096s")  # hidraw_report_descriptor


def _code(direction: int, kind: str, number: int, size: int) -> int:
    return direction << 30 | size << 16 | ord(kind) << 8 | number


DESCRIPTOR_SIZE = _code(_READ, "H", 0x01, 4)
DESCRIPTOR = _code(_READ, "H", 0x02, _DESCRIPTOR.size)
GRAB = _code(_WRITE, "E", 0x90, 4)
_SET = {ReportType.INPUT: 0x09, ReportType.OUTPUT: 0x0B, ReportType.FEATURE: 0x06}
_GET = {ReportType.INPUT: 0x0A, ReportType.OUTPUT: 0x0C, ReportType.FEATURE: 0x07}

SIZE = 0x3FFF << 16
IOCTLS = tuple(
    code & ~SIZE
    for code in (
        *(DESCRIPTOR_SIZE, DESCRIPTOR, GRAB),
        *(_code(_WRITE | _READ, "H", each, 0) for each in (*_SET.values(), *_GET.values())),
    )
)
"""What a process that uses this file has to be allowed, without the bits of `SIZE`: a report's
ioctl says in them how long it is."""


def descriptor(fd: int) -> bytes:
    """The report descriptor, as the kernel's driver uses it."""
    size = bytearray(4)
    fcntl.ioctl(fd, DESCRIPTOR_SIZE, size)
    buffer = bytearray(_DESCRIPTOR.pack(int.from_bytes(size, "little"), b""))
    fcntl.ioctl(fd, DESCRIPTOR, buffer)
    length, content = _DESCRIPTOR.unpack(buffer)
    return bytes(content[:length])


def read(fd: int) -> bytes:
    """The next input report that came; BlockingIOError where none did.

    It begins with its id, and with the report itself where the device numbers none.
    """
    return os.read(fd, LONGEST_REPORT)


def get_report(fd: int, kind: ReportType, report_id: int, length: int) -> bytes:
    """Ask the device for a report of up to so many bytes, the id's among them."""
    buffer = bytearray(length)
    buffer[0] = report_id
    count = fcntl.ioctl(fd, _code(_WRITE | _READ, "H", _GET[kind], length), buffer)
    return bytes(buffer[:count])


def set_report(fd: int, kind: ReportType, report: bytes) -> None:
    """Send a report; an output report by the device's OUT endpoint where it has one."""
    if kind is ReportType.OUTPUT:
        os.write(fd, report)
        return
    code = _code(_WRITE | _READ, "H", _SET[kind], len(report))
    fcntl.ioctl(fd, code, bytearray(report))


def grab(event_node: int, *, on: bool) -> None:
    """Keep what an open event node says from everybody else, or let it go to them again."""
    fcntl.ioctl(event_node, GRAB, int(on))
