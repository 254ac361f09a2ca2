"""Raw USB descriptors, as a device gave them, into values; hostile ones too.

Source: USB 2.0 section 9.6. A descriptor that says it is shorter than its header, or longer than
what is left, ends the reading; what is too short for its kind is left out.
Invariant: pure; whatever the bytes are, the result is bounded by them.
"""

import struct
from collections.abc import Iterator

from runtime.model.errors import BreachError
from runtime.model.usb import (
    ConfigurationDescriptor,
    DeviceDescriptor,
    EndpointDescriptor,
    InterfaceDescriptor,
)

_DEVICE_TYPE, _CONFIGURATION, _INTERFACE, _ENDPOINT = 1, 2, 4, 5
_DEVICE = struct.Struct("<BBHBBBBHHHBBBB")


def parse(raw: bytes, strings: tuple[str, str, str] = ("", "", "")) -> DeviceDescriptor:
    """Read a device descriptor and the configurations behind it, with all alternate settings.

    Args:
        raw: As a usbfs node has them, or as they came from the device.
        strings: Manufacturer, product and serial number.

    Raises:
        BreachError: It does not begin with a device descriptor.
    """
    if len(raw) < _DEVICE.size or raw[0] < _DEVICE.size or raw[1] != _DEVICE_TYPE:
        raise BreachError(f"USB descriptors: expected a device's first, found {raw[:18].hex()!r}")
    identity = _DEVICE.unpack_from(raw)[2:10]
    usb, cls, subclass, protocol, packet, vendor, product, version = identity
    configurations = tuple(_configurations(raw[raw[0] :]))
    return DeviceDescriptor(
        usb, cls, subclass, protocol, packet, vendor, product, version, *strings, configurations
    )


def _configurations(raw: bytes) -> Iterator[ConfigurationDescriptor]:
    found: ConfigurationDescriptor | None = None
    interfaces: list[InterfaceDescriptor] = []
    for kind, body in _split(raw):
        if kind == _CONFIGURATION and len(body) >= 9:
            if found is not None:
                yield _complete(found, interfaces)
            found, interfaces = ConfigurationDescriptor(body[5], body[7], body[8]), []
        elif kind == _INTERFACE and len(body) >= 9:
            number, alternate, _, cls, subclass, protocol, string = body[2:9]
            interfaces.append(
                InterfaceDescriptor(number, alternate, cls, subclass, protocol, string)
            )
        elif kind == _ENDPOINT and len(body) >= 7 and interfaces:
            interfaces[-1] = _with_endpoint(interfaces[-1], body)
    if found is not None:
        yield _complete(found, interfaces)


def _split(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 <= len(raw) and 2 <= raw[at] <= len(raw) - at:
        yield raw[at + 1], raw[at : at + raw[at]]
        at += raw[at]


def _complete(
    found: ConfigurationDescriptor, interfaces: list[InterfaceDescriptor]
) -> ConfigurationDescriptor:
    return ConfigurationDescriptor(
        found.value, found.attributes, found.max_power, tuple(interfaces)
    )


def _with_endpoint(interface: InterfaceDescriptor, body: bytes) -> InterfaceDescriptor:
    size = int.from_bytes(body[4:6], "little")
    endpoint = EndpointDescriptor(body[2], body[3], size, body[6])
    return InterfaceDescriptor(
        interface.number,
        interface.alternate,
        interface.cls,
        interface.subclass,
        interface.protocol,
        interface.string,
        (*interface.endpoints, endpoint),
    )


def configuration_bytes(raw: bytes, index: int) -> bytes | None:
    """The index-th configuration of raw descriptors with all that is in it; None: there is none."""
    rest = raw[raw[0] :]
    while len(rest) >= 4 and rest[1] == _CONFIGURATION:
        total = max(int.from_bytes(rest[2:4], "little"), 9)
        if index == 0:
            return rest[:total]
        rest, index = rest[total:], index - 1
    return None
