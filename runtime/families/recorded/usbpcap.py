"""Packets of what USBPcap captured on Windows: an IRP on its way to the device, and back.

A control transfer is told in stages; how many bytes were to be read is not told at all.
Source: USBPcap, USBPcapBuffer.h (link type USBPCAP, 249); Windows' usb.h for status codes.
Invariant: pure; every length is compared with what is there.
"""

import errno
import struct

import msgspec

from runtime.families.recorded.packet import Event, Packet
from runtime.model.usb import IsochronousFrame, TransferType
from runtime.wire.limits import FRAMES_OF_TRANSFER

LINK = 249

_HEADER = struct.Struct("<HQIHBHHBBI")
_FROM_DEVICE = 1  # bit of info: the IRP comes back
_KINDS = {
    0: TransferType.ISOCHRONOUS,
    1: TransferType.INTERRUPT,
    2: TransferType.CONTROL,
    3: TransferType.BULK,
}
_SETUP, _DATA, _STATUS, _COMPLETE = range(4)  # stages of a control transfer
_SETUP_BYTES = 8
_FRAMES_AT = _HEADER.size + 12  # behind start frame, number of frames and errors
_FRAME = struct.Struct("<III")  # offset of its data, length, status
_ERRNO = {
    0x00000000: 0,
    0xC0000004: errno.EPIPE,  # USBD_STATUS_STALL_PID
    0xC0000008: errno.EOVERFLOW,  # USBD_STATUS_DATA_OVERRUN
    0xC000000C: errno.EOVERFLOW,  # USBD_STATUS_BUFFER_OVERRUN
    0xC0000030: errno.EPIPE,  # USBD_STATUS_ENDPOINT_HALTED
    0xC0007000: errno.ENODEV,  # USBD_STATUS_DEVICE_GONE
    0xC0010000: errno.ENOENT,  # USBD_STATUS_CANCELED
}


def parse(raw: bytes) -> Packet | None:
    """A packet; None: it tells of no transfer."""
    if len(raw) < _HEADER.size:
        return None
    size, number, status, _, info, bus, address, endpoint, kind, length = _HEADER.unpack_from(raw)
    if kind not in _KINDS or not _HEADER.size <= size <= len(raw):
        return None
    found = Packet(
        number,
        Event.END if info & _FROM_DEVICE else Event.BEGIN,
        _KINDS[kind],
        endpoint,
        (bus, address),
        _ERRNO.get(status, errno.EPROTO) if info & _FROM_DEVICE else 0,
        -1,
        b"",
        raw[size : size + length],
    )
    if found.kind is TransferType.CONTROL:
        return _staged(found, raw[_HEADER.size] if size > _HEADER.size else _COMPLETE)
    if found.kind is TransferType.ISOCHRONOUS:
        return _with_frames(found, raw[_FRAMES_AT:size])
    return found


def _staged(packet: Packet, stage: int) -> Packet | None:
    if stage == _SETUP and len(packet.data) >= _SETUP_BYTES:
        setup, data = packet.data[:_SETUP_BYTES], packet.data[_SETUP_BYTES:]
        length = int.from_bytes(setup[6:], "little")
        return msgspec.structs.replace(packet, setup=setup, data=data, length=length)
    if stage == _DATA:
        return msgspec.structs.replace(packet, event=Event.MORE)
    return packet if stage in (_STATUS, _COMPLETE) and packet.event is Event.END else None


def _with_frames(packet: Packet, described: bytes) -> Packet:
    """Its frames, and their bytes one behind the other."""
    whole = described[: len(described) // _FRAME.size * _FRAME.size]
    known = list(_FRAME.iter_unpack(whole))[:FRAMES_OF_TRANSFER]
    parts = [packet.data[at : at + length] for at, length, _ in known]
    frames = tuple(
        IsochronousFrame(_ERRNO.get(status, errno.EPROTO), len(part))
        for part, (_, _, status) in zip(parts, known, strict=True)
    )
    return msgspec.structs.replace(packet, data=b"".join(parts), frames=frames)
