"""What a device does wrong, one trick a class; `vhci.py` asks them before it answers.

Invariant: a trick knows the protocol of USB and nothing of who is at the other end.
"""

import errno
import struct
from collections.abc import Callable

from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import ControlRequest

_GET_DESCRIPTOR = 6
_CONFIGURATION, _STRING = 2, 3


class Trick:
    """Nothing wrong: what every other one is a change of. `number` says how much, or when."""

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.over = False  # the device is pulled out
        self.seen = 0  # control requests and transfers so far

    def control(self, request: ControlRequest, answer: bytes) -> bytes:
        """What a control request is answered with; ReturnError: it is stalled."""
        del request  # of others
        return answer

    def transfer(self) -> None:
        """A transfer of another endpoint begins; ReturnError: it ends so."""

    def answer(self, endpoint: int, status: int, count: int) -> tuple[int, int]:
        """Status and bytes of a URB's answer."""
        del endpoint
        return status, count


class _PullAt(Trick):
    """Pulled out at the n-th request or transfer."""

    def control(self, request: ControlRequest, answer: bytes) -> bytes:
        self._step()
        return super().control(request, answer)

    def transfer(self) -> None:
        self._step()

    def _step(self) -> None:
        self.seen += 1
        self.over = self.over or self.seen > self.number


class _StallAll(Trick):
    """Stalls every transfer, and every request behind its first eight."""

    def control(self, request: ControlRequest, answer: bytes) -> bytes:
        self.seen += 1
        if self.seen > 8 + self.number:
            raise ReturnError(IOReturn.USB_PIPE_STALLED)
        return super().control(request, answer)

    def transfer(self) -> None:
        raise ReturnError(IOReturn.USB_PIPE_STALLED)


class _Babble(Trick):
    """Sends more than it was asked for, on every endpoint but 0."""

    def answer(self, endpoint: int, status: int, count: int) -> tuple[int, int]:
        if endpoint & 0x80 and endpoint & 0x7F:
            return -errno.EOVERFLOW, count
        return status, count


class _LongerAnswer(Trick):
    """Says that it took more than it was given.

    Never that it gave more than there is room for: no host controller lets that through, but the
    virtual one of Linux 6.1 does, and usbfs then copies beyond its buffer, which stops the kernel.
    """

    def answer(self, endpoint: int, status: int, count: int) -> tuple[int, int]:
        return (status, count + (1 << 20)) if 0 < endpoint < 0x80 else (status, count)


class _Descriptors(Trick):
    """Changes descriptors on their way."""

    def control(self, request: ControlRequest, answer: bytes) -> bytes:
        reads = (request.request_type, request.request) == (0x80, _GET_DESCRIPTOR)
        if reads and request.value >> 8 == _CONFIGURATION:
            return self.configuration(answer)[: request.length]
        if reads and request.value >> 8 == _STRING and request.value & 0xFF:
            return self.string(answer)[: request.length]
        return answer

    def configuration(self, raw: bytes) -> bytes:
        return raw

    def string(self, raw: bytes) -> bytes:
        return raw


class _Endless(_Descriptors):
    """A configuration of 64 KiB: endpoints without end."""

    def configuration(self, raw: bytes) -> bytes:
        head = bytearray(raw[:9])
        struct.pack_into("<H", head, 2, 0xFFFF)
        rest = raw[9:18] + b"\x07\x05\x81\x02\x40\x00\x00" * (0xFFFF // 7)
        return bytes(head) + rest


class _ZeroLength(_Descriptors):
    """A descriptor in its middle says that it is 0 bytes long."""

    def configuration(self, raw: bytes) -> bytes:
        return raw[:18] + b"\0" + raw[19:]


class _TooLong(_Descriptors):
    """Every descriptor says that it is 255 bytes long."""

    def configuration(self, raw: bytes) -> bytes:
        return raw[:9] + b"\xff" + raw[10:]

    def string(self, raw: bytes) -> bytes:
        return b"\xff" + raw[1:2] + b"\xd8\x00" * 126


class _Truncated(_Descriptors):
    """Its configuration ends where it should begin."""

    def configuration(self, raw: bytes) -> bytes:
        return raw[: 9 + self.number]


class _Interfaces(_Descriptors):
    """Interfaces of the same number, and of numbers that are far apart."""

    def configuration(self, raw: bytes) -> bytes:
        each = b"".join(
            bytes([9, 4, number, 0, 1, 0xFF, 0, 0, 0]) + b"\x07\x05\x81\x02\x40\x00\x00"
            for number in (0, 0, 255, 31, 32, 33, 7)
        )
        head = bytearray(raw[:9])
        struct.pack_into("<HB", head, 2, 9 + len(each), 255)
        return bytes(head) + each


class _Endpoints(_Descriptors):
    """Endpoints 0, of every type, twice the same, of sizes that there are not."""

    def configuration(self, raw: bytes) -> bytes:
        points = [(0x00, 0), (0x80, 0), (0x81, 2), (0x81, 3), (0x01, 0), (0xFF, 2), (0x02, 0xFF)]
        ends = b"".join(
            struct.pack("<BBBBHB", 7, 5, address, kind, 0xFFFF, 255) for address, kind in points
        )
        head = bytearray(raw[:9])
        struct.pack_into("<HB", head, 2, 18 + len(ends), 1)
        return bytes(head) + bytes([9, 4, 0, 0, len(points), 0xFF, 0, 0, 0]) + ends


TRICKS: dict[str, Callable[[int], Trick]] = {
    "honest": Trick,
    "pulled": _PullAt,
    "stalls": _StallAll,
    "babbles": _Babble,
    "longer": _LongerAnswer,
    "endless": _Endless,
    "zero-length": _ZeroLength,
    "too-long": _TooLong,
    "truncated": _Truncated,
    "interfaces": _Interfaces,
    "endpoints": _Endpoints,
}
"""By what they are called on the command line."""
