"""What a uevent says of a USB or PCI device, spelled as the sysfs attributes spell it.

A database of udev has no attributes; so much of them its properties repeat.
Source: drivers/usb/core/driver.c and message.c (usb_uevent, usb_if_uevent); drivers/pci/
pci-driver.c (pci_uevent).
Invariant: a pure function of the `Device`; text that has another form is passed over.
"""

import re
from collections.abc import Mapping

from runtime.model.device import Device

_HEX, _DEC = r"([0-9A-Fa-f]+)", r"(\d+)"
_FORMS: Mapping[str, tuple[tuple[str, re.Pattern[str], tuple[str, ...], int], ...]] = {
    "usb": (
        ("PRODUCT", re.compile("/".join([_HEX] * 3)), ("idVendor", "idProduct", "bcdDevice"), 16),
        (
            "TYPE",
            re.compile("/".join([_DEC] * 3)),
            ("bDeviceClass", "bDeviceSubClass", "bDeviceProtocol"),
            10,
        ),
        (
            "INTERFACE",
            re.compile("/".join([_DEC] * 3)),
            ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"),
            10,
        ),
        ("MODALIAS", re.compile(r"usb:.*in([0-9A-F]{2})"), ("bInterfaceNumber",), 16),
    ),
    "pci": (
        ("PCI_ID", re.compile(f"{_HEX}:{_HEX}"), ("vendor", "device"), 16),
        (
            "PCI_SUBSYS_ID",
            re.compile(f"{_HEX}:{_HEX}"),
            ("subsystem_vendor", "subsystem_device"),
            16,
        ),
        ("PCI_CLASS", re.compile(_HEX), ("class",), 16),
    ),
}
"""By subsystem: property, its form, the attributes in it, the base of its numbers."""
_OF_THE_DEVICE = frozenset({"bDeviceClass", "bDeviceSubClass", "bDeviceProtocol"})


def attributes(device: Device) -> dict[str, str]:
    """The attributes that the device's properties tell, in hexadecimal."""
    told: dict[str, str] = {}
    for name, form, names, base in _FORMS.get(device.subsystem, ()):
        found = form.fullmatch(device.properties.get(name, ""))
        if found:
            told.update(
                (attribute, f"{int(text, base):x}")
                for attribute, text in zip(names, found.groups(), strict=True)
            )
    if device.devtype == "usb_interface":
        return {name: text for name, text in told.items() if name not in _OF_THE_DEVICE}
    return told
