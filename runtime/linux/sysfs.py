"""What sysfs says of a device: attributes, its driver, who it is made of, its firmware node.

Source: kernel Documentation/admin-guide/sysfs-rules.rst, Documentation/ABI/testing/sysfs-block
(slaves), sysfs-class-net (lower_*), sysfs-firmware-acpi (path).
Invariant: reads only, and never waits for a device; what is not there is left out.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from runtime.model.sysfs import (
    ATTRIBUTES,
    HID_FROM_DEVICE,
    HID_FROM_INTERFACE,
    POWER,
    POWER_MORE,
    USB_INTERFACE_FROM_DEVICE,
)

SYSFS = "/sys/devices/"
ATTRIBUTE_LIMIT = 4096  # bytes; a text attribute is at most one page

_LOWER = "lower_"
_CLASSES_WITHOUT_FIRMWARE = frozenset({"tty", "memory", "vc", "misc", "mem", "bdi", "block"})


def attributes(syspath: str, subsystem: str, devtype: str) -> dict[str, str]:
    """The attributes that the registry shows, as far as the device has them."""
    found = _read_all(syspath, ATTRIBUTES.get(subsystem, ()))
    if devtype == "usb_interface":
        found |= _read_all(syspath.rpartition("/")[0], USB_INTERFACE_FROM_DEVICE)
    elif subsystem == "hid":
        interface = syspath.rpartition("/")[0]
        found |= _read_all(interface, HID_FROM_INTERFACE)
        found |= _read_all(interface.rpartition("/")[0], HID_FROM_DEVICE)
    status = attribute(f"{syspath}/{POWER}")
    if status is not None and status != "unsupported":
        found[POWER] = status
        found |= _read_all(syspath, POWER_MORE)
    return found


def attribute(path: str) -> str | None:
    """One attribute's text, None where it is absent or its driver refuses."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return os.read(descriptor, ATTRIBUTE_LIMIT).rstrip(b"\n").decode("utf-8", "surrogateescape")
    except OSError:
        return None
    finally:
        os.close(descriptor)


def driver(syspath: str) -> str:
    """The kernel driver that is bound to a device, empty for none."""
    try:
        return Path(f"{syspath}/driver").readlink().name
    except OSError:
        return ""


def providers(syspath: str, subsystem: str) -> tuple[str, ...]:
    """The syspaths of the devices that a block or network device is made of."""
    if subsystem == "block":
        return _targets(f"{syspath}/slaves", "")
    if subsystem == "net":
        return _targets(syspath, _LOWER)
    return ()


def firmware(syspath: str, subsystem: str, properties: Mapping[str, str]) -> str:
    r"""The path of a device's node: Devicetree's, else ACPI's (`\_SB_.PCI0`), else empty."""
    if "OF_FULLNAME" in properties:
        return properties["OF_FULLNAME"]
    if subsystem in _CLASSES_WITHOUT_FIRMWARE:
        return ""
    folder = "" if subsystem == "acpi" else "/firmware_node"
    return attribute(f"{syspath}{folder}/path") or ""


def is_device(syspath: str) -> bool:
    """Whether a folder below `SYSFS` belongs to a bus or a class."""
    return os.path.islink(f"{syspath}/subsystem")  # noqa: PTH114 - asked of every folder


def parent(syspath: str) -> str:
    """The nearest device above; empty for none."""
    above = syspath.rpartition("/")[0]
    while len(above) > len(SYSFS):
        if is_device(above):
            return above
        above = above.rpartition("/")[0]
    return ""


def _read_all(syspath: str, names: tuple[str, ...]) -> dict[str, str]:
    found = ((name, attribute(f"{syspath}/{name}")) for name in names)
    return {name: value for name, value in found if value is not None}


def _targets(folder: str, start: str) -> tuple[str, ...]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.startswith(start))  # noqa: PTH208
    except OSError:
        return ()
    return tuple(os.path.realpath(f"{folder}/{name}") for name in names)
