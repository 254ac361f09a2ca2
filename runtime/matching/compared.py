"""Families whose own rule is plain equality: storage media and serial clients.

A key counts only when the personality has it; then the provider has to have the same. Network
interfaces and serial streams have no keys of their own: what names them is IOProviderClass,
IOPropertyMatch and, for the interface, BSD Name.
Source: IOStorageFamily IOMedia.cpp (matchPropertyTable), IOSerialFamily IOSerialBSDClient.cpp
(matchPropertyTable), IONetworkingFamily IONetworkInterface.cpp (asks only its superclass).
Invariant: pure.
"""

from runtime.matching.provider import Provider
from runtime.matching.verdict import Mismatch, Scored, mismatch
from runtime.model.numbers import same
from runtime.model.properties import Properties

ALL_SERIAL_TYPES = "IOSerialStream"
FAMILY_KEYS: dict[str, tuple[str, ...]] = {
    "IOMedia": (
        "Content",
        "Content Hint",
        "Ejectable",
        "Leaf",
        "Open",
        "Preferred Block Size",
        "Removable",
        "Size",
        "UUID",
        "Whole",
        "Writable",
    ),
    "IOSerialBSDClient": (
        "IOTTYDevice",
        "IOTTYBaseName",
        "IOTTYSuffix",
        "IOCalloutDevice",
        "IODialinDevice",
        "IOSerialBSDClientType",
    ),
}
"""By the class that compares them."""


def governs(provider: Provider) -> bool:
    """Whether one of these families looks at a provider."""
    return any(cls in FAMILY_KEYS for cls in provider.classes)


def match_compared(provider: Provider, table: Properties) -> Scored | Mismatch:
    """Compare the keys of the provider's family."""
    for cls in provider.classes:
        for key in FAMILY_KEYS.get(cls, ()):
            if key not in table:
                continue
            wanted, found = table[key], provider.properties.get(key)
            if key == "IOSerialBSDClientType" and wanted == ALL_SERIAL_TYPES:
                continue
            if found is None or not same(wanted, found):
                return mismatch(key, wanted, found)
    return Scored()
