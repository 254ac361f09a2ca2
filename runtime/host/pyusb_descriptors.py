"""Raw USB descriptors with the fields, by the names, that pyusb expects of its back ends.

What stands behind a descriptor and is of no standard kind is its `extra_descriptors`.
Source: USB 2.0 section 9.6; usb/backend/__init__.py of pyusb 1.3.
Invariant: pure; the bytes come from a device, and every length is compared with what is there.
"""

import struct
from collections.abc import Iterator
from types import SimpleNamespace

_DEVICE_FIELDS = (
    "bLength bDescriptorType bcdUSB bDeviceClass bDeviceSubClass bDeviceProtocol bMaxPacketSize0 "
    "idVendor idProduct bcdDevice iManufacturer iProduct iSerialNumber bNumConfigurations"
)
_CONFIGURATION_FIELDS = (
    "bLength bDescriptorType wTotalLength bNumInterfaces bConfigurationValue iConfiguration "
    "bmAttributes bMaxPower"
)
_INTERFACE_FIELDS = (
    "bLength bDescriptorType bInterfaceNumber bAlternateSetting bNumEndpoints bInterfaceClass "
    "bInterfaceSubClass bInterfaceProtocol iInterface"
)
_ENDPOINT_FIELDS = (
    "bLength bDescriptorType bEndpointAddress bmAttributes wMaxPacketSize bInterval bRefresh "
    "bSynchAddress"
)
_DEVICE, _CONFIGURATION = struct.Struct("<BBHBBBBHHHBBBB"), struct.Struct("<BBHBBBBB")
_INTERFACE, _ENDPOINT = struct.Struct("<9B"), struct.Struct("<BBBBHBBB")


def device(raw: bytes) -> SimpleNamespace:
    """A device descriptor; what is missing of it is zero."""
    return _named(_DEVICE_FIELDS, _DEVICE, raw)


class Configuration:
    """A configuration with all that is in it.

    Attributes:
        descriptor: Its own fields.
        interfaces: The alternate settings of each interface, in the order of the bytes, with
            their endpoints.
    """

    def __init__(self, raw: bytes) -> None:
        self.descriptor = _named(_CONFIGURATION_FIELDS, _CONFIGURATION, raw[:9])
        self.interfaces: list[list[SimpleNamespace]] = []
        last = self.descriptor
        for body in _split(raw[max(self.descriptor.bLength, 9) :]):
            if body[1] == 4:
                last = _named(_INTERFACE_FIELDS, _INTERFACE, body)
                last.endpoints = []
                self._settings(last.bInterfaceNumber).append(last)
            elif body[1] == 5 and self.interfaces:
                last = _named(_ENDPOINT_FIELDS, _ENDPOINT, body)
                self.interfaces[-1][-1].endpoints.append(last)
            else:
                last.extra_descriptors += list(body)

    def _settings(self, number: int) -> list[SimpleNamespace]:
        for settings in self.interfaces:
            if settings[0].bInterfaceNumber == number:
                return settings
        self.interfaces.append([])
        return self.interfaces[-1]


def _split(raw: bytes) -> Iterator[bytes]:
    at = 0
    while at + 2 <= len(raw) and 2 <= raw[at] <= len(raw) - at:
        yield raw[at : at + raw[at]]
        at += raw[at]


def _named(names: str, layout: struct.Struct, raw: bytes) -> SimpleNamespace:
    values = layout.unpack_from(raw[: layout.size].ljust(layout.size, b"\0"))
    return SimpleNamespace(**dict(zip(names.split(), values, strict=True)), extra_descriptors=[])
