"""The simulated devices that come with the program.

Vendor 0x1209 products 0x0001 and 0x0002 are pid.codes' test pairs: no real product has them.
Invariant: values only.
"""

import struct
from collections.abc import Callable

from runtime.families.hid.interface import ServedHidDevice
from runtime.families.provider import ServedDevice
from runtime.families.simulated.device import SimulatedDevice
from runtime.families.simulated.hid import HidModel, SimulatedHidDevice
from runtime.families.usb.interface import ServedUsbDevice
from runtime.model.usb import (
    ConfigurationDescriptor,
    DeviceDescriptor,
    EndpointDescriptor,
    InterfaceDescriptor,
)

INTERRUPT_IN = 0x81
INTERVAL_MS = 250
REPORT = struct.Struct("<IHH")
"""The sample's packet, little-endian: packet number, a slow triangle wave, zero."""


def _report(number: int) -> bytes:
    phase = number % 64
    return REPORT.pack(number & 0xFFFFFFFF, min(phase, 64 - phase) * 32, 0)


def sample() -> SimulatedDevice:
    """A full-speed device with one vendor interface whose interrupt endpoint has data."""
    endpoint = EndpointDescriptor(
        INTERRUPT_IN, attributes=3, max_packet_size=8, interval=INTERVAL_MS
    )
    interface = InterfaceDescriptor(
        number=0, alternate=0, cls=0xFF, subclass=0, protocol=0, endpoints=(endpoint,)
    )
    configuration = ConfigurationDescriptor(
        value=1, attributes=0x80, max_power=50, interfaces=(interface,)
    )
    descriptor = DeviceDescriptor(
        usb_version=0x0200,
        cls=0,
        subclass=0,
        protocol=0,
        max_packet_size=64,
        vendor=0x1209,
        product=0x0001,
        device_version=0x0100,
        manufacturer="IORegistry Inspector",
        product_name="Sample USB Device",
        serial="SIM0001",
        configurations=(configuration,),
    )
    return SimulatedDevice(descriptor, {INTERRUPT_IN: _report}, {})


KEYPAD_REPORT = struct.Struct("<BBbb")
"""The keypad's input report: its key as a keyboard usage or 0, its buttons, and how far it was
moved, right and down."""
KEYPAD_INTERVAL_MS = 100
KEYPAD_DESCRIPTOR = bytes.fromhex(
    "0600ff 0901 a101"  # vendor page, usage 1, application
    "1500 26ff00 7508"  # bytes
    "9502 0902 0903 8102"  # input: key and buttons
    "1581 257f 9502 0904 0905 8106"  # input, signed, relative: right and down
    "1500 26ff00 9501 0906 9102"  # output: its lamps
    "9508 0907 b102"  # feature: eight bytes that it keeps
    "c0"
)
_KEYS = bytes((0x0B, 0x08, 0x0F, 0x0F, 0x12))  # h e l l o


def _keypad_report(number: int) -> bytes:
    key = 0 if number % 2 else _KEYS[number // 2 % len(_KEYS)]
    right, down = ((2, 0), (0, 2), (-2, 0), (0, -2))[number // 8 % 4]
    return KEYPAD_REPORT.pack(key, 0, right, down)


def keypad() -> SimulatedHidDevice:
    """A HID device whose reports are its vendor's own: keys and a small ball."""
    model = HidModel(
        name="Sample HID Device",
        manufacturer="IORegistry Inspector",
        serial="SIM0002",
        vendor=0x1209,
        product=0x0002,
        version=0x0100,
        descriptor=KEYPAD_DESCRIPTOR,
    )
    return SimulatedHidDevice(model, _keypad_report, KEYPAD_INTERVAL_MS)


SimulatedModel = SimulatedDevice | SimulatedHidDevice

MODELS: dict[str, Callable[[], SimulatedModel]] = {"sample": sample, "sample-hid": keypad}
"""What `dext plug MODEL` can plug, by name."""


def serve(model: str) -> ServedDevice:
    """A new device of a model, as a broker serves it."""
    device = MODELS[model]()
    if isinstance(device, SimulatedHidDevice):
        return ServedHidDevice(device)
    return ServedUsbDevice(device)
