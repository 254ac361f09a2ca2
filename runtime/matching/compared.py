"""Families whose own rule is plain equality: storage media and serial clients.

A key counts only when the personality has it; then the provider has to have the same. A serial
client's type is no property: some class of the stream below it has to begin with it. Network
interfaces and serial streams have no keys of their own: what names them is IOProviderClass,
IOPropertyMatch and, for the interface, BSD Name.
Source: IOStorageFamily IOMedia.cpp (matchPropertyTable), IOSerialFamily IOSerialBSDClient.cpp
(matchPropertyTable), IONetworkingFamily IONetworkInterface.cpp (asks only its superclass).
Invariant: pure.
"""

from itertools import takewhile

from runtime.matching.provider import Provider
from runtime.matching.verdict import Mismatch, Scored, mismatch
from runtime.model.numbers import same
from runtime.model.properties import Properties, Value

SERIAL_TYPE = "IOSerialBSDClientType"
STREAM = "IOSerialStreamSync"
"""What a serial client is on that is not below a stream: on Linux all but those of usb-serial."""
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
        SERIAL_TYPE,
    ),
}
"""By the class that compares them."""


def match_compared(provider: Provider, table: Properties) -> Scored | Mismatch:
    """Compare the keys of the provider's family."""
    for cls in provider.classes:
        for key in FAMILY_KEYS.get(cls, ()):
            if key not in table:
                continue
            wanted, found = table[key], provider.properties.get(key)
            if key == SERIAL_TYPE:
                failed = _stream(provider, wanted)
            else:
                same_value = found is not None and same(wanted, found)
                failed = None if same_value else mismatch(key, wanted, found)
            if failed is not None:
                return failed
    return Scored()


def _stream(provider: Provider, wanted: Value) -> Mismatch | None:
    """Compare a serial client's type with the classes of its stream, up to IOService."""
    classes = provider.ancestors[0].classes if provider.ancestors else ()
    own = [*takewhile(lambda cls: cls != "IOService", classes)]
    if not any("SerialStream" in cls for cls in own):
        own = [STREAM]
    if isinstance(wanted, str) and any(cls.startswith(wanted) for cls in own):
        return None
    return mismatch(SERIAL_TYPE, wanted, " : ".join(own))
