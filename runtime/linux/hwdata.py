"""Names of USB and PCI vendors and products, for devices that neither they nor udev name.

Looked up in the lists that the packages hwdata, usb.ids and pci.ids bring; udevd has the same names
in its own database and tells them where it runs. A list is read when the first name is wanted of
it; without one, devices stay without such names.
Source: the heads of usb.ids (linux-usb.org) and pci.ids (pci-ids.ucw.cz) for their form.
Invariant: reads only, and never more than `MAX_BYTES` of a list.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from runtime.model.device import Device

MAX_BYTES = 8 << 20  # of a list; today's have 0.7 and 1.4 MB
NAME_LIMIT = 128  # characters
VENDOR, MODEL = "ID_VENDOR_FROM_DATABASE", "ID_MODEL_FROM_DATABASE"  # udev's properties

_FOLDERS = (Path("/usr/share/hwdata"), Path("/usr/share/misc"), Path("/var/lib/usbutils"))
_USB_PRODUCT = re.compile(r"([0-9a-f]{1,4})/([0-9a-f]{1,4})/")
_PCI_ID = re.compile(r"([0-9A-F]{4}):([0-9A-F]{4})")
_NEXT_VENDOR = re.compile(rb"\n(?![\t#])")


class Names(NamedTuple):
    """What a list calls a device; empty where it does not know."""

    vendor: str
    model: str


class IdList:
    """One list."""

    def __init__(self, data: bytes) -> None:
        self._data = b"\n" + data

    @lru_cache(maxsize=1024)  # noqa: B019 - lists live as long as the process
    def names(self, vendor: int, product: int) -> Names:
        """The names of a vendor and of one of its products."""
        start = self._data.find(b"\n%04x  " % vendor)
        if start < 0:
            return Names("", "")
        following = _NEXT_VENDOR.search(self._data, start + 1)
        end = following.start() if following else len(self._data)
        at = self._data.find(b"\n\t%04x  " % product, start, end)
        return Names(self._text(start + 7), self._text(at + 8) if at >= 0 else "")

    def _text(self, start: int) -> str:
        end = self._data.find(b"\n", start)
        line = self._data[start : end if end >= 0 else None]
        return line.decode("utf-8", "replace").strip()[:NAME_LIMIT]


def read_list(name: str, folders: Iterable[Path] = _FOLDERS) -> IdList:
    """The list of this name, of the first folder that has it; else an empty one."""
    for folder in folders:
        try:
            with (folder / name).open("rb") as file:
                return IdList(file.read(MAX_BYTES))
        except OSError:
            continue
    return IdList(b"")


@cache
def usb() -> IdList:
    """The machine's usb.ids."""
    return read_list("usb.ids")


@cache
def pci() -> IdList:
    """The machine's pci.ids."""
    return read_list("pci.ids")


def named(device: Device) -> Device:
    """A USB or PCI device with the names that udev would have told, where it did not."""
    told = device.properties
    if MODEL in told or VENDOR in told:
        return device
    names = Names("", "")
    if device.devtype == "usb_device" and (found := _USB_PRODUCT.match(told.get("PRODUCT", ""))):
        names = usb().names(int(found[1], 16), int(found[2], 16))
    elif device.subsystem == "pci" and (found := _PCI_ID.fullmatch(told.get("PCI_ID", ""))):
        names = pci().names(int(found[1], 16), int(found[2], 16))
    more = {key: name for key, name in zip((VENDOR, MODEL), names, strict=True) if name}
    return msgspec.structs.replace(device, properties=told | more) if more else device
