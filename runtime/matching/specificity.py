"""What a kernel alias scores: how specific its pattern is, on the scale of its family.

USB takes the table of key sets: the row of the fields that the pattern names, 1000 less where
a key of the row is left open (as Apple's ``"*"`` costs), 500 less for a range of versions, 100
more for each field that narrows it further. HID adds up as the HID rules do, SCSI names the type
of the device. PCI and all other buses have no table at Apple; there the parts below are ours
(docs/matching.md).
Source: kernel scripts/mod/file2alias.c for the patterns; `runtime.matching.usb`,
`runtime.matching.hid` and `runtime.matching.scsi` for the scales.
Invariant: pure; depends on which fields a pattern names, never on their values.
"""

import re
from functools import lru_cache

from runtime.matching import hid, scsi, usb

Parts = tuple[tuple[str, int], ...]

LAYOUTS: dict[str, tuple[tuple[str, int], ...]] = {
    "usb": (
        ("v", 4), ("p", 4), ("d", 4), ("dc", 2), ("dsc", 2), ("dp", 2),
        ("ic", 2), ("isc", 2), ("ip", 2), ("in", 2),
    ),
    "pci": (("v", 8), ("d", 8), ("sv", 8), ("sd", 8), ("bc", 2), ("sc", 2), ("i", 2)),
    "hid": (("b", 4), ("g", 4), ("v", 8), ("p", 8)),
}  # fmt: skip
"""Fields of a modalias in their order, with their number of hexadecimal digits."""

NARROWED = 100
PCI_PRODUCT, PCI_SUBSYSTEM, PCI_VENDOR = 1000, 500, 500
EXACT, LOOSE = 1000, 500

_VALUE = r"(\*|[0-9A-F\[\]*?-]*)"
FIELD_PATTERNS = {
    bus: re.compile(f"{bus}:" + "".join(f"{name}{_VALUE}" for name, _ in fields) + r"\*?")
    for bus, fields in LAYOUTS.items()
}


def alias_parts(pattern: str) -> Parts:
    """The parts of an alias's score; their sum is the score."""
    bus, _, _ = pattern.partition(":")
    found = FIELD_PATTERNS[bus].fullmatch(pattern) if bus in LAYOUTS else None
    if found is None:
        return _other(pattern)
    named: list[str] = []
    partial: list[str] = []
    for (name, width), value in zip(LAYOUTS[bus], found.groups(), strict=True):
        if given := value.rstrip("*"):
            whole = len(given) == width and given.isalnum()
            (named if whole else partial).append(name)
    return field_parts(bus, tuple(named), tuple(partial))


@lru_cache(maxsize=1024)
def field_parts(bus: str, named: tuple[str, ...], partial: tuple[str, ...]) -> Parts:
    """The parts of a pattern of a bus of `LAYOUTS` that names these fields.

    `partial` are fields of which only the beginning or a range is given.
    """
    return {"usb": _usb, "pci": _pci, "hid": _hid}[bus](frozenset(named), frozenset(partial))


_CLASSES = (("ic", "isc", "ip"), ("dc", "dsc", "dp"))


def _usb(named: frozenset[str], partial: frozenset[str]) -> Parts:
    """The row of `usb.INTERFACE_SETS` with the pattern's fields, and what is more or less."""
    rows = {row.keys: row.score for row in usb.INTERFACE_SETS}
    release, product, vendor_protocol, vendor, protocol, subclass = sorted(
        rows.values(), reverse=True
    )
    parts: list[tuple[str, int]] = []
    used: set[str] = set()
    if {"v", "p"} <= named:
        used = {"v", "p", "d", "in"}
        if "d" in named | partial:
            parts.append(("idVendor + idProduct + bcdDevice", release))
        else:
            parts.append(("idVendor + idProduct", product))
        if "in" not in named:
            parts.append(("any bInterfaceNumber", -usb.WILDCARD_COST))
        if "d" in partial:
            parts.append(("range of bcdDevice", -usb.MASK_COST))
    elif "v" in named:
        used = {"v", "isc", "ip"} if "isc" in named else {"v"}
        row = vendor_protocol if {"isc", "ip"} <= named else vendor
        parts.append(("idVendor + bInterfaceSubClass", row))
        if "isc" not in named:
            parts.append(("any bInterfaceSubClass", -usb.WILDCARD_COST))
    else:
        group = _CLASSES[0] if "ic" in named else _CLASSES[1]
        if group[0] not in named:
            return tuple((name, NARROWED) for name in sorted(named))
        used = set(group)
        row = protocol if set(group) <= named else subclass
        kind = "bInterfaceClass" if group is _CLASSES[0] else "bDeviceClass"
        parts.append((f"{kind} + subclass", row))
        if group[1] not in named:
            parts.append(("any subclass", -usb.WILDCARD_COST))
        if group is _CLASSES[1]:
            parts.append(("any bInterfaceClass", -usb.WILDCARD_COST))
    more = [name for name, _ in LAYOUTS["usb"] if name in named - used]
    return (*parts, *((f"also {name}", NARROWED) for name in more))


def _pci(named: frozenset[str], partial: frozenset[str]) -> Parts:
    parts: list[tuple[str, int]] = []
    if {"v", "d"} <= named:
        parts.append(("vendor + device", PCI_PRODUCT))
    elif "v" in named:
        parts.append(("vendor", PCI_VENDOR))
    parts += [(name, PCI_SUBSYSTEM) for name in ("sv", "sd") if name in named]
    parts += [(name, NARROWED) for name in ("bc", "sc", "i") if name in named | partial]
    return tuple(parts)


def _hid(named: frozenset[str], partial: frozenset[str]) -> Parts:
    points = [("b", hid.TRANSPORT), ("v", hid.VENDOR), ("g", hid.DETAIL)]
    if "v" in named:
        points.insert(2, ("p", hid.PRODUCT))
    words = {"b": "Transport", "v": "VendorID", "p": "ProductID", "g": "group"}
    return tuple((words[name], score) for name, score in points if name in named | partial)


def _other(pattern: str) -> Parts:
    if not re.search(r"[*?\[]", pattern):
        return (("whole alias", EXACT),)
    bus, _, rest = pattern.partition(":")
    literal = rest.strip("*:")
    if bus == "scsi" and re.match(r"t[-_]\w", literal):
        return ((scsi.SCSI_KEYS[0], scsi.STEP),)
    return (("alias with wildcards", LOOSE),) if literal else ()
