"""IOHIDDevice's properties from a HID device's uevent, its report descriptor and where it is.

Source: drivers/hid/hid-core.c (hid_uevent, report_descriptor); IOHIDFamily's IOHIDKeys.h; HID 1.11
section 4.2 and 4.3 (a USB interface's subclass and protocol).
Invariant: a pure function of the `Device`.
"""

import re

from runtime.model import report_descriptor
from runtime.model.device import Device
from runtime.model.hid import PUBLISHED_DEVICE, PUBLISHED_EVENTS
from runtime.model.properties import Properties
from runtime.registry.mapping_tables import HID_TRANSPORTS
from runtime.registry.usb_location import usb_location

_HID_ID = re.compile(r"([0-9A-Fa-f]+):([0-9A-Fa-f]+):([0-9A-Fa-f]+)")
_HEX_BYTE = re.compile(r"[0-9A-Fa-f]{1,2}")
_BOOT = "01"  # the subclass of an interface that has a boot protocol
PUBLISHED_BY = "PublishedBy"  # the bundle id of the driver extension whose device it is
_TEXTS = (
    ("HID_NAME", "Product"),
    ("HID_PHYS", "PhysicalDeviceUniqueID"),
    ("HID_UNIQ", "SerialNumber"),
)


def properties(device: Device) -> Properties:
    """`VendorID`, `ProductID`, `Transport`, `DeviceUsagePairs` … as far as they are known."""
    found: Properties = {}
    identity = _HID_ID.fullmatch(device.properties.get("HID_ID", ""))
    if identity:
        bus, vendor, product = (int(part, 16) for part in identity.groups())
        found["Transport"] = HID_TRANSPORTS.get(bus, f"0x{bus:x}")
        found["VendorID"] = vendor & 0xFFFF_FFFF
        found["ProductID"] = product & 0xFFFF_FFFF
    for source, key in _TEXTS:
        text = device.properties.get(source, "")
        if text:
            found[key] = text.encode("utf-8", "replace").decode()
    physical = device.properties.get("HID_PHYS", "")
    for prefix in (PUBLISHED_DEVICE, PUBLISHED_EVENTS):
        if physical.startswith(prefix):
            found[PUBLISHED_BY] = physical.removeprefix(prefix).encode("utf-8", "replace").decode()
    found |= _of_usb(device)
    text = device.attributes.get("report_descriptor", "")
    return found | usages(text.encode("utf-8", "surrogateescape"))


def _of_usb(device: Device) -> Properties:
    """`LocationID`, and `BootProtocol`: 1 of a keyboard, 2 of a mouse, 0 without one."""
    interface = device.parent.rpartition("/")[2]
    location = usb_location(interface) if ":" in interface else 0
    found: Properties = {"LocationID": location} if location else {}
    protocol = device.attributes.get("bInterfaceProtocol", "")
    if _HEX_BYTE.fullmatch(protocol):
        boots = device.attributes.get("bInterfaceSubClass") == _BOOT
        found["BootProtocol"] = int(protocol, 16) if boots else 0
    return found


def usages(descriptor: bytes) -> Properties:
    """`DeviceUsagePairs`, `PrimaryUsagePage` and `PrimaryUsage`; empty without a descriptor."""
    primary = report_descriptor.primary_usage(descriptor)
    if primary is None:
        return {}
    return {
        "DeviceUsagePairs": [
            {"DeviceUsagePage": each.page, "DeviceUsage": each.usage}
            for each in report_descriptor.device_usages(descriptor)
        ],
        "PrimaryUsagePage": primary.page,
        "PrimaryUsage": primary.usage,
    }
