"""A simulated HID device whose reports are its vendor's own: keys and a small ball.

Vendor 0x1209 product 0x0003 is one of pid.codes' test numbers: no real product has it.
Invariant: descriptors and what the model says; nothing that knows a driver.
"""

import struct

from runtime.families.simulated.hid import HidModel, SimulatedHidDevice

REPORT = struct.Struct("<BBbb")
"""Its input report: the key that is down as a usage of the keyboard page or 0, its buttons, and
how far the ball was turned, right and down."""
INTERVAL_MS = 100
_DESCRIPTOR = bytes.fromhex(
    "0600ff 0901 a101"  # vendor page, usage 1, application
    "1500 26ff00 7508"  # bytes
    "9502 0902 0903 8102"  # input: key and buttons
    "1581 257f 9502 0904 0905 8106"  # input, signed, relative: right and down
    "1500 26ff00 9501 0906 9102"  # output: its lamps
    "9508 0907 b102"  # feature: eight bytes that it keeps
    "c0"
)
_KEYS = bytes((0x0B, 0x08, 0x0F, 0x0F, 0x12))  # h e l l o


def keypad() -> SimulatedHidDevice:
    """A new one."""
    model = HidModel(
        name="Sample HID Device",
        manufacturer="IORegistry Inspector",
        serial="SIM0003",
        vendor=0x1209,
        product=0x0003,
        version=0x0100,
        descriptor=_DESCRIPTOR,
    )
    return SimulatedHidDevice(model, report, INTERVAL_MS)


def report(number: int) -> bytes:
    """Its n-th input report: a key, then none; the ball goes round a square."""
    key = 0 if number % 2 else _KEYS[number // 2 % len(_KEYS)]
    right, down = ((2, 0), (0, 2), (-2, 0), (0, -2))[number // 8 % 4]
    return REPORT.pack(key, 0, right, down)
