"""Transfers of one device out of a capture of its bus.

A capture is usbmon's or USBPcap's, in a pcapng or a pcap file. The device is known by what it said
of itself there; else by its bus and number, which it had when it was dumped; else it is alone.
Invariant: pure; a transfer that never ended is kept as one that the device was silent on.
"""

import errno
from collections import Counter
from collections.abc import Iterator

import msgspec

from runtime.families.recorded import pcap, pcapng, usbmon, usbpcap
from runtime.families.recorded.packet import Event, Packet
from runtime.families.recorded.recording import EXCHANGES, Exchange
from runtime.model.errors import ProblemError
from runtime.model.usb import TransferType

Device = tuple[int, int]  # bus and number
_GET_DEVICE_DESCRIPTOR = bytes.fromhex("8006 0001 0000")
_IDENTITY = slice(8, 12)  # idVendor and idProduct of a device descriptor


def looks_like(data: bytes) -> bool:
    """Whether a file is a capture."""
    return data.startswith((pcapng.MAGIC, *pcap.MAGICS))


def read(data: bytes, device: Device, descriptor: bytes, name: str) -> tuple[Exchange, ...]:
    """The transfers of a device, in the order in which they began.

    Args:
        data: The file.
        device: Its bus and number; (0, 0) where nobody knows.
        descriptor: Its device descriptor.
        name: Of the file, for errors.

    Raises:
        ProblemError: ``invalid``: it holds nothing of that device, or too much.
    """
    every = [
        (owner, exchange)
        for owner, exchange in _paired(_packets(data, name))
        if owner[1]  # number 0 is whatever has none yet
    ]
    wanted = _wanted(every, device, descriptor[_IDENTITY], name)
    return tuple(exchange for owner, exchange in every if owner == wanted)


def _wanted(
    every: list[tuple[Device, Exchange]], device: Device, identity: bytes, name: str
) -> Device:
    devices = Counter(owner for owner, _ in every)
    said = {
        owner: exchange.data[_IDENTITY]
        for owner, exchange in every
        if exchange.setup.startswith(_GET_DEVICE_DESCRIPTOR) and len(exchange.data) >= 12
    }
    known = [each for each in devices if said.get(each) == identity]
    if known:
        return device if device in known else max(known, key=lambda each: devices[each])
    possible = [each for each in devices if each not in said]
    if device in possible:
        return device
    if len(possible) == len(devices) == 1:
        return possible[0]
    vendor, product = (int.from_bytes(part, "little") for part in (identity[:2], identity[2:]))
    here = f", which was {_place(device)} (bus and number)" if device[1] else ""
    others = ", ".join(map(_place, sorted(devices)[:8])) or "none"
    raise ProblemError(
        "invalid",
        f"{name}: expected transfers of device {vendor:04x}:{product:04x}{here}, found {others}",
    )


def _place(device: Device) -> str:
    bus, number = device
    return f"{bus}.{number}"


def _packets(data: bytes, name: str) -> Iterator[Packet]:
    pairs = pcapng.packets(data, name) if data.startswith(pcapng.MAGIC) else pcap.packets(data)
    for count, (link, raw) in enumerate(pairs):
        if count >= 4 * EXCHANGES:
            raise ProblemError("invalid", f"{name}: expected at most {count} packets, found more")
        if link in usbmon.HEADERS:
            packet = usbmon.parse(raw, usbmon.HEADERS[link])
        elif link == usbpcap.LINK:
            packet = usbpcap.parse(raw)
        else:
            raise ProblemError(
                "invalid",
                f"{name}: expected a capture of Linux's usbmon or of USBPcap, found link type "
                f"{link}",
            )
        if packet is not None:
            yield packet


class _Begun(msgspec.Struct):
    place: int
    packet: Packet
    more: bytes = b""


def _paired(packets: Iterator[Packet]) -> list[tuple[Device, Exchange]]:
    begun: dict[tuple[Device, int], _Begun] = {}
    pairs: list[tuple[Device, Exchange]] = []
    place = 0
    for place, packet in enumerate(packets):
        key = packet.device, packet.id
        open_one = begun.get(key)
        if packet.event is Event.BEGIN:
            if packet.setup or packet.kind is not TransferType.CONTROL:
                begun[key] = _Begun(place, packet)
        elif open_one is not None and packet.event is Event.MORE:
            open_one.more += packet.data
        elif open_one is None and packet.data and packet.endpoint & 0x80 and not packet.setup:
            if packet.kind is not TransferType.CONTROL:  # it was asked for before the capture began
                asked = msgspec.structs.replace(packet, length=-1)
                pairs.append((packet.device, _exchange(_Begun(place, asked), packet, place)))
        elif open_one is not None:
            pairs.append((packet.device, _exchange(begun.pop(key), packet, place)))
    for each in begun.values():
        never = msgspec.structs.replace(each.packet, status=errno.EINPROGRESS, data=b"", frames=())
        pairs.append((never.device, _exchange(each, never, place + 1)))
    return sorted(pairs, key=lambda pair: pair[1].began)


def _exchange(begun: _Begun, end: Packet, ended: int) -> Exchange:
    sent = begun.packet
    reads = (sent.setup[0] if sent.setup else sent.endpoint) & 0x80
    data = end.data or begun.more if reads else sent.data + begun.more
    return Exchange(
        sent.kind,
        0 if sent.kind is TransferType.CONTROL else sent.endpoint,
        sent.length,
        data,
        begun.place,
        ended,
        end.status,
        sent.setup,
        end.frames if reads else sent.frames,
    )
