"""USB descriptors and the values of transfers.

Multi-byte fields of raw descriptors are little-endian (USB 2.0, section 8.1).
Source: USB 2.0 section 9.6; DriverKit's USBDriverKit headers for names.
Invariant: values only; no transfer happens here.
"""

import enum
import struct

import msgspec

from runtime.model.errors import BreachError


class Speed(enum.IntEnum):
    """USB speeds, by IOUSBHostFamily's numbers (tIOUSBHostConnectionSpeed)."""

    FULL = 1
    LOW = 2
    HIGH = 3
    SUPER = 4
    SUPER_PLUS = 5
    SUPER_PLUS_BY_2 = 6


class TransferType(enum.IntEnum):
    """bmAttributes bits 0..1 of an endpoint."""

    CONTROL = 0
    ISOCHRONOUS = 1
    BULK = 2
    INTERRUPT = 3


class EndpointDescriptor(msgspec.Struct, frozen=True, array_like=True):
    """Standard endpoint descriptor; the address's bit 7 is set for IN."""

    address: int
    attributes: int
    max_packet_size: int
    interval: int

    @property
    def is_input(self) -> bool:
        """Whether data flows to the host."""
        return bool(self.address & 0x80)

    @property
    def transfer_type(self) -> TransferType:
        """Control, isochronous, bulk or interrupt."""
        return TransferType(self.attributes & 0x3)


class InterfaceDescriptor(msgspec.Struct, frozen=True, array_like=True):
    """Standard interface descriptor with its endpoints."""

    number: int
    alternate: int
    cls: int
    subclass: int
    protocol: int
    string: int = 0
    endpoints: tuple[EndpointDescriptor, ...] = ()


class ConfigurationDescriptor(msgspec.Struct, frozen=True, array_like=True):
    """Standard configuration descriptor with its interfaces; `max_power` in 2 mA."""

    value: int
    attributes: int
    max_power: int
    interfaces: tuple[InterfaceDescriptor, ...] = ()


class DeviceDescriptor(msgspec.Struct, frozen=True, array_like=True):
    """Standard device descriptor; BCD versions as numbers (0x0200 is 2.0)."""

    usb_version: int
    cls: int
    subclass: int
    protocol: int
    max_packet_size: int
    vendor: int
    product: int
    device_version: int
    manufacturer: str = ""
    product_name: str = ""
    serial: str = ""
    configurations: tuple[ConfigurationDescriptor, ...] = ()


class IsochronousFrame(msgspec.Struct, frozen=True, array_like=True):
    """How one frame of an isochronous transfer ended: a kern_return_t, and the bytes moved."""

    status: int
    count: int


class ControlRequest(msgspec.Struct, frozen=True, array_like=True):
    """The eight bytes of a SETUP packet, without direction-dependent data."""

    request_type: int
    request: int
    value: int
    index: int
    length: int


def parse_setup(raw: bytes) -> ControlRequest:
    """Read a SETUP packet.

    Raises:
        BreachError: `raw` is not eight bytes.
    """
    if len(raw) != 8:
        raise BreachError(f"SETUP packet: expected 8 bytes, found {len(raw)}")
    return ControlRequest(*struct.unpack("<BBHHH", raw))
