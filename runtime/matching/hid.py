"""HID: what each group of keys adds to a personality's score.

The score is that of the transport, plus the vendor's, plus the usage's; within a group a key
counts only when the key that leads it has matched. Every key that is there has to match. A usage
without its page says nothing. An interface is compared by its device's properties, unless that
says that it has several.
One difference from IOHIDFamily: there a device without DeviceUsagePairs matches nobody; here only
who asks for a usage, because a file of a machine may not have the report descriptor.
Source: IOHIDFamily IOHIDFamilyPrivate.cpp (MatchPropertyTable, CompareProductID,
CompareDeviceUsagePairs), IOHIDDevice.cpp (validateMatchingTable), IOHIDInterface.cpp
(matchPropertyTable).
Invariant: pure.
"""

from runtime.matching.provider import Provider
from runtime.matching.verdict import Mismatch, Scored, mismatch
from runtime.model.numbers import number, same, shown
from runtime.model.properties import Properties, Value

DEVICE_CLASS, INTERFACE_CLASS = CLASSES = ("IOHIDDevice", "IOHIDInterface")
SEVERAL = "MultipleInterfaceEnabled"
TRANSPORT, LOCATION = 1000, 2000
VENDOR, PRODUCT = 5000, 1000
PRODUCT_ARRAY, PRODUCT_MASK, PRODUCT_ARRAY_MASK = 975, 950, 925
DETAIL = 100
USAGE, PAGE_AND_USAGE, PAGE_ONLY = 1100, 100, 50
VENDOR_PAGE = 0xFF00
WILDCARD = "*"

_DETAILS = ("VersionNumber", "Manufacturer", "SerialNumber", "PhysicalDeviceUniqueID")
_REQUIRED = ("HIDDefaultBehavior", "HIDCompatibilityInterface")
HID_KEYS = (
    "Transport",
    "LocationID",
    "VendorID",
    "ProductID",
    "ModelNumber",
    "ProductIDArray",
    "ProductIDMask",
    *_DETAILS,
    "DeviceUsagePairs",
    "DeviceUsagePage",
    "DeviceUsage",
    "PrimaryUsagePage",
    "PrimaryUsage",
    "BootProtocol",
    *_REQUIRED,
)
"""Every key of the HID rules."""


def match_hid(provider: Provider, table: Properties) -> Scored | Mismatch:
    """Return what a personality's HID keys score on a provider, or the first that failed."""
    has = compared(provider)
    failed = _vendor_page(table) or _gates(has, table)
    if failed is not None:
        return failed
    parts: list[tuple[str, int]] = []
    for group in (_transport, _vendor, _usage):
        verdict = group(has, table)
        if isinstance(verdict, Mismatch):
            return verdict
        parts += verdict
    return Scored(tuple(parts))


def compared(provider: Provider) -> Properties:
    """The properties that a personality is held against."""
    above = provider.ancestors[:1]
    if provider.conforms_to(INTERFACE_CLASS) and above and above[0].conforms_to(DEVICE_CLASS):
        device = above[0].properties
        return provider.properties if device.get(SEVERAL) is True else device
    return provider.properties


Parts = list[tuple[str, int]]


def _transport(has: Properties, table: Properties) -> Parts | Mismatch:
    """Transport; LocationID counts only beside it."""
    parts: Parts = []
    for key, points in (("Transport", TRANSPORT), ("LocationID", LOCATION)):
        if key not in table:
            continue
        if failed := _compare(has, table, key):
            return failed
        if key == "Transport" or parts:
            parts.append((key, points))
    return parts


def _vendor(has: Properties, table: Properties) -> Parts | Mismatch:
    """VendorID; everything else of the group counts only beside it."""
    parts: Parts = []
    if "VendorID" in table:
        if failed := _compare(has, table, "VendorID"):
            return failed
        parts.append(("VendorID", VENDOR))
    product = _product(has, table)
    if isinstance(product, Mismatch):
        return product
    parts += product
    for key, points in (("ModelNumber", PRODUCT), *((key, DETAIL) for key in _DETAILS)):
        if key in table:
            if failed := _compare(has, table, key):
                return failed
            parts.append((key, points))
    return parts if "VendorID" in table else []


def _product(has: Properties, table: Properties) -> Parts | Mismatch:
    """The first that matches of ProductID, array, mask, and array with mask."""
    keys = [key for key in ("ProductID", "ProductIDArray") if key in table]  # a mask alone: none
    if not keys:
        return []
    found = has.get("ProductID")
    here = number(found) if found is not None else None
    if here is None:
        return mismatch(keys[0], table[keys[0]], found)
    part = _product_part(here, table)
    return [part] if part else mismatch(keys[0], table[keys[0]], found)


def _product_part(here: int, table: Properties) -> tuple[str, int] | None:
    one = table.get("ProductID")
    if one is not None and (one == WILDCARD or same(one, here)):
        return "ProductID", PRODUCT
    many = _numbers(table.get("ProductIDArray"))
    if here in many:
        return "ProductIDArray", PRODUCT_ARRAY
    mask = number(table.get("ProductIDMask", ""))
    if mask is None:
        return None
    single = number(one) if one is not None else None
    if single is not None and single & mask == here & mask:
        return "ProductIDMask", PRODUCT_MASK
    if any(value & mask == here & mask for value in many):
        return "ProductIDArray and ProductIDMask", PRODUCT_ARRAY_MASK
    return None


def _usage(has: Properties, table: Properties) -> Parts | Mismatch:
    """The primary usage; DeviceUsagePairs and DeviceUsagePage, which count instead of it."""
    primary: Parts = []
    for key, points in (("PrimaryUsagePage", USAGE), ("PrimaryUsage", PAGE_AND_USAGE)):
        if key in table:
            if failed := _compare(has, table, key):
                return failed
            if key == "PrimaryUsagePage" or primary:
                primary.append((key, points))
    points = 0
    pairs = table.get("DeviceUsagePairs")
    for key, wanted in (
        ("DeviceUsagePairs", pairs if isinstance(pairs, list) else []),
        ("DeviceUsagePage", [table]),
    ):
        found = _pairs(has, [pair for pair in wanted if isinstance(pair, dict)])
        if found is None:
            return mismatch(key, table.get(key), has.get("DeviceUsagePairs"))
        points += found
    return [("device usage", USAGE + points)] if points else primary


def _pairs(has: Properties, wanted: list[Properties]) -> int | None:
    """What the first pair that matches adds; None when there are some and none matches."""
    there = has.get("DeviceUsagePairs")
    found = [pair for pair in there if isinstance(pair, dict)] if isinstance(there, list) else []
    points = [_pair(pair, found) for pair in wanted]
    matching = [each for each in points if each is not None]
    return matching[0] if matching else None if points else 0


def _pair(wanted: Properties, found: list[Properties]) -> int | None:
    """What a wanted pair adds; None when the provider has no such."""
    page, usage = wanted.get("DeviceUsagePage"), wanted.get("DeviceUsage")
    if page is None:
        return 0
    for there in found:
        if same(page, there.get("DeviceUsagePage", "")):
            if usage is None:
                return PAGE_ONLY
            if same(usage, there.get("DeviceUsage", "")):
                return PAGE_AND_USAGE
    return None


def _gates(has: Properties, table: Properties) -> Mismatch | None:
    """BootProtocol has to be equal; what is asked for has to be there."""
    if "BootProtocol" in table and (failed := _compare(has, table, "BootProtocol")):
        return failed
    for key in _REQUIRED:
        if key in table and key not in has:
            return mismatch(key, table[key], None)
    return None


def vendor_pages(table: Properties) -> list[int]:
    """The vendor-defined usage pages that a personality asks for, primary page and pairs."""
    pairs = table.get("DeviceUsagePairs")
    tables = [pair for pair in pairs if isinstance(pair, dict)] if isinstance(pairs, list) else []
    values = [table.get("PrimaryUsagePage"), *(each.get("DeviceUsagePage") for each in tables)]
    pages = [number(value) for value in values if value is not None]
    return [page for page in pages if page is not None and page >= VENDOR_PAGE]


def names_transport(table: Properties) -> bool:
    """Whether a personality says that it is for USB or Bluetooth, of whatever kind."""
    transport = table.get("Transport")
    return isinstance(transport, str) and ("USB" in transport or "Bluetooth" in transport)


def _vendor_page(table: Properties) -> Mismatch | None:
    """A page that each vendor defines for itself means nothing without the vendor."""
    if "VendorID" in table or not names_transport(table):
        return None
    pages = vendor_pages(table)
    if not pages:
        return None
    return Mismatch("VendorID", "a vendor, beside a vendor-defined usage page", shown(pages[0]))


def _compare(has: Properties, table: Properties, key: str) -> Mismatch | None:
    found = has.get(key)
    if found is not None and same(table[key], found):
        return None
    return mismatch(key, table[key], found)


def _numbers(value: Value | None) -> list[int]:
    items = value if isinstance(value, list) else []
    return [found for found in map(number, items) if found is not None]
