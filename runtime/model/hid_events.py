"""The keyboard and pointer that event services publish: a report descriptor, and its reports.

Keys are one bit each, so that any number of them can be down at once. Services that say where a
pen or a finger is publish a digitizer with it. Multi-byte fields are little-endian.
Source: HID 1.11; HID Usage Tables 1.4: pages 0x01, 0x07, 0x08, 0x09, 0x0C, 0x0D.
Invariant: pure.
"""

import struct
from collections.abc import Collection, Sequence
from typing import NamedTuple

KEYBOARD, POINTER, CONSUMER, PLACE, STYLUS, TOUCH = range(1, 7)
"""Report ids."""
KEYBOARD_PAGE, LED_PAGE, CONSUMER_PAGE = 0x07, 0x08, 0x0C
FIRST_KEY, LAST_KEY = 0x04, 0xE7
LAST_CONSUMER = 0x3FF
CONSUMER_KEYS = 4  # of the consumer page, down at once
LEDS = 5

EVENT_DESCRIPTOR = bytes.fromhex(
    "0501 0906 a101 8501"  # generic desktop, keyboard, application, report 1
    "0507 1904 29e7 1500 2501 7501 95e4 8102"  # a bit for each key
    "9504 8101"  # four that are nothing
    "0508 1901 2905 9505 9102 9503 9101 c0"  # output: five lamps
    "0501 0902 a101 8502 0901 a100"  # mouse, report 2, pointer
    "0509 1901 2908 9508 8102"  # buttons 1 to 8
    "0501 0930 0931 160180 26ff7f 7510 9502 8106"  # right and down
    "0938 1581 257f 7508 9501 8106"  # wheel
    "050c 0a3802 9501 8106 c0c0"  # wheel to the side
    "050c 0901 a101 8503 1900 2aff03 1500 26ff03 7510 9504 8100 c0"  # consumer keys, report 3
)

FINGERS = 5  # of a digitizer, at once
FARTHEST = 0x7FFF  # the lower or right edge of a digitizer
DIGITIZER_PAGE = 0x0D
_FINGER = (
    "050d 0922 a102 0942 0932 0947 1500 2501 7501 9503 8102 9505 8103"  # tip, in range, meant
    "0951 26ff00 7508 9501 8102"  # contact identifier
    "0501 0930 0931 26ff7f 7510 9502 8102 c0"  # right and down
)
DIGITIZER_DESCRIPTOR = EVENT_DESCRIPTOR + bytes.fromhex(
    "0501 0902 a101 8504 0901 a100"  # mouse, report 4, pointer
    "0509 1901 2908 1500 2501 7501 9508 8102"  # buttons 1 to 8
    "0501 0930 0931 26ff7f 7510 9502 8102 c0c0"  # right and down, absolute
    "050d 0902 a101 8505 0920 a100"  # pen, report 5, stylus
    "0942 0944 093c 0945 0932 1500 2501 7501 9505 8102 9503 8103"  # tip … in range
    "0501 0930 0931 26ff7f 7510 9502 8102"  # right and down
    "050d 0930 9501 8102"  # tip pressure
    "093d 093e 15a6 255a 35a6 455a 6514 7508 9502 8102 3500 4500 6500 c0c0"  # tilt, in degrees
    f"050d 0904 a101 8506 {_FINGER * FINGERS}"  # touch screen, report 6
    "050d 0954 1500 2505 7508 9501 8102"  # contact count
    "0955 b102 c0"  # feature: how many there can be
)

_POINTER = struct.Struct("<BBhhbb")
_STYLUS = struct.Struct("<BBHHHbb")
_TOUCH = struct.Struct("<BBHH")


def keyboard(keys: Collection[int]) -> bytes:
    """The report of these keys being down, each from `FIRST_KEY` to `LAST_KEY`."""
    bits = sum(1 << key - FIRST_KEY for key in set(keys))
    return bytes([KEYBOARD]) + bits.to_bytes((LAST_KEY - FIRST_KEY + 8) // 8, "little")


def pointer(buttons: int, right: int, down: int, wheel: int = 0, aside: int = 0) -> bytes:
    """The report of a movement; buttons are bits, and what is too far is cut."""
    return _POINTER.pack(
        POINTER,
        buttons & 0xFF,
        *(max(-32767, min(32767, far)) for far in (right, down)),
        *(max(-127, min(127, far)) for far in (wheel, aside)),
    )


def consumer(keys: Collection[int]) -> bytes:
    """The report of these keys of the consumer page being down, at most `CONSUMER_KEYS`."""
    down = sorted(keys)[:CONSUMER_KEYS]
    return struct.pack(f"<B{CONSUMER_KEYS}H", CONSUMER, *down, *[0] * (CONSUMER_KEYS - len(down)))


def place(buttons: int, right: int, down: int) -> bytes:
    """The report of a pointer that is somewhere, from 0 to `FARTHEST`; buttons are bits."""
    return struct.pack("<BBHH", PLACE, buttons & 0xFF, _edge(right), _edge(down))


class Pen(NamedTuple):
    """Where a stylus is and what it does: places and pressure from 0 to `FARTHEST`, degrees."""

    right: int = 0
    down: int = 0
    pressure: int = 0
    tilt_right: int = 0
    tilt_down: int = 0
    tip: bool = False
    barrel: bool = False
    inverted: bool = False
    eraser: bool = False
    in_range: bool = False


def stylus(pen: Pen) -> bytes:
    """The report of a stylus."""
    flags = (pen.tip, pen.barrel, pen.inverted, pen.eraser, pen.in_range)
    return _STYLUS.pack(
        STYLUS,
        sum(1 << bit for bit, on in enumerate(flags) if on),
        *(_edge(far) for far in (pen.right, pen.down, pen.pressure)),
        *(max(-90, min(90, tilt)) for tilt in (pen.tilt_right, pen.tilt_down)),
    )


class Finger(NamedTuple):
    """One finger: places from 0 to `FARTHEST`; `meant` is False of a palm."""

    contact: int
    right: int
    down: int
    touches: bool
    in_range: bool
    meant: bool = True


def touch(fingers: Sequence[Finger]) -> bytes:
    """The report of all fingers that are there, at most `FINGERS`."""
    said = fingers[:FINGERS]
    each = [
        _TOUCH.pack(
            one.touches | one.in_range << 1 | one.meant << 2,
            one.contact & 0xFF,
            _edge(one.right),
            _edge(one.down),
        )
        for one in said
    ]
    each += [bytes(_TOUCH.size)] * (FINGERS - len(said))
    return bytes([TOUCH]) + b"".join(each) + bytes([len(said)])


def _edge(far: int) -> int:
    return max(0, min(FARTHEST, far))
