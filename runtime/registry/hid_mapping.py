"""IOHIDDevice's properties from a HID device's uevent and its report descriptor.

Source: drivers/hid/hid-core.c (hid_uevent, report_descriptor); IOHIDFamily's IOHIDKeys.h.
Invariant: a pure function of the `Device`.
"""

import re

from runtime.model.device import Device
from runtime.model.properties import Properties
from runtime.registry import report_descriptor
from runtime.registry.mapping_tables import HID_TRANSPORTS

_HID_ID = re.compile(r"([0-9A-Fa-f]+):([0-9A-Fa-f]+):([0-9A-Fa-f]+)")
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
    text = device.attributes.get("report_descriptor", "")
    return found | usages(text.encode("utf-8", "surrogateescape"))


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
