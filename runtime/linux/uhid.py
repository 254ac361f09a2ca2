"""A HID device of our own making: messages to and from an open /dev/uhid.

Closing the descriptor takes the device away. The kernel's own questions wait for 5 s.
Source: linux/uhid.h; Documentation/hid/uhid.rst; drivers/hid/uhid.c.
Invariant: no policy; no call waits.
"""

import os
import struct

import msgspec

from runtime.model.hid import ReportType

NODE = "/dev/uhid"
MODULE = "/sys/class/misc/uhid"
"""There while the kernel has the module: opening the node without it waits for modprobe."""

LONGEST_REPORT = 4096  # bytes
BUS_USB, BUS_BLUETOOTH, BUS_VIRTUAL = 0x03, 0x05, 0x06  # linux/input.h

_DESTROY, _OUTPUT, _CREATE, _INPUT = 1, 6, 11, 12
_GET, _GET_REPLY, _SET, _SET_REPLY = 9, 10, 13, 14
_EVENT = 4380  # bytes of a whole struct uhid_event: the longest is that of _CREATE
_HEAD = struct.Struct("=I")
_CREATE_HEAD = struct.Struct("=I128s64s64sHHIIII")
_GET_REQUEST = struct.Struct("=IBB")
_SET_REQUEST = struct.Struct("=IBBH")
_OUTPUT_TAIL = struct.Struct("=HB")
_KINDS = {0: ReportType.FEATURE, 1: ReportType.OUTPUT, 2: ReportType.INPUT}


class Identity(msgspec.Struct, frozen=True):
    """Who a device says it is; names are cut to what the kernel keeps (127 and 63 bytes)."""

    name: str
    physical: str
    serial: str
    bus: int
    vendor: int
    product: int
    version: int
    country: int


class Asked(msgspec.Struct, frozen=True):
    """What the kernel asks of a device: to take a report, or to give one.

    `request` goes into the answer; 0 with `wants_answer` False.
    """

    request: int
    sets: bool
    kind: ReportType
    report_id: int
    report: bytes = b""
    wants_answer: bool = True


def create(fd: int, identity: Identity, descriptor: bytes) -> None:
    """Make the device; the system sees it soon after. Once for a descriptor of a file."""
    texts = (_cut(identity.name, 128), _cut(identity.physical, 64), _cut(identity.serial, 64))
    numbers = (identity.vendor, identity.product, identity.version, identity.country)
    head = _CREATE_HEAD.pack(_CREATE, *texts, len(descriptor), identity.bus, *numbers)
    os.write(fd, head + descriptor)


def destroy(fd: int) -> None:
    """Take the device away; another one may be made."""
    os.write(fd, _HEAD.pack(_DESTROY))


def send(fd: int, report: bytes) -> None:
    """Have the device say an input report of at most `LONGEST_REPORT` bytes."""
    os.write(fd, struct.pack("=IH", _INPUT, len(report)) + report)


def answer(fd: int, asked: Asked, error: int, report: bytes = b"") -> None:
    """Answer what was asked: 0, or an errno."""
    if asked.sets:
        os.write(fd, struct.pack("=IIH", _SET_REPLY, asked.request, error))
        return
    head = struct.pack("=IIHH", _GET_REPLY, asked.request, error, len(report))
    os.write(fd, head + report)


def receive(fd: int) -> Asked | None:
    """The next thing that the kernel says; None where it asks for nothing.

    BlockingIOError: there is nothing.
    """
    event = os.read(fd, _EVENT)
    (kind,), body = _HEAD.unpack_from(event), event[_HEAD.size :]
    if kind == _OUTPUT:
        size, rtype = _OUTPUT_TAIL.unpack_from(body, LONGEST_REPORT)
        report = body[: min(size, LONGEST_REPORT)]
        return Asked(0, True, _KINDS.get(rtype, ReportType.OUTPUT), 0, report, wants_answer=False)
    if kind == _GET:
        request, number, rtype = _GET_REQUEST.unpack_from(body)
        return Asked(request, False, _KINDS.get(rtype, ReportType.FEATURE), number)
    if kind == _SET:
        request, number, rtype, size = _SET_REQUEST.unpack_from(body)
        report = body[_SET_REQUEST.size :][:size]
        return Asked(request, True, _KINDS.get(rtype, ReportType.FEATURE), number, report)
    return None


def _cut(text: str, size: int) -> bytes:
    """Text as the kernel keeps it: ended by a zero, and never in the middle of a character."""
    return text.encode()[: size - 1].decode(errors="ignore").encode()
