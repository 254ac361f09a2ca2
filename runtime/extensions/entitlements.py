"""What a driver extension has to be entitled to before it is launched on a provider.

Source: xnu IOUserServer.cpp checkEntitlements (IOServiceDEXTEntitlements, driverkit); IOKitKeys.h
(entitlements of families); Apple,
com.apple.developer.driverkit.transport.usb (dictionaries of USB matching keys).
Invariant: pure; a denial names the entitlement, what was wanted and what was found.
"""

from collections.abc import Collection

from runtime.model.classes import HID_SERVICES
from runtime.model.numbers import number, same, shown
from runtime.model.outcome import Decision
from runtime.model.properties import Properties, Value

DRIVERKIT = "com.apple.developer.driverkit"
TRANSPORT_USB = "com.apple.developer.driverkit.transport.usb"
TRANSPORT_HID = "com.apple.developer.driverkit.transport.hid"
FAMILY_HID_DEVICE = "com.apple.developer.driverkit.family.hid.device"
FAMILY_HID_EVENTS = "com.apple.developer.driverkit.family.hid.eventservice"
BUILT_IN = "com.apple.developer.driverkit.builtin"
TRANSPORT_PCI = "com.apple.developer.driverkit.transport.pci"

USER_CLIENT_ACCESS = "com.apple.developer.driverkit.userclient-access"
ANY_USER_CLIENT = "com.apple.developer.driverkit.allow-any-userclient-access"
ADMINISTRATOR = "com.apple.developer.driverkit.administrator"

_FAMILIES = dict(zip(HID_SERVICES, (FAMILY_HID_DEVICE, FAMILY_HID_EVENTS), strict=True))
"""What a service of a class needs, by the personality's IOClass."""

ALLOWED = Decision(allowed=True)


def check(
    entitlements: Properties,
    provider_classes: Collection[str],
    provider: Properties,
    service_class: str = "",
) -> Decision:
    """Decide whether an extension with these entitlements may be launched on a provider.

    `provider` are the provider's properties, `provider_classes` its class chain, `service_class`
    is the personality's IOClass.
    """
    if entitlements.get(DRIVERKIT) is not True:
        return _denied(DRIVERKIT, "true", entitlements.get(DRIVERKIT))
    for decision in (
        _usb(entitlements, provider_classes, provider),
        _transport(entitlements, provider_classes, "IOHIDDevice", TRANSPORT_HID),
        _transport(entitlements, provider_classes, "IOHIDInterface", TRANSPORT_HID),
        _transport(entitlements, provider_classes, "IOPCIDevice", TRANSPORT_PCI),
        _transport(entitlements, provider_classes, "IOPlatformDevice", BUILT_IN),
        family(entitlements, service_class),
        _provider_asks(entitlements, provider.get("IOServiceDEXTEntitlements")),
    ):
        if not decision.allowed:
            return decision
    return ALLOWED


def check_user_client(app: Properties, extension: Properties, bundle_id: str) -> Decision:
    """Decide whether a program of an app may open a service of an extension.

    Source: xnu IOUserServer.cpp, IOUserUserClient::start.
    """
    if extension.get(ANY_USER_CLIENT) is True:
        return ALLOWED
    granted = app.get(USER_CLIENT_ACCESS)
    if bundle_id in (granted if isinstance(granted, list) else [granted]):
        return ALLOWED
    return _denied(USER_CLIENT_ACCESS, f"a list with {bundle_id}", granted)


def publishing(entitlements: Properties, key: str) -> Decision:
    """Decide whether an extension may publish what one of the FAMILY_ keys is about."""
    found = entitlements.get(key)
    return ALLOWED if found is True else _denied(key, "true", found)


def family(entitlements: Properties, service_class: str) -> Decision:
    """Decide whether an extension may publish a service of a class, as its IOClass says."""
    key = _FAMILIES.get(service_class)
    return publishing(entitlements, key) if key is not None else ALLOWED


def covers(wanted: Properties, provider: Properties) -> bool:
    """Whether one dictionary of transport.usb covers a provider: every key has to match."""
    mask = number(wanted.get("idProductMask", ""))
    for key, value in wanted.items():
        if key == "idProductMask" or value == "*":
            continue
        found = provider.get("idProduct" if key == "idProductArray" else key)
        choices = value if isinstance(value, list) else [value]
        if found is None or not any(_equal(key, item, found, mask) for item in choices):
            return False
    return True


def _equal(key: str, wanted: Value, found: Value, mask: int | None) -> bool:
    left, right = number(wanted), number(found)
    if key in ("idProduct", "idProductArray") and None not in (mask, left, right):
        assert mask is not None
        assert left is not None
        assert right is not None
        return left & mask == right & mask
    return same(wanted, found)


def _usb(entitlements: Properties, classes: Collection[str], provider: Properties) -> Decision:
    if not {"IOUSBHostDevice", "IOUSBHostInterface"}.intersection(classes):
        return ALLOWED
    granted = entitlements.get(TRANSPORT_USB)
    dictionaries = granted if isinstance(granted, list) else []
    if any(isinstance(item, dict) and covers(item, provider) for item in dictionaries):
        return ALLOWED
    keys = ("idVendor", "idProduct")
    here: Properties = {key: provider[key] for key in keys if key in provider}
    return _denied(TRANSPORT_USB, f"a dictionary that covers {shown(here)}", granted)


def _transport(
    entitlements: Properties, classes: Collection[str], provider_class: str, key: str
) -> Decision:
    if provider_class not in classes or entitlements.get(key):
        return ALLOWED
    return _denied(key, f"it, as the provider is an {provider_class}", entitlements.get(key))


def _provider_asks(entitlements: Properties, asked: Value | None) -> Decision:
    """Text: that one. Array of texts: any of them. Array of arrays: all of one of them."""
    if asked is None:
        return ALLOWED
    choices = asked if isinstance(asked, list) else [asked]
    for choice in choices:
        keys = choice if isinstance(choice, list) else [choice]
        if all(isinstance(key, str) and entitlements.get(key) for key in keys):
            return ALLOWED
    first = choices[0] if choices else ""
    key = first[0] if isinstance(first, list) and first else first
    return _denied(str(key), f"{shown(asked)}, as the provider asks", None)


def _denied(key: str, wanted: str, found: Value | None) -> Decision:
    return Decision(allowed=False, entitlement=key, wanted=wanted, found=shown(found))
