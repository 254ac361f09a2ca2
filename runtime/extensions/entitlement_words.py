"""Entitlements in plain words, for the one who has to approve them.

Source: Apple documentation/bundleresources/entitlements.
Invariant: an entitlement that is not in the table is shown by its key, and counts as risky.
"""

from typing import NamedTuple

from runtime.model.numbers import shown
from runtime.model.properties import Properties, Value
from runtime.model.records import Entitlement

PREFIX = "com.apple.developer."


class Words(NamedTuple):
    """What an entitlement allows, and whether an administrator should look twice."""

    words: str
    risky: bool = False


WORDS: dict[str, Words] = {
    "driverkit": Words("runs as a driver, in a process of its own"),
    "driverkit.transport.usb": Words("talks to USB devices"),
    "driverkit.transport.hid": Words("talks to keyboards, mice and other input devices", True),
    "driverkit.transport.pci": Words("talks to PCI devices and their memory", True),
    "driverkit.builtin": Words("drives devices that are built into the machine", True),
    "driverkit.family.hid.device": Words("appears as an input device", True),
    "driverkit.family.hid.eventservice": Words("produces keyboard and pointer events", True),
    "driverkit.family.hid.virtual.device": Words("creates virtual input devices", True),
    "driverkit.family.networking": Words("appears as a network interface", True),
    "driverkit.family.serial": Words("appears as a serial port"),
    "driverkit.family.audio": Words("appears as an audio device"),
    "driverkit.family.midi": Words("appears as a MIDI device"),
    "driverkit.family.scsicontroller": Words("appears as a storage controller", True),
    "driverkit.family.block-storage-device": Words("appears as a disk", True),
    "driverkit.userclient-access": Words("opens connections to the drivers that it names"),
    "driverkit.allow-any-userclient-access": Words("lets every program connect to it", True),
    "driverkit.allow-third-party-userclients": Words("lets other makers' apps connect to it", True),
    "driverkit.communicates-with-drivers": Words("connects to drivers"),
    "system-extension.install": Words("asks for system extensions to be activated"),
    "system-extension.redistributable": Words("may be part of another maker's app"),
    "endpoint-security.client": Words("watches what every program does", True),
    "networking.networkextension": Words("sees or changes network traffic", True),
}
"""By key without `PREFIX`."""

_SANDBOX = Words("runs in the sandbox")
UNKNOWN = Words("not known to this version", True)


def described(table: Properties) -> tuple[Entitlement, ...]:
    """The entitlements of a table for display: risky ones first, otherwise in their order.

    An entitlement that is declared as false grants nothing and is left out.
    """
    listed = [_describe(key, value) for key, value in table.items() if value is not False]
    return tuple(sorted(listed, key=lambda entitlement: not entitlement.risky))


def _describe(key: str, value: Value) -> Entitlement:
    if key == "com.apple.security.app-sandbox":
        known = _SANDBOX
    else:
        known = WORDS.get(key.removeprefix(PREFIX), UNKNOWN)
    words, risky = known
    if key == f"{PREFIX}driverkit.transport.usb":
        words, risky = _usb_words(value)
    return Entitlement(key, shown(value), words, risky)


def _usb_words(value: Value) -> Words:
    """Which USB devices: all of them is worth a second look."""
    wanted = value if isinstance(value, list) else []
    vendors = [item.get("idVendor") for item in wanted if isinstance(item, dict)]
    if not vendors or any(vendor is None or vendor == "*" for vendor in vendors):
        return Words("talks to USB devices of any maker", risky=True)
    names = dict.fromkeys(_usb_name(item) for item in wanted if isinstance(item, dict))
    return Words(f"talks to USB devices of vendor {'; '.join(names)}")


def _usb_name(item: Properties) -> str:
    vendor, product = item["idVendor"], item.get("idProduct")
    if product in (None, "*") or "idProductMask" in item:
        return shown(vendor)
    return f"{shown(vendor)}, product {shown(product)}"
