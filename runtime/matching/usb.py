"""USB: which key sets match a device or an interface, and their scores.

Only the sets below match; a further USB key makes a personality fail. Class keys need a
class other than vendor-specific (0xFF), the vendor's subclass keys need 0xFF.
``"*"`` stands for any value and costs 1000; a match through idProductMask costs 500.
IOProbeScore, at most 9000, is added by the caller's personality (`MAX_PROBE_SCORE`).
Source: Apple Technical Q&A QA1076; IOUSBFamily matchPropertyTable (wildcards, mask, clamp);
IOUSBHostFamily.h (idProductArray, idProductMask).
Invariant: pure.
"""

from typing import NamedTuple

from runtime.matching.provider import Provider
from runtime.matching.verdict import Mismatch, Scored, mismatch
from runtime.model.numbers import number, same, shown
from runtime.model.properties import Properties, Value

DEVICE_CLASS = "IOUSBHostDevice"
INTERFACE_CLASS = "IOUSBHostInterface"
VENDOR_SPECIFIC = 0xFF
MAX_PROBE_SCORE = 9000
WILDCARD = "*"
WILDCARD_COST = 1000
MASK_COST = 500


class KeySet(NamedTuple):
    """One row of the table. `vendor_class`: the class has to be 0xFF, must not be, or is free."""

    score: int
    keys: frozenset[str]
    vendor_class: bool | None = None


DEVICE_SETS = (
    KeySet(100_000, frozenset({"idVendor", "idProduct", "bcdDevice"})),
    KeySet(90_000, frozenset({"idVendor", "idProduct"})),
    KeySet(80_000, frozenset({"idVendor", "bDeviceSubClass", "bDeviceProtocol"}), True),
    KeySet(70_000, frozenset({"idVendor", "bDeviceSubClass"}), True),
    KeySet(60_000, frozenset({"bDeviceClass", "bDeviceSubClass", "bDeviceProtocol"}), False),
    KeySet(50_000, frozenset({"bDeviceClass", "bDeviceSubClass"}), False),
)
_INTERFACE_PRODUCT = frozenset({"idVendor", "idProduct", "bInterfaceNumber", "bConfigurationValue"})
INTERFACE_SETS = (
    KeySet(100_000, _INTERFACE_PRODUCT | {"bcdDevice"}),
    KeySet(90_000, _INTERFACE_PRODUCT),
    KeySet(80_000, frozenset({"idVendor", "bInterfaceSubClass", "bInterfaceProtocol"}), True),
    KeySet(70_000, frozenset({"idVendor", "bInterfaceSubClass"}), True),
    KeySet(
        60_000, frozenset({"bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"}), False
    ),
    KeySet(50_000, frozenset({"bInterfaceClass", "bInterfaceSubClass"}), False),
)
_PRODUCT_FORMS = ("idProduct", "idProductArray", "idProductMask")
NARROWING_KEYS = ("USBSpeed", "USBPortType")
"""Compared when they are there; they belong to no set and add nothing (IOUSBHostFamily.h)."""
USB_KEYS = (
    "idVendor",
    *_PRODUCT_FORMS,
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


def governs(provider: Provider) -> bool:
    """Whether the USB rules apply to a provider."""
    return provider.conforms_to(DEVICE_CLASS) or provider.conforms_to(INTERFACE_CLASS)


def match_usb(provider: Provider, table: Properties) -> Scored | Mismatch:
    """Return the score of a personality's USB keys on a provider, or the first that failed."""
    present = [key for key in USB_KEYS if key in table]
    costs: list[tuple[str, int]] = []
    for key in NARROWING_KEYS:
        if key in table:
            failed = _compare(key, table[key], provider.properties.get(key))
            if failed is not None:
                return failed
    for key in present:
        if key in _PRODUCT_FORMS:
            continue
        if table[key] == WILDCARD and key in provider.properties:
            costs.append((f"{key} *", -WILDCARD_COST))
            continue
        failed = _compare(key, table[key], provider.properties.get(key))
        if failed is not None:
            return failed
    if any(key in _PRODUCT_FORMS for key in present):
        product = _product(table, provider.properties.get("idProduct"))
        if isinstance(product, Mismatch):
            return product
        if product:
            costs.append(
                ("any idProduct" if product == WILDCARD_COST else "idProductMask", -product)
            )
    score = _score(provider, present)
    if isinstance(score, Mismatch):
        return score
    return Scored(((" + ".join(present), score), *costs))


def _score(provider: Provider, present: list[str]) -> int | Mismatch:
    """Find the row whose keys are exactly those present, and hold it to its class rule."""
    is_interface = provider.conforms_to(INTERFACE_CLASS)
    sets = INTERFACE_SETS if is_interface else DEVICE_SETS
    class_key = "bInterfaceClass" if is_interface else "bDeviceClass"
    keys = {"idProduct" if key in _PRODUCT_FORMS else key for key in present}
    for row in sets:
        if row.keys == keys:
            found = number(provider.properties.get(class_key, ""))
            if row.vendor_class is None or row.vendor_class == (found == VENDOR_SPECIFIC):
                return row.score
            wanted = "255 (0xff)" if row.vendor_class else "other than 255 (0xff)"
            return Mismatch(class_key, wanted, shown(found))
    what = "an interface" if is_interface else "a device"
    return Mismatch(
        _odd_key(keys, sets), f"one of the USB key sets of {what}", ", ".join(present) or "none"
    )


def _odd_key(keys: set[str], sets: tuple[KeySet, ...]) -> str:
    """Name the key to blame: one that no set has, else one too many, else one missing."""
    known = frozenset[str]().union(*(row.keys for row in sets))
    for key in USB_KEYS:
        if key in keys and key not in known:
            return key
    nearest = min(sets, key=lambda row: len(row.keys ^ keys))
    odd = nearest.keys ^ keys
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


def _compare(key: str, wanted: Value, found: Value | None) -> Mismatch | None:
    if found is not None and same(wanted, found):
        return None
    return mismatch(key, wanted, found)
