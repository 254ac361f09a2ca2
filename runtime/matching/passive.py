"""Passive matching: the keys that IOService itself compares, in its order.

IOCompatibilityMatch, IOProviderClass, IONameMatch, IOLocationMatch, IOPropertyMatch,
IOPropertyExistsMatch, IOPathMatch, IORegistryEntryID, IOMatchedServiceCountMatch, BSD Name,
BSD Major, BSD Minor, BSD Unit, IOResourceMatch. The first failure ends it. Keys that it does not
know are ignored, as IOKit does.
Source: xnu IOService.cpp matchInternal, IOResourcesMatchPropertyTable; IODeviceTreeSupport.cpp
IODTCompareNubName.
Invariant: pure.
"""

from collections.abc import Callable

from runtime.matching.provider import Provider
from runtime.matching.verdict import Mismatch, mismatch
from runtime.model.numbers import number, same
from runtime.model.properties import Properties, Value

WILDCARD = "*"
_NAMES = ("name", "compatible", "device_type", "model")
"""A device tree's names of a nub: text, or data of texts that end in NUL."""


def match_service(provider: Provider, table: Properties) -> Mismatch | None:
    """Compare IOService's own keys; None when all match."""
    for key, rule in PASSIVE_RULES:
        if key in table:
            failed = rule(provider, table[key])
            if failed is not None:
                return failed
    return None


def _provider_class(provider: Provider, wanted: Value) -> Mismatch | None:
    if isinstance(wanted, str) and provider.conforms_to(wanted):
        return None
    return mismatch("IOProviderClass", wanted, " : ".join(provider.classes))


def _name(provider: Provider, wanted: Value) -> Mismatch | None:
    """One of the entry's names is one of the wanted; one that ends in ``*`` is a beginning."""
    here = names(provider)
    for name in texts(wanted):
        beginning = name[:-1] if name.endswith(WILDCARD) else None
        if name in here or (
            beginning is not None and any(each.startswith(beginning) for each in here)
        ):
            return None
    return mismatch("IONameMatch", wanted, ", ".join(here))


def _location(provider: Provider, wanted: Value) -> Mismatch | None:
    if wanted == provider.location:
        return None
    return mismatch("IOLocationMatch", wanted, provider.location)


def _path(provider: Provider, wanted: Value) -> Mismatch | None:
    return None if wanted == provider.path else mismatch("IOPathMatch", wanted, provider.path)


def _property(provider: Provider, wanted: Value) -> Mismatch | None:
    """A dictionary: every pair has to be there. An array of dictionaries: one has to match."""
    choices = wanted if isinstance(wanted, list) else [wanted]
    failed: Mismatch | None = mismatch("IOPropertyMatch", "a dictionary", wanted)
    for choice in choices:
        if not isinstance(choice, dict):
            continue
        failed = _pairs(provider.properties, choice)
        if failed is None:
            return None
    return failed


def _pairs(properties: Properties, wanted: Properties) -> Mismatch | None:
    for key, value in wanted.items():
        found = properties.get(key)
        if found is None or not same(value, found):
            return mismatch(f"IOPropertyMatch.{key}", value, found)
    return None


def _property_exists(provider: Provider, wanted: Value) -> Mismatch | None:
    if any(name in provider.properties for name in texts(wanted)):
        return None
    return mismatch("IOPropertyExistsMatch", wanted, None)


def _entry_id(provider: Provider, wanted: Value) -> Mismatch | None:
    if number(wanted) == provider.id:
        return None
    return mismatch("IORegistryEntryID", wanted, int(provider.id))


def _service_count(provider: Provider, wanted: Value) -> Mismatch | None:
    """How many services with a match category are on the provider."""
    if number(wanted) == provider.services:
        return None
    return mismatch("IOMatchedServiceCountMatch", wanted, provider.services)


def _equal(key: str) -> Callable[[Provider, Value], Mismatch | None]:
    """The rule of a key that the provider has to have with the same value."""

    def rule(provider: Provider, wanted: Value) -> Mismatch | None:
        found = provider.properties.get(key)
        if found is not None and same(wanted, found):
            return None
        return mismatch(key, wanted, found)

    return rule


def _resource(provider: Provider, wanted: Value) -> Mismatch | None:
    """Only a resource nub publishes resources; on other providers the key says nothing."""
    if not (provider.conforms_to("IOResources") or provider.conforms_to("IOUserResources")):
        return None
    missing = [name for name in texts(wanted) if name not in provider.properties]
    return mismatch("IOResourceMatch", missing[0], None) if missing else None


def names(provider: Provider) -> list[str]:
    """What IONameMatch compares: the entry's name and those that its firmware gives it."""
    found = [provider.name]
    for key in _NAMES:
        value = provider.properties.get(key)
        if isinstance(value, bytes):
            value = [*value.decode("utf-8", "replace").rstrip("\0").split("\0")]
        found += texts(value)
    return found


def texts(value: Value | None) -> list[str]:
    """The texts of a value that is one or an array of them."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]


PASSIVE_RULES: tuple[tuple[str, Callable[[Provider, Value], Mismatch | None]], ...] = (
    ("IOCompatibilityMatch", _equal("IOCompatibilityMatch")),
    ("IOProviderClass", _provider_class),
    ("IONameMatch", _name),
    ("IOLocationMatch", _location),
    ("IOPropertyMatch", _property),
    ("IOPropertyExistsMatch", _property_exists),
    ("IOPathMatch", _path),
    ("IORegistryEntryID", _entry_id),
    ("IOMatchedServiceCountMatch", _service_count),
    ("BSD Name", _equal("BSD Name")),
    ("BSD Major", _equal("BSD Major")),
    ("BSD Minor", _equal("BSD Minor")),
    ("BSD Unit", _equal("BSD Unit")),
    ("IOResourceMatch", _resource),
)
