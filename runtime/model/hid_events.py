"""The keyboard and pointer that event services publish: one report descriptor, and its reports.

Keys are one bit each, so that any number of them can be down at once. Multi-byte fields are
little-endian.
Source: HID 1.11; HID Usage Tables 1.4: pages 0x01, 0x07, 0x08, 0x09, 0x0C.
Invariant: pure.
"""

import struct
from collections.abc import Collection

KEYBOARD, POINTER, CONSUMER = 1, 2, 3
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

_POINTER = struct.Struct("<BBhhbb")


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
