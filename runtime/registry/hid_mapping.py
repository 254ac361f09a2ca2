"""IOHIDDevice's properties from a HID device's uevent.

Source: drivers/hid/hid-core.c (hid_uevent); IOHIDFamily's IOHIDKeys.h.
Invariant: a pure function of the `Device`.
"""

import re

from runtime.model.device import Device
from runtime.model.properties import Properties
from runtime.registry.mapping_tables import HID_TRANSPORTS

_HID_ID = re.compile(r"([0-9A-Fa-f]+):([0-9A-Fa-f]+):([0-9A-Fa-f]+)")
_TEXTS = (
    ("HID_NAME", "Product"),
    ("HID_PHYS", "PhysicalDeviceUniqueID"),
    ("HID_UNIQ", "SerialNumber"),
)


def properties(device: Device) -> Properties:
    """`VendorID`, `ProductID`, `Transport`, `Product` … as far as the uevent has them."""
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
    return found
