"""USB: which key sets match a device or an interface, and their scores.

Every USB key that is there has to match, and together they have to be one of the sets below. A
set of vendor and product, and a vendor-specific one, may say the class as well; any other key
beside a set makes a personality fail. Class keys need a class other than vendor-specific (0xFF),
the vendor's subclass keys need 0xFF.
``"*"`` stands for any value and costs 1000; a match through idProductMask costs 500.
IOProbeScore is added, one of 10000 or more as 9000 (`probe_points`).
Source: IOUSBFamily IOUSBDevice.cpp and IOUSBInterface.cpp (matchPropertyTable), from which
Technical Q&A QA1076 differs: it lets nothing stand beside a set, but Apple's own shipped
personalities (KernelRelayHost, AppleUSBHub) say the class there; IOUSBHostFamily.h
(idProductArray, idProductMask, USBSpeed, USBPortType).
Invariant: pure.
"""

from functools import lru_cache
from typing import NamedTuple

from runtime.matching.provider import Provider
from runtime.matching.verdict import Mismatch, Scored, mismatch
from runtime.model.numbers import number, same, shown
from runtime.model.properties import Properties, Value

DEVICE_CLASS = "IOUSBHostDevice"
INTERFACE_CLASS = "IOUSBHostInterface"
_INTERFACES = frozenset({INTERFACE_CLASS, "IOUSBInterface"})
CLASSES = _INTERFACES | {DEVICE_CLASS, "IOUSBDevice"}
"""What the rules govern; the shorter names are those of before OS X 10.11."""
VENDOR_SPECIFIC = 0xFF
_HIGHEST_PROBE, _CLAMPED_PROBE = 10_000, 9000
WILDCARD = "*"
WILDCARD_COST = 1000
MASK_COST = 500


_FORMS = ("idProduct", "idProductArray", "idProductMask")
_PRODUCT_FORMS = frozenset(_FORMS)
NARROWING_KEYS = ("USBSpeed", "USBPortType")
"""Compared when they are there; they belong to no set and add nothing (IOUSBHostFamily.h)."""
USB_KEYS = (
    "idVendor",
    *_FORMS,
    "bcdDevice",
    "bDeviceClass",
    "bDeviceSubClass",
    "bDeviceProtocol",
    "bConfigurationValue",
    "bInterfaceNumber",
    "bInterfaceClass",
    "bInterfaceSubClass",
    "bInterfaceProtocol",
)
"""Every key that counts as a USB matching key, in the order in which they are compared."""


class KeySet(NamedTuple):
    """One row of the table; keys of `also` may stand beside it.

    `vendor_class`: the device's class has to be 0xFF, must not be, or is free.
    """

    name: str
    score: int
    keys: frozenset[str]
    vendor_class: bool | None = None
    also: frozenset[str] = frozenset()


_PRODUCT = frozenset({"idVendor", "idProduct"})
_PLACE = frozenset({"bInterfaceNumber", "bConfigurationValue"})


def _sets(kind: str, product: frozenset[str]) -> tuple[KeySet, ...]:
    """The table of devices (``Device``) or interfaces, whose keys differ in their middle."""
    cls, subclass, protocol = (f"b{kind}{end}" for end in ("Class", "SubClass", "Protocol"))
    classes, whole = frozenset({cls}), frozenset({cls, subclass, protocol})
    return (
        _named(100_000, product | {"bcdDevice"}, None, whole),
        _named(90_000, product, None, whole),
        _named(80_000, frozenset({"idVendor", subclass, protocol}), True, classes),
        _named(70_000, frozenset({"idVendor", subclass}), True, classes),
        _named(60_000, whole, False),
        _named(50_000, frozenset({cls, subclass}), False),
    )


def _named(
    score: int,
    keys: frozenset[str],
    vendor_class: bool | None,
    also: frozenset[str] = frozenset(),
) -> KeySet:
    return KeySet(
        " + ".join(key for key in USB_KEYS if key in keys), score, keys, vendor_class, also
    )


DEVICE_SETS = _sets("Device", _PRODUCT)
INTERFACE_SETS = _sets("Interface", _PRODUCT | _PLACE)


def probe_points(probe_score: int) -> int:
    """What a personality's IOProbeScore adds to the family's score."""
    return _CLAMPED_PROBE if probe_score >= _HIGHEST_PROBE else probe_score


def match_usb(provider: Provider, table: Properties) -> Scored | Mismatch:
    """Return the score of a personality's USB keys on a provider, or the first that failed."""
    present = tuple([key for key in USB_KEYS if key in table])
    has = provider.properties
    costs: list[tuple[str, int]] = []
    for key in (*NARROWING_KEYS, *present):
        if key not in table or key in _PRODUCT_FORMS:
            continue
        wanted, found = table[key], has.get(key)
        if wanted == WILDCARD and found is not None:
            costs.append((key, WILDCARD_COST))
        elif found is None or not same(wanted, found):
            return mismatch(key, wanted, found)
    if not _PRODUCT_FORMS.isdisjoint(present):
        product = _product(table, has.get("idProduct"))
        if isinstance(product, Mismatch):
            return product
        costs.append(("idProduct", product))
    row = _row(provider, present)
    if isinstance(row, Mismatch):
        return row
    spent = [(_cost(key, cost), -cost) for key, cost in costs if cost and key in row.keys]
    return Scored(((row.name, row.score), *spent))


def _cost(key: str, cost: int) -> str:
    return f"any {key}" if cost == WILDCARD_COST else "idProductMask"


def _row(provider: Provider, present: tuple[str, ...]) -> KeySet | Mismatch:
    """Find the row that the keys present are, and hold it to its class rule."""
    is_interface = not _INTERFACES.isdisjoint(provider.classes)
    sets = INTERFACE_SETS if is_interface else DEVICE_SETS
    row = find_set(present, interface=is_interface)
    if row is None:
        what = "an interface" if is_interface else "a device"
        wanted = f"one of the USB key sets of {what}"
        return Mismatch(odd_key(present, sets), wanted, ", ".join(present) or "none")
    if row.vendor_class is None:
        return row
    class_key = "bInterfaceClass" if is_interface else "bDeviceClass"
    found = number(provider.properties.get(class_key, ""))
    if row.vendor_class == (found == VENDOR_SPECIFIC):
        return row
    wanted = "255 (0xff)" if row.vendor_class else "other than 255 (0xff)"
    return Mismatch(class_key, wanted, shown(found))


@lru_cache(maxsize=1024)
def find_set(present: tuple[str, ...], *, interface: bool) -> KeySet | None:
    """The row that a personality's USB keys are; None when they are none."""
    keys = {"idProduct" if key in _PRODUCT_FORMS else key for key in present}
    sets = INTERFACE_SETS if interface else DEVICE_SETS
    return next((row for row in sets if row.keys <= keys <= row.keys | row.also), None)


def odd_key(present: tuple[str, ...], sets: tuple[KeySet, ...]) -> str:
    """The key to blame when those present are no set.

    One that no set has, else one too many for the nearest, else one that it misses.
    """
    keys = {"idProduct" if key in _PRODUCT_FORMS else key for key in present}
    known = frozenset[str]().union(*(row.keys for row in sets))
    for key in USB_KEYS:
        if key in keys and key not in known:
            return key
    odd = min(((row.keys - keys) | (keys - row.keys - row.also) for row in sets), key=len)
    return next(key for key in USB_KEYS if key in odd)


def _product(table: Properties, found: Value | None) -> int | Mismatch:
    """Compare idProduct, idProductArray and idProductMask; return what the match costs."""
    wanted = _products(table)
    here = number(found) if found is not None else None
    if here is None or not wanted:
        return mismatch("idProduct", wanted or "idProduct or idProductArray", found)
    if WILDCARD in wanted:
        return WILDCARD_COST
    if any(same(value, here) for value in wanted):
        return 0
    mask = number(table.get("idProductMask", ""))
    if mask is None:
        key = "idProduct" if "idProduct" in table else "idProductArray"
        return mismatch(key, wanted[0] if len(wanted) == 1 else wanted, found)
    numbers = [value for value in map(number, wanted) if value is not None]
    if any(value & mask == here & mask for value in numbers):
        return MASK_COST
    return mismatch("idProductMask", table["idProductMask"], found)


def _products(table: Properties) -> list[Value]:
    values: list[Value] = [table["idProduct"]] if "idProduct" in table else []
    many = table.get("idProductArray", [])
    return values + (many if isinstance(many, list) else [many])
