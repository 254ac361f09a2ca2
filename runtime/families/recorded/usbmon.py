"""Packets of what Linux's usbmon captured: a submission, its end, or its failure.

Source: Documentation/usb/usbmon.rst; drivers/usb/mon/mon_bin.c; the link types LINUX_USB (189) and
its mmapped form (220), which alone tells of isochronous frames.
Invariant: pure; every length is compared with what is there.
"""

import struct

import msgspec

from runtime.families.recorded.packet import Event, Packet
from runtime.model.usb import IsochronousFrame, TransferType
from runtime.wire.limits import FRAMES_OF_TRANSFER

HEADERS = {189: 48, 220: 64}
"""Bytes before the data, by link type."""

_HEADER = struct.Struct("<QcBBBHccqiiII8s")
_FRAMES_AT = 60  # how many of them follow the longer header
_FRAME = struct.Struct("<iII4x")  # status, offset of its data, length
_EVENTS = {b"S": Event.BEGIN, b"C": Event.END, b"E": Event.END}
_KINDS = (
    TransferType.ISOCHRONOUS,
    TransferType.INTERRUPT,
    TransferType.CONTROL,
    TransferType.BULK,
)


def parse(raw: bytes, header: int) -> Packet | None:
    """A packet with a header of so many bytes; None: it tells of no transfer."""
    if len(raw) < header:
        return None
    number, event, kind, endpoint, address, bus, no_setup, *rest, setup = _HEADER.unpack_from(raw)
    _, _, _, status, length, captured = rest
    if event not in _EVENTS:
        return None
    found = Packet(
        number,
        _EVENTS[event],
        _KINDS[kind & 3],
        endpoint,
        (bus, address),
        abs(status),
        length,
        setup if no_setup == b"\0" and kind & 3 == 2 else b"",
        raw[header : header + captured],
    )
    isochronous = found.kind is TransferType.ISOCHRONOUS and header > _FRAMES_AT
    return _with_frames(found, raw) if isochronous else found


def _with_frames(packet: Packet, raw: bytes) -> Packet:
    """Its frames, and their bytes one behind the other."""
    count = min(struct.unpack_from("<I", raw, _FRAMES_AT)[0], len(packet.data) // _FRAME.size)
    known = [_FRAME.unpack_from(packet.data, each * _FRAME.size) for each in range(count)][
        :FRAMES_OF_TRANSFER
    ]
    moved = packet.data[count * _FRAME.size :]
    parts = [moved[at : at + length] for _, at, length in known]
    frames = tuple(IsochronousFrame(abs(status), length) for status, _, length in known)
    return msgspec.structs.replace(packet, data=b"".join(parts), frames=frames)
