"""HID: what each group of keys adds to a personality's score.

The score is that of the transport, plus the vendor's, plus the usage's; within a group a key
counts only when the key that leads it has matched. Every key that is there has to match.
Source: IOHIDFamily IOHIDFamilyPrivate.cpp (MatchPropertyTable, CompareProductID,
CompareDeviceUsagePairs), IOHIDDevice.cpp (validateMatchingTable).
Invariant: pure.
"""

from runtime.matching.provider import Provider
from runtime.matching.verdict import Mismatch, Scored, mismatch
from runtime.model.numbers import number, same, shown
from runtime.model.properties import Properties, Value

CLASSES = ("IOHIDDevice", "IOHIDInterface")
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


def governs(provider: Provider) -> bool:
    """Whether the HID rules apply to a provider."""
    return any(provider.conforms_to(cls) for cls in CLASSES)


def match_hid(provider: Provider, table: Properties) -> Scored | Mismatch:
    """Return what a personality's HID keys score on a provider, or the first that failed."""
    has = provider.properties
    failed = _vendor_page(has, table) or _gates(has, table)
    if failed is not None:
        return failed
    parts: list[tuple[str, int]] = []
    for group in (_transport, _vendor, _usage):
        verdict = group(has, table)
        if isinstance(verdict, Mismatch):
            return verdict
        parts += verdict
    return Scored(tuple(parts))


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
    keys = [key for key in ("ProductID", "ProductIDArray", "ProductIDMask") if key in table]
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
    """DeviceUsagePairs, or DeviceUsagePage with DeviceUsage, else the primary usage."""
    wanted = table.get("DeviceUsagePairs")
    if wanted is not None or "DeviceUsagePage" in table or "DeviceUsage" in table:
        pairs: list[Value] = wanted if isinstance(wanted, list) else [table]
        key = "DeviceUsagePairs" if wanted is not None else "DeviceUsagePage"
        return _pairs(has, pairs, key, wanted if wanted is not None else table.get(key))
    parts: Parts = []
    for key, points in (("PrimaryUsagePage", USAGE), ("PrimaryUsage", PAGE_AND_USAGE)):
        if key in table:
            if failed := _compare(has, table, key):
                return failed
            if key == "PrimaryUsagePage" or parts:
                parts.append((key, points))
    return parts


def _pairs(
    has: Properties, wanted: list[Value], key: str, shown_wanted: Value | None
) -> Parts | Mismatch:
    """Compare wanted pairs with the provider's; only the first that matches counts."""
    found = has.get("DeviceUsagePairs")
    for pair in wanted:
        if not isinstance(pair, dict):
            continue
        for there in found if isinstance(found, list) else ():
            if isinstance(there, dict) and (points := _pair(pair, there)):
                return [(key, points)]
    return mismatch(key, shown_wanted, found)


def _pair(wanted: Properties, there: Properties) -> int:
    page, usage = wanted.get("DeviceUsagePage"), wanted.get("DeviceUsage")
    if page is None and usage is None:
        return 0
    for key, value in (("DeviceUsagePage", page), ("DeviceUsage", usage)):
        other = there.get(key)
        if value is not None and (other is None or not same(value, other)):
            return 0
    if page is not None and usage is not None:
        return USAGE + PAGE_AND_USAGE
    return USAGE + (PAGE_ONLY if page is not None else 0)


def _gates(has: Properties, table: Properties) -> Mismatch | None:
    """BootProtocol has to be equal; what is asked for has to be there."""
    if "BootProtocol" in table and (failed := _compare(has, table, "BootProtocol")):
        return failed
    for key in _REQUIRED:
        if key in table and key not in has:
            return mismatch(key, table[key], None)
    return None


def vendor_pages(table: Properties) -> list[int]:
    """The vendor-defined usage pages that a personality asks for."""
    pairs = table.get("DeviceUsagePairs")
    tables = [pair for pair in pairs if isinstance(pair, dict)] if isinstance(pairs, list) else []
    values = [each.get("DeviceUsagePage") for each in [table, *tables]]
    values.append(table.get("PrimaryUsagePage"))
    pages = [number(value) for value in values if value is not None]
    return [page for page in pages if page is not None and page >= VENDOR_PAGE]


def _vendor_page(has: Properties, table: Properties) -> Mismatch | None:
    """A page that each vendor defines for itself means nothing without the vendor."""
    if "VendorID" in table or has.get("Transport") not in {"USB", "Bluetooth"}:
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
