"""The simulated devices that come with the program.

Vendor 0x1209 product 0x0001 is pid.codes' test pair: no real product has it.
Invariant: values only.
"""

import struct
from collections.abc import Callable

from runtime.families.simulated.device import SimulatedDevice
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


MODELS: dict[str, Callable[[], SimulatedDevice]] = {"sample": sample}
"""What `dext plug MODEL` can plug, by name."""
