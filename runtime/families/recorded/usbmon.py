"""Transfers of one device from what Linux's usbmon captured, in a pcapng file.

A packet is a submission, its end, or its failure; the two of one transfer have one id.
Source: Documentation/usb/usbmon.rst; the link types LINUX_USB (189) and its mmapped form (220).
Invariant: pure; a transfer that never ended is kept as one that the device was silent on.
"""

import errno
import struct
from collections import Counter
from collections.abc import Iterator

import msgspec

from runtime.families.recorded import pcapng
from runtime.families.recorded.recording import EXCHANGES, Exchange
from runtime.model.errors import ProblemError
from runtime.model.usb import TransferType

_HEADERS = {189: 48, 220: 64}  # bytes before the data, by link type
_HEADER = struct.Struct("<QcBBBHccqiiII8s")
_KINDS = (
    TransferType.ISOCHRONOUS,
    TransferType.INTERRUPT,
    TransferType.CONTROL,
    TransferType.BULK,
)


class _Packet(msgspec.Struct, frozen=True):
    id: int
    event: bytes  # S, C or E
    kind: TransferType
    endpoint: int
    device: tuple[int, int]  # bus and number
    status: int
    length: int
    setup: bytes  # empty where there is none
    data: bytes


def read(data: bytes, device: tuple[int, int], name: str) -> tuple[Exchange, ...]:
    """The transfers of the device with this bus and number, in the order in which they began.

    A capture of one device only may know it by another number.

    Raises:
        ProblemError: ``invalid``: it holds nothing of that device, or too much.
    """
    found = list(_packets(data, name))
    devices = Counter(packet.device for packet in found if packet.device[1])
    if device not in devices and len(devices) == 1:
        device = next(iter(devices))
    if device not in devices:
        others = ", ".join(f"{bus}.{number}" for bus, number in sorted(devices)[:8]) or "none"
        bus, number = device
        raise ProblemError(
            "invalid", f"{name}: expected transfers of device {bus}.{number}, found {others}"
        )
    return tuple(_paired([packet for packet in found if packet.device == device]))


def _packets(data: bytes, name: str) -> Iterator[_Packet]:
    for count, (link, raw) in enumerate(pcapng.packets(data, name)):
        header = _HEADERS.get(link)
        if header is None:
            raise ProblemError(
                "invalid", f"{name}: expected a capture of Linux's usbmon, found link type {link}"
            )
        if count >= 4 * EXCHANGES:
            raise ProblemError("invalid", f"{name}: expected at most {count} packets, found more")
        if len(raw) >= header:
            yield _packet(raw, header)


def _packet(raw: bytes, header: int) -> _Packet:
    number, event, kind, endpoint, address, bus, no_setup, *rest, setup = _HEADER.unpack_from(raw)
    _, _, _, status, length, captured = rest
    return _Packet(
        number,
        event,
        _KINDS[kind & 3],
        endpoint,
        (bus, address),
        abs(status),
        length,
        setup if no_setup == b"\0" else b"",
        raw[header : header + captured],
    )


def _paired(packets: list[_Packet]) -> list[Exchange]:
    begun: dict[int, tuple[int, _Packet]] = {}
    exchanges: list[Exchange] = []
    for place, packet in enumerate(packets):
        if packet.event == b"S" and (packet.setup or packet.kind is not TransferType.CONTROL):
            begun[packet.id] = place, packet
        elif packet.id in begun:
            exchanges.append(_exchange(*begun.pop(packet.id), packet, place))
    for place, packet in begun.values():
        never = msgspec.structs.replace(packet, status=errno.EINPROGRESS, data=b"")
        exchanges.append(_exchange(place, packet, never, len(packets)))
    return sorted(exchanges, key=lambda exchange: exchange.began)


def _exchange(began: int, sent: _Packet, end: _Packet, ended: int) -> Exchange:
    reads = (sent.setup[0] if sent.setup else sent.endpoint) & 0x80
    return Exchange(
        sent.kind,
        0 if sent.kind is TransferType.CONTROL else sent.endpoint,
        sent.length,
        end.data if reads else sent.data,
        began,
        ended,
        end.status,
        sent.setup,
    )
