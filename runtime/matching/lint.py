"""What is wrong with a bundle's personalities, before anybody activates it.

Errors: it can never match, or never run here. Warnings: it matches otherwise than it looks.
Keys that matching does not know are the driver's own and no fault, unless they are nearly the
name of one that it knows.
Invariant: pure; a personality without an error can match some provider.
"""

import difflib
import re
from collections.abc import Iterator

import msgspec

from runtime.matching import compared, hid, passive, pci, scsi, usb
from runtime.model.classes import HID_SERVICES, SERVICE, is_systems
from runtime.model.numbers import number, shown
from runtime.model.personality import DEFAULT_CATEGORY
from runtime.model.properties import Properties, Value

ERROR, WARNING = "error", "warning"
_TEMPLATE = re.compile(r"\$\(\w|\$\{\w|@[A-Z_]{3,}@")

_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "IOProviderClass": ((str,), "text"),
    "IOClass": ((str,), "text"),
    "IOUserClass": ((str,), "text"),
    "IOUserServerName": ((str,), "text"),
    "IOMatchCategory": ((str,), "text"),
    "IOProbeScore": ((int,), "a number"),
    "IOPropertyMatch": ((dict, list), "a dictionary or an array of them"),
    "IOPropertyExistsMatch": ((str, list), "text or an array of texts"),
    "IONameMatch": ((str, list), "text or an array of texts"),
    "IOResourceMatch": ((str, list), "text or an array of texts"),
    "IOParentMatch": ((dict,), "a dictionary"),
    "IOLocationMatch": ((str,), "text"),
    "IOPathMatch": ((str,), "text"),
    **dict.fromkeys(pci.PCI_KEYS, ((str,), "text")),
}
_OTHERS = (
    "IOUserServerOneProcess",
    "IOUserServerCDHash",
    "CFBundleIdentifier",
    "CFBundleIdentifierKernel",
    "IOMatchDefer",
    "IOUserClientClass",
    "UserClientProperties",
    "IOServiceDEXTEntitlements",
    "IOKitDebug",
    "IOPersonalityPublisher",
)
KNOWN = frozenset(
    {
        *_TYPES,
        *_OTHERS,
        *(key for key, _ in passive.PASSIVE_RULES),
        *usb.USB_KEYS,
        *usb.NARROWING_KEYS,
        *hid.HID_KEYS,
        *scsi.SCSI_KEYS,
        *(key for keys in compared.FAMILY_KEYS.values() for key in keys),
    }
)
"""Every key of a personality that means something to matching or to launching."""

_GENERAL = (*_TYPES, *_OTHERS, *(key for key, _ in passive.PASSIVE_RULES))
_FAMILY_KEYS: dict[str, frozenset[str]] = {
    usb.DEVICE_CLASS: frozenset((*usb.USB_KEYS, *usb.NARROWING_KEYS)),
    usb.INTERFACE_CLASS: frozenset((*usb.USB_KEYS, *usb.NARROWING_KEYS)),
    **dict.fromkeys(hid.CLASSES, frozenset(hid.HID_KEYS)),
    scsi.CLASS: frozenset(scsi.SCSI_KEYS),
    **{cls: frozenset(keys) for cls, keys in compared.FAMILY_KEYS.items()},
}
RENAMED = {"IOUSBDevice": "IOUSBHostDevice", "IOUSBInterface": "IOUSBHostInterface"}
"""Classes of before OS X 10.11, which no provider has any more."""
_USB = {usb.DEVICE_CLASS: usb.DEVICE_SETS, usb.INTERFACE_CLASS: usb.INTERFACE_SETS}
_NAMES = frozenset(
    {
        "CFBundleIdentifier",
        "CFBundleIdentifierKernel",
        "IOClass",
        "IOUserClass",
        "IOUserServerName",
        "IOMatchCategory",
    }
)
_NEAR = 0.9  # of difflib's ratio: about one letter in ten


class Finding(msgspec.Struct, frozen=True):
    """One complaint; `personality` and `key` say where."""

    severity: str
    personality: str
    key: str
    text: str


def lint(tables: dict[str, Properties], bundle_id: str, *, dext: bool) -> list[Finding]:
    """Every complaint about a bundle's personalities, in their order.

    `dext` says whether the bundle is a driver extension, which needs more keys than a kext.
    """
    found = [
        Finding(severity, name, key, text)
        for name, table in tables.items()
        for severity, key, text in _one(table, bundle_id, dext)
    ]
    return found + (list(_collisions(tables)) if dext else [])


Complaint = tuple[str, str, str]


def _one(table: Properties, bundle_id: str, dext: bool) -> Iterator[Complaint]:
    yield from _types(table)
    yield from _near_misses(table)
    yield from _templates(table)
    provider = table.get("IOProviderClass")
    if provider is None:
        yield ERROR, "IOProviderClass", "is missing: a personality without it is dropped"
    if isinstance(provider, str):
        if provider in RENAMED:
            yield (
                WARNING,
                "IOProviderClass",
                f"no provider here is an {provider}, a class of before OS X 10.11: "
                f"{RENAMED[provider]} is",
            )
        if provider in _USB:
            yield from _usb(table, provider)
        if provider in hid.CLASSES:
            yield from _hid(table)
    for key in pci.PCI_KEYS:
        text = table.get(key)
        if isinstance(text, str) and not _templated(text) and not pci.terms(text, 0):
            yield ERROR, key, f"expected numbers such as 0x15338086&0xffff0000, found {shown(text)}"
    if dext:
        yield from _dext(table, bundle_id)


def _types(table: Properties) -> Iterator[Complaint]:
    for key, (kinds, words) in _TYPES.items():
        value = table.get(key)
        if value is None:
            continue
        if not isinstance(value, kinds) or (kinds == (int,) and isinstance(value, bool)):
            yield ERROR, key, f"expected {words}, found {shown(value)}"


def _near_misses(table: Properties) -> Iterator[Complaint]:
    """Keys that nobody knows, beside one with almost the same letters of the same family."""
    family = _FAMILY_KEYS.get(shown(table.get("IOProviderClass")), frozenset[str]())
    candidates = [key for key in (*_GENERAL, *family) if key not in table]
    for key in table:
        if key in KNOWN:
            continue
        for near in difflib.get_close_matches(key, candidates, 1, _NEAR):
            if near[:2].lower() == key[:2].lower():
                yield WARNING, key, f"means nothing to matching; {near} would"


def _templates(table: Properties) -> Iterator[Complaint]:
    """Variables in what is compared; names are filled in by every build system."""
    for key, value in table.items():
        if key in KNOWN - _NAMES and isinstance(value, str) and _templated(value):
            yield WARNING, key, f"is a variable that nobody has replaced: {shown(value)}"


def _templated(text: str) -> bool:
    return _TEMPLATE.search(text) is not None


def _usb(table: Properties, provider: str) -> Iterator[Complaint]:
    """The key sets, the class that a set asks for, and IOProbeScore on top of the family's."""
    present = tuple(key for key in usb.USB_KEYS if key in table)
    row = usb.find_set(present, interface=provider == usb.INTERFACE_CLASS)
    if row is None:
        what = "a device" if provider == usb.DEVICE_CLASS else "an interface"
        keys = ", ".join(present) or "none"
        yield (
            ERROR,
            usb.odd_key(present, _USB[provider]),
            f"the USB keys are not one of the sets of {what}, so it never matches: {keys}",
        )
    for key in present:
        if not _usb_value(key, table[key]):
            yield ERROR, key, f"expected a number from 0 to 0xffff, found {shown(table[key])}"
    for key in ("bDeviceClass", "bInterfaceClass"):
        said = number(table.get(key, "")) if row is not None else None
        if said is not None and row is not None and row.vendor_class is not None:
            yield from _class_of_set(key, said == usb.VENDOR_SPECIFIC, row.vendor_class)
    probe = table.get("IOProbeScore")
    if isinstance(probe, int) and probe and not isinstance(probe, bool):
        yield WARNING, "IOProbeScore", "is added to the USB family's score; Apple says to set none"


def _class_of_set(key: str, is_vendor: bool, wants_vendor: bool) -> Iterator[Complaint]:
    if is_vendor and not wants_vendor:
        yield ERROR, key, "255 (0xff) never matches by class alone: add idVendor"
    if wants_vendor and not is_vendor:
        yield ERROR, key, "has to be 255 (0xff) beside idVendor without idProduct"


def _usb_value(key: str, value: Value) -> bool:
    if isinstance(value, list):
        return key == "idProductArray" and all(_usb_value(key, item) for item in value)
    if value == usb.WILDCARD or (isinstance(value, str) and _templated(value)):
        return True
    here = number(value)
    return here is not None and 0 <= here <= 0xFFFF


def _hid(table: Properties) -> Iterator[Complaint]:
    pages = hid.vendor_pages(table)
    if (
        pages
        and "VendorID" not in table
        and ("Transport" not in table or hid.names_transport(table))
    ):
        page = shown(pages[0])
        text = f"is missing beside the vendor-defined usage page {page}"
        if "Transport" in table:
            yield ERROR, "VendorID", f"{text}: on USB and Bluetooth it is refused"
        else:
            yield WARNING, "VendorID", f"{text}, which each vendor uses for what it likes"
    if "DeviceUsage" in table and "DeviceUsagePage" not in table:
        yield WARNING, "DeviceUsage", "says nothing without DeviceUsagePage"
    for key in ("ProductID", "ModelNumber", "ProductIDArray"):
        if key in table and "VendorID" not in table:
            yield WARNING, key, "adds nothing to the score without VendorID"


def _dext(table: Properties, bundle_id: str) -> Iterator[Complaint]:
    if "IOUserClass" not in table:
        yield ERROR, "IOUserClass", "is missing: a driver extension is not launched without it"
    yield from _service_class(table.get("IOClass"))
    if "IOUserServerName" not in table:
        text = "is missing: macOS launches no driver extension without it; here {0} stands in"
        yield (
            WARNING,
            "IOUserServerName",
            text.format(shown(bundle_id) if bundle_id else "the bundle's identifier"),
        )
    owner = table.get("CFBundleIdentifier", bundle_id)
    if isinstance(owner, str) and owner != bundle_id and not _templated(owner + bundle_id):
        yield ERROR, "CFBundleIdentifier", f"expected {shown(bundle_id)}, found {shown(owner)}"
    server = table.get("IOUserServerName")
    if (
        "IOUserServerOneProcess" in table
        and isinstance(server, str)
        and server.split(".")[:2] != bundle_id.split(".")[:2]
        and not _templated(server + bundle_id)
    ):
        text = f"{shown(server)} is not of the organisation of {shown(bundle_id)}: none is shared"
        yield WARNING, "IOUserServerName", text


def _service_class(cls: Value | None) -> Iterator[Complaint]:
    """The class of the service that the system makes for the driver."""
    if cls is None:
        text = f"is missing: macOS drops a personality without it; here {SERVICE} stands in"
        yield WARNING, "IOClass", text
    if not isinstance(cls, str) or cls in {SERVICE, *HID_SERVICES} or _templated(cls):
        return
    if is_systems(cls):
        text = f"expected {SERVICE} or a family's class for drivers, found {cls}, the system's own"
        yield ERROR, "IOClass", text
    else:
        known = ", ".join((SERVICE, *HID_SERVICES))
        yield WARNING, "IOClass", f"expected one of {known}, found {shown(cls)}: here only a name"


_ASIDE = frozenset(
    {"IOMatchCategory", "IOClass", "IOUserClass", "IOProbeScore", "CFBundleIdentifierKernel"}
)


def _collisions(tables: dict[str, Properties]) -> Iterator[Finding]:
    """Personalities that match the same providers for the same slot: only one ever starts.

    Of kexts nothing is said: the first may refuse in `probe`, which is how they share a device.
    """
    seen: dict[str, tuple[str, Value | None]] = {}
    for name, table in tables.items():
        matching = {key: table[key] for key in sorted(table) if key not in _ASIDE}
        slot = shown_whole(table.get("IOMatchCategory", DEFAULT_CATEGORY))
        identity = f"{slot} {shown_whole(matching)}"
        score = table.get("IOProbeScore")
        if identity in seen and seen[identity][1] == score and "IOProviderClass" in table:
            other = seen[identity][0]
            yield Finding(
                WARNING,
                name,
                "IOMatchCategory",
                f"matches what {shown(other)} matches, in the same category: only the first starts",
            )
        seen.setdefault(identity, (name, score))


def shown_whole(value: Value) -> str:
    """A value as text that is equal only for equal values."""
    return msgspec.json.encode(value).decode()
