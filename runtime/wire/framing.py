"""Frames of the client stream: a 4-byte big-endian length, then that many bytes.

Invariant: no I/O; bounded by `limits.FRAME` from clients, `limits.ANSWER` from the runtime.
"""

import struct

from runtime.model.errors import BreachError
from runtime.wire import limits

_LENGTH = struct.Struct(">I")


def frame(payload: bytes, most: int = limits.FRAME) -> bytes:
    """Put a length before a payload of 1 to `most` bytes.

    Raises:
        ValueError: The payload is empty or too long; the caller has a defect.
    """
    if not 0 < len(payload) <= most:
        raise ValueError(f"frame: expected 1 to {most} bytes, found {len(payload)}")
    return _LENGTH.pack(len(payload)) + payload


class FrameReader:
    """Cuts a byte stream into payloads of at most `most` bytes; holds one unfinished frame."""

    def __init__(self, most: int = limits.FRAME) -> None:
        self._most = most
        self._buffer = bytearray()

    def feed(self, data: bytes | memoryview) -> list[bytes]:
        """Take what was received and return the payloads that are now whole.

        Raises:
            BreachError: A length of zero or above the limit.
        """
        self._buffer += data
        payloads: list[bytes] = []
        start = 0
        while len(self._buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer, start)
            if not 0 < length <= self._most:
                raise BreachError(
                    f"frame: expected a length of 1 to {self._most} bytes, found {length}"
                )
            end = start + _LENGTH.size + length
            if len(self._buffer) < end:
                break
            payloads.append(bytes(self._buffer[start + _LENGTH.size : end]))
            start = end
        del self._buffer[:start]
        return payloads
