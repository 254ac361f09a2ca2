"""Reads the packets of a pcapng file, in either byte order.

A few blocks are all that a capture of a bus has; a general library would parse names, options
and secrets that nobody needs, without a bound on what it takes.
Source: draft-ietf-opsawg-pcapng. Invariant: pure; every length is compared with what is there.
"""

import struct
from collections.abc import Iterator

from runtime.model.errors import ProblemError

MAGIC = b"\x0a\x0d\x0d\x0a"
_SECTION, _INTERFACE, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 3, 6
_INTERFACES = 64


def packets(data: bytes, name: str) -> Iterator[tuple[int, bytes]]:
    """Link type and captured bytes of each packet; a file that was cut ends where it was cut.

    Raises:
        ProblemError: ``invalid``: it is no pcapng file, or a block of it makes no sense.
    """
    if not data.startswith(MAGIC):
        raise ProblemError("invalid", f"{name}: expected a pcapng file, found another")
    at, order = 0, "<"
    links: list[int] = []
    while at + 12 <= len(data):
        if data.startswith(MAGIC, at):
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            links = []
        kind, length = struct.unpack_from(f"{order}II", data, at)
        if length < 12 or length % 4:
            raise ProblemError(
                "invalid", f"{name}: at {at}: expected a block, found one of {length} bytes"
            )
        body = data[at + 8 : at + length - 4]
        if at + length > len(data):
            return
        if kind == _INTERFACE and len(body) >= 8 and len(links) < _INTERFACES:
            links.append(struct.unpack_from(f"{order}H", body)[0])
        elif kind == _ENHANCED and len(body) >= 20:
            interface, _, _, captured = struct.unpack_from(f"{order}4I", body)
            if interface < len(links):
                yield links[interface], body[20 : 20 + captured]
        elif kind == _SIMPLE and links:
            yield links[0], body[4:]
        at += length
