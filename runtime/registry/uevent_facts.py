r"""Sysfs attributes as a device's uevent repeats them, for devices without sysfs.

A udev database has no attributes, and a fake sysfs made of one has none either. What the kernel
puts into the uevent, and udev's `usb_id` beside it, says the same of USB, PCI and input devices.
Source: kernel drivers/usb/core/{usb,driver}.c, drivers/pci/pci-driver.c, drivers/input/input.c
(their uevent functions); systemd src/udev/udev-builtin-usb_id.c.
Invariant: a pure function of the `Device`; its own attributes come first.
"""

import re
from collections.abc import Mapping

from runtime.model.device import Device

_HEX = re.compile(r"[0-9A-Fa-f]{1,8}")
_CONFIGURED = re.compile(r".*:(\d{1,3})\.(\d{1,3})")  # 1-2:1.0: configuration 1, interface 0
_ESCAPED = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+")


def attributes(device: Device) -> dict[str, str]:
    """A device's attributes, completed by what its properties say."""
    own = device.attributes
    match device.subsystem:
        case "usb" if "idVendor" not in own and device.devtype:
            return _usb(device) | own
        case "pci" if "vendor" not in own:
            return _pci(device.properties) | own
        case "input" if "name" not in own:
            return _quoted(device.properties, ("NAME", "PHYS", "UNIQ")) | own
    return own


def _usb(device: Device) -> dict[str, str]:
    told = device.properties
    found = _parts(told.get("PRODUCT", ""), ("idVendor", "idProduct", "bcdDevice"), 16, "04x")
    if device.devtype == "usb_interface":
        places = ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")
        found |= _parts(told.get("INTERFACE", ""), places, 10, "02x")
        if configured := _CONFIGURED.fullmatch(device.sysname):
            found["bConfigurationValue"] = configured[1]
            found["bInterfaceNumber"] = f"{int(configured[2]):02x}"
        return found
    places = ("bDeviceClass", "bDeviceSubClass", "bDeviceProtocol")
    found |= _parts(told.get("TYPE", ""), places, 10, "02x")
    for key, attribute in (("BUSNUM", "busnum"), ("DEVNUM", "devnum")):
        if told.get(key, "").isdecimal():
            found[attribute] = told[key].lstrip("0") or "0"
    for key, attribute in (("ID_VENDOR", "manufacturer"), ("ID_MODEL", "product")):
        if told.get(key) != told.get(f"{key}_ID"):  # else udev put the number in its place
            found[attribute] = _decoded(told.get(f"{key}_ENC", ""))
    found["serial"] = told.get("ID_SERIAL_SHORT", "")
    return {name: text for name, text in found.items() if text}


def _pci(told: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, names in (
        ("PCI_ID", ("vendor", "device")),
        ("PCI_SUBSYS_ID", ("subsystem_vendor", "subsystem_device")),
        ("PCI_CLASS", ("class",)),
    ):
        numbers = told.get(key, "").split(":")
        if len(numbers) == len(names) and all(_HEX.fullmatch(number) for number in numbers):
            found.update(zip(names, (f"0x{number}" for number in numbers), strict=True))
    return found


def _quoted(told: Mapping[str, str], keys: tuple[str, ...]) -> dict[str, str]:
    return {key.lower(): told[key][1:-1] for key in keys if told.get(key, "").startswith('"')}


def _parts(text: str, names: tuple[str, ...], base: int, form: str) -> dict[str, str]:
    """The numbers of `46d/c31c/6400`, as sysfs writes them; nothing where they are none."""
    try:
        numbers = [int(part, base) for part in text.split("/")]
    except ValueError:
        return {}
    if len(numbers) != len(names):
        return {}
    return {name: format(number, form) for name, number in zip(names, numbers, strict=True)}


def _decoded(text: str) -> str:
    r"""A text in udev's encoding, which writes most bytes as `\x20`."""
    return _ESCAPED.sub(
        lambda found: bytes.fromhex(found[0].replace("\\x", "")).decode("utf-8", "surrogateescape"),
        text,
    )
