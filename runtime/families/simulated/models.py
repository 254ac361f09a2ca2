"""The simulated devices that come with the program.

Vendor 0x1209 products 0x0001 and 0x0002 are pid.codes' test numbers: no real product has them.
Invariant: descriptors and what a model does; nothing that knows a driver.
"""

import struct
from collections.abc import Callable, Mapping

from runtime.families.simulated.device import SimulatedDevice
from runtime.families.simulated.endpoints import Echo, Source
from runtime.families.simulated.pipe import Endpoint
from runtime.model.usb import (
    ConfigurationDescriptor,
    ControlRequest,
    DeviceDescriptor,
    EndpointDescriptor,
    InterfaceDescriptor,
)

INTERRUPT_IN = 0x81
INTERVAL_MS = 250
REPORT = struct.Struct("<IHH")
"""The sample's packet, little-endian: packet number, a slow triangle wave, zero."""

BULK_OUT, BULK_IN, ISOCHRONOUS_OUT, ISOCHRONOUS_IN, COUNTER_IN = 0x01, 0x82, 0x03, 0x84, 0x85
BULK_PACKET, ISOCHRONOUS_PACKET, COUNTER_MS = 64, 32, 8
HALT, READ_LAST, WRITE_LAST = 1, 2, 3
"""The loopback's vendor requests: halt endpoint `wIndex`; read and write a few bytes."""

_BULK, _ISOCHRONOUS, _INTERRUPT = 2, 1, 3
_VENDOR_CLASS = 0xFF


class _Sample:
    def __init__(self) -> None:
        self.endpoints: Mapping[int, Endpoint] = {INTERRUPT_IN: Source(_report)}

    def request(self, request: ControlRequest, data: bytes) -> bytes | None:
        """It has none."""

    def attach(self, resume: Callable[[], None]) -> None:
        """Its endpoint always has something to read."""


class _Loopback:
    def __init__(self) -> None:
        self._bulk, self._frames = Echo(BULK_PACKET), Echo(ISOCHRONOUS_PACKET)
        self.endpoints: Mapping[int, Endpoint] = {
            BULK_OUT: self._bulk,
            BULK_IN: self._bulk,
            ISOCHRONOUS_OUT: self._frames,
            ISOCHRONOUS_IN: self._frames,
            COUNTER_IN: Source(_report),
        }
        self._last = b""

    def request(self, request: ControlRequest, data: bytes) -> bytes | None:
        """See `HALT` and what is beside it."""
        endpoint = self.endpoints.get(request.index & 0xFF)
        reads = bool(request.request_type & 0x80)
        if request.request == READ_LAST and reads:
            return self._last
        if request.request == WRITE_LAST and not reads:
            self._last = data
            return b""
        if request.request == HALT and endpoint is not None:
            endpoint.halted = True
            self._bulk.resume()
            return b""
        return None

    def attach(self, resume: Callable[[], None]) -> None:
        """What was sent can be read."""
        self._bulk.resume = self._frames.resume = resume


def sample() -> SimulatedDevice:
    """A full-speed device with one vendor interface whose interrupt endpoint has data."""
    endpoint = EndpointDescriptor(INTERRUPT_IN, _INTERRUPT, 8, INTERVAL_MS)
    interface = InterfaceDescriptor(0, 0, _VENDOR_CLASS, 0, 0, 0, (endpoint,))
    return SimulatedDevice(_device(1, "Sample USB Device", "SIM0001", (interface,)), _Sample())


def loopback() -> SimulatedDevice:
    """A full-speed device of two vendor interfaces; the first returns what is sent to it.

    Interface 0: bulk; in alternate setting 1, isochronous. Interface 1: an interrupt endpoint
    with data.
    """
    bulk = (
        EndpointDescriptor(BULK_OUT, _BULK, BULK_PACKET, 0),
        EndpointDescriptor(BULK_IN, _BULK, BULK_PACKET, 0),
    )
    frames = (
        EndpointDescriptor(ISOCHRONOUS_OUT, _ISOCHRONOUS, ISOCHRONOUS_PACKET, 1),
        EndpointDescriptor(ISOCHRONOUS_IN, _ISOCHRONOUS, ISOCHRONOUS_PACKET, 1),
    )
    counter = EndpointDescriptor(COUNTER_IN, _INTERRUPT, 8, COUNTER_MS)
    interfaces = (
        InterfaceDescriptor(0, 0, _VENDOR_CLASS, 0, 0, 0, bulk),
        InterfaceDescriptor(0, 1, _VENDOR_CLASS, 0, 0, 0, frames),
        InterfaceDescriptor(1, 0, _VENDOR_CLASS, 0, 0, 0, (counter,)),
    )
    return SimulatedDevice(_device(2, "Loopback USB Device", "SIM0002", interfaces), _Loopback())


MODELS: dict[str, Callable[[], SimulatedDevice]] = {"sample": sample, "loopback": loopback}
"""What `dext plug MODEL` can plug, by name."""


def _report(number: int) -> bytes:
    phase = number % 64
    return REPORT.pack(number & 0xFFFFFFFF, min(phase, 64 - phase) * 32, 0)


def _device(
    product: int, name: str, serial: str, interfaces: tuple[InterfaceDescriptor, ...]
) -> DeviceDescriptor:
    configuration = ConfigurationDescriptor(1, 0x80, 50, interfaces)
    return DeviceDescriptor(
        usb_version=0x0200,
        cls=0,
        subclass=0,
        protocol=0,
        max_packet_size=64,
        vendor=0x1209,
        product=product,
        device_version=0x0100,
        manufacturer="IORegistry Inspector",
        product_name=name,
        serial=serial,
        configurations=(configuration,),
    )
