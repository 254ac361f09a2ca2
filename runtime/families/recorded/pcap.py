"""Reads the packets of a pcap file, the older form of a capture, in either byte order.

Source: draft-ietf-opsawg-pcap. Invariant: pure; every length is compared with what is there.
"""

import struct
from collections.abc import Iterator

_ORDERS = {
    b"\xd4\xc3\xb2\xa1": "<",
    b"\x4d\x3c\xb2\xa1": "<",  # with nanoseconds
    b"\xa1\xb2\xc3\xd4": ">",
    b"\xa1\xb2\x3c\x4d": ">",
}
MAGICS = tuple(_ORDERS)
_HEADER, _RECORD = 24, 16


def packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Link type and captured bytes of each packet; a file that was cut ends where it was cut."""
    order, at = _ORDERS[data[:4]], _HEADER
    if len(data) < _HEADER:
        return
    link = struct.unpack_from(f"{order}I", data, 20)[0] & 0xFFFF
    while at + _RECORD <= len(data):
        captured = struct.unpack_from(f"{order}I", data, at + 8)[0]
        at += _RECORD
        if at + captured > len(data):
            return
        yield link, data[at : at + captured]
        at += captured
