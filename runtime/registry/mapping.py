"""What a sysfs device is in the registry: class, name, location, properties.

Rules: IOKit's keys come first, then the Linux facts (`LinuxSubsystem`, `LinuxDevtype`,
`LinuxDriver`, `LinuxSyspath` and attributes without an IOKit key), then every udev property
under its own name. Text that is not UTF-8 becomes data. Of a device without attributes, as in
udev's database, its uevent tells those that are for matching.
Invariant: a pure function of the `Device`; tables in `mapping_tables`.
"""

import re
import unicodedata

import msgspec

from runtime.model.device import Device
from runtime.model.entry import Holder
from runtime.model.properties import Properties, Value
from runtime.model.sysfs import POWER, POWER_MORE
from runtime.registry import hid_mapping
from runtime.registry.mapping_tables import (
    ATTRIBUTE_KEYS,
    DEVICE_CLASSES,
    DRIVEN_BUSES,
    DRIVER_CLASSES,
    NAMED_CLASSES,
    NUMBER_PROPERTIES,
    UNDRIVEN_TYPES,
    USB_SPEEDS,
)
from runtime.registry.uevent_facts import attributes
from runtime.registry.usb_location import usb_location

NAME_LIMIT = 128  # characters of an entry's name (IOKitLib's io_name_t)

_SPLIT = re.compile(r"[^0-9A-Za-z]+")
_PCI_ROOT = re.compile(r"pci[0-9a-f]{4,}:[0-9a-f]{2}")
_NAMED = "ID_MODEL_FROM_DATABASE"  # udev's property
_SECTOR = 512  # bytes; unit of a block device's `size`


class Mapped(msgspec.Struct, frozen=True):
    """A device as the registry shows it."""

    cls: str
    name: str
    location: str
    properties: Properties


def mapped(device: Device) -> Mapped:
    """Map one device."""
    told = attributes(device)
    if told is not device.attributes:
        device = msgspec.structs.replace(device, attributes=told)
    return Mapped(
        cls=device_class(device),
        name=_name(device),
        location=_location(device),
        properties=_properties(device),
    )


def device_class(device: Device) -> str:
    """The IOKit class of a device."""
    for subsystem, stem, cls in NAMED_CLASSES:
        rest = device.sysname.removeprefix(stem)
        if device.subsystem == subsystem and rest != device.sysname and not rest[:1].islower():
            return cls
    known = DEVICE_CLASSES.get((device.subsystem, device.devtype)) or DEVICE_CLASSES.get(
        (device.subsystem, "")
    )
    return known or f"IO{_camel(device.subsystem).removesuffix('Device')}Device"


def holder(device: Device) -> Holder:
    """Who drives a device as far as the kernel says: its driver, nobody yet, or nobody ever."""
    if device.driver:
        return Holder.KERNEL
    kind = (device.subsystem, device.devtype)
    drivable = device.subsystem in DRIVEN_BUSES and kind not in UNDRIVEN_TYPES
    return Holder.NOBODY if drivable else Holder.UNDRIVABLE


def driver_class(driver: str) -> str:
    """The IOKit class of a kernel driver's service."""
    return DRIVER_CLASSES.get(driver) or f"IO{_camel(driver)}Driver"


def driver_properties(driver: str, provider_class: str) -> Properties:
    """Properties of a kernel driver's service.

    `IOMatchedAtBoot` is what makes it replaceable by a driver extension with a higher score.
    """
    return {
        "IOClass": driver_class(driver),
        "IOProviderClass": provider_class,
        "IOMatchCategory": "IODefaultMatchCategory",
        "IOMatchedAtBoot": True,
        "LinuxDriver": plain(driver),
    }


def folder_class(name: str) -> str:
    """The class of a sysfs folder that is no device: a PCI root, or just a folder."""
    return "IOPCIBridge" if _PCI_ROOT.fullmatch(name) else "IORegistryEntry"


def plain(text: str) -> str:
    """Text from a device as a name: one line, no control or format characters, bounded."""
    if text.isascii() and text.isprintable():
        return text.strip()[:NAME_LIMIT]
    clean = "".join(c if unicodedata.category(c)[0] != "C" else "" for c in text).strip()
    return clean[:NAME_LIMIT]


def _camel(word: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in _SPLIT.split(word))


def _name(device: Device) -> str:
    if device.subsystem == "usb":
        return _usb_name(device) or device_class(device)
    if device.subsystem == "hid":
        return plain(device.properties.get("HID_NAME", "")) or "IOHIDDevice"
    if device.subsystem == "pci":
        return _pci_name(device)
    return plain(device.sysname) or device_class(device)


def _usb_name(device: Device) -> str:
    """What the device says, else what a list of products says of it."""
    if device.devtype == "usb_interface":
        return plain(device.attributes.get("interface", ""))
    return plain(device.attributes.get("product") or device.properties.get(_NAMED, ""))


def _pci_name(device: Device) -> str:
    """IOPCIBridge's own name of a device without a firmware name: `pciVVVV,DDDD`."""
    vendor = _number(device.attributes.get("vendor", ""), 16)
    product = _number(device.attributes.get("device", ""), 16)
    if vendor is None or product is None:
        return plain(device.sysname)
    return f"pci{vendor:x},{product:x}"


def _location(device: Device) -> str:
    if device.devtype == "usb_device":
        return f"{usb_location(device.sysname):08x}"
    if device.devtype == "usb_interface":
        number = _number(device.attributes.get("bInterfaceNumber", ""), 16)
        return f"{number or 0:x}"
    if device.subsystem == "pci":
        slot = plain(device.sysname).rpartition(":")[2]
        slot_number, _, function = slot.partition(".")
        stem = slot_number.lstrip("0") or "0"
        return stem if function in {"", "0"} else f"{stem},{function}"
    return ""


def _properties(device: Device) -> Properties:
    found: Properties = {}
    _add_attributes(found, device)
    if device.subsystem == "usb":
        _add_usb(found, device)
    elif device.subsystem == "pci":
        found["IOName"] = _text(_pci_name(device))
        found["pcidebug"] = _text(device.sysname)
    elif device.subsystem == "net":
        _add_net(found, device)
    elif device.subsystem == "block":
        _add_block(found, device)
    elif device.subsystem == "hid":
        found |= hid_mapping.properties(device)
    _add_power(found, device)
    _add_linux(found, device)
    for key, text in device.properties.items():
        found.setdefault(plain(key), _udev_value(key, text))
    return found


def _add_attributes(found: Properties, device: Device) -> None:
    for attribute, key, form in ATTRIBUTE_KEYS.get(device.subsystem, ()):
        text = device.attributes.get(attribute)
        if text:
            value = _converted(text, form)
            if value is not None:
                found[key] = value


def _add_usb(found: Properties, device: Device) -> None:
    found["locationID"] = usb_location(device.sysname)
    speed = USB_SPEEDS.get(device.attributes.get("speed", ""))
    if speed is not None:
        found["USBSpeed"] = speed
    if device.devtype == "usb_device" and "bConfigurationValue" in found:
        found["kUSBCurrentConfiguration"] = found.pop("bConfigurationValue")


def _add_net(found: Properties, device: Device) -> None:
    found["BSD Name"] = _text(device.sysname)
    address = device.attributes.get("address", "")
    if not address:
        return  # a tunnel has none, nor has any device in udev's database
    try:
        found["IOMACAddress"] = bytes.fromhex(address.replace(":", ""))
    except ValueError:
        found["IOMACAddress"] = _text(address)


def _add_block(found: Properties, device: Device) -> None:
    found["BSD Name"] = _text(device.sysname)
    sectors = _number(device.attributes.get("size", ""), 10)
    if sectors is not None and 0 <= sectors < 1 << 55:  # bytes fit in 64 bits
        found["Size"] = sectors * _SECTOR
    found["Whole"] = device.devtype != "partition"
    found["Removable"] = device.attributes.get("removable") == "1"
    found["Writable"] = device.attributes.get("ro") != "1"


def _add_power(found: Properties, device: Device) -> None:
    """What runtime power management said when the device was last read; 1 is on, 0 off."""
    status = device.attributes.get(POWER)
    if status is None:
        return
    told: Properties = {
        "MaxPowerState": 1,
        "CurrentPowerState": int(status in {"active", "suspending"}),
        "LinuxRuntimeStatus": _text(status),
    }
    for name in POWER_MORE:
        if text := device.attributes.get(name):
            told[f"Linux{name.rpartition('/')[2].capitalize()}"] = _text(text)
    found["IOPowerManagement"] = told


def _add_linux(found: Properties, device: Device) -> None:
    found["LinuxSubsystem"] = _text(device.subsystem)
    if device.devtype:
        found["LinuxDevtype"] = _text(device.devtype)
    if device.driver:
        found["LinuxDriver"] = _text(device.driver)
    found["LinuxSyspath"] = _text(device.syspath)
    keyed = {key.attribute for key in ATTRIBUTE_KEYS.get(device.subsystem, ())}
    for name, text in device.attributes.items():
        if name not in keyed and "/" not in name and text:
            found.setdefault(name, _text(text))


def _converted(text: str, form: str) -> Value | None:
    if form == "text":
        return _text(text)
    if form == "data":
        return text.encode("utf-8", "surrogateescape")
    number = _number(text, 10 if form == "dec" else 16)
    if number is None:
        return None
    return (number & 0xFFFF_FFFF).to_bytes(4, "little") if form == "data4" else number


def _udev_value(key: str, text: str) -> Value:
    if key in NUMBER_PROPERTIES:
        number = _number(text, 10)
        if number is not None:
            return number
    return _text(text)


def _number(text: str, base: int) -> int | None:
    """A number that fits in 64 bits, or None."""
    try:
        number = int(text.strip(), base)
    except ValueError:
        return None
    return number if -(1 << 63) <= number < 1 << 64 else None


def _text(text: str) -> Value:
    """Text, or where it is not UTF-8 the bytes that it was."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text
