"""Descriptors as bytes, as a simulated device sends them.

Source: USB 2.0 section 9.6. Invariant: pure.
"""

import struct

from runtime.model.usb import ConfigurationDescriptor, DeviceDescriptor

_DEVICE, _CONFIGURATION, _STRING = 1, 2, 3
_ENGLISH = 0x0409


def device_bytes(d: DeviceDescriptor) -> bytes:
    """The device descriptor; its strings have the indices 1, 2 and 3."""
    return struct.pack(
        "<BBHBBBBHHHBBBB",
        *(18, _DEVICE, d.usb_version, d.cls, d.subclass, d.protocol, d.max_packet_size),
        *(d.vendor, d.product, d.device_version, 1, 2, 3, len(d.configurations)),
    )


def configuration_bytes(c: ConfigurationDescriptor) -> bytes:
    """A configuration descriptor with all that is behind it."""
    body = b""
    for i in c.interfaces:
        body += struct.pack(
            "<9B",
            *(9, 4, i.number, i.alternate, len(i.endpoints)),
            *(i.cls, i.subclass, i.protocol, i.string),
        )
        for e in i.endpoints:
            body += struct.pack(
                "<BBBBHB", 7, 5, e.address, e.attributes, e.max_packet_size, e.interval
            )
    numbers = len({interface.number for interface in c.interfaces})
    head = struct.pack(
        "<BBHBBBBB",
        *(9, _CONFIGURATION, 9 + len(body), numbers, c.value, 0),
        *(c.attributes, c.max_power),
    )
    return head + body


def string_bytes(d: DeviceDescriptor, index: int) -> bytes:
    """A string descriptor; index 0 names the languages."""
    if index == 0:
        return struct.pack("<BBH", 4, _STRING, _ENGLISH)
    text = (d.manufacturer, d.product_name, d.serial)[index - 1].encode("utf-16-le")[:253]
    return bytes([len(text) + 2, _STRING]) + text
