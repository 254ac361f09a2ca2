"""One provider class's personalities, by the values that tell them apart.

A tuple space, as for the kernel's aliases: personalities of USB and HID classes are filed by
which of the family's keys they give as a number, and there by these numbers; any other under the
names of its IONameMatch; what names none of these is always looked at. The rules themselves
decide; this only leaves out what they would refuse.
Invariant: pure; gives a superset of what matches.
"""

from collections.abc import Mapping

from runtime.matching import passive
from runtime.matching.provider import Provider
from runtime.model.numbers import number
from runtime.model.personality import Personality
from runtime.model.properties import Properties, Value

_USB = (
    "idVendor",
    "bcdDevice",
    "bDeviceClass",
    "bDeviceSubClass",
    "bDeviceProtocol",
    "bConfigurationValue",
    "bInterfaceNumber",
    "bInterfaceClass",
    "bInterfaceSubClass",
    "bInterfaceProtocol",
    "idProduct",
)
_KEYS = {
    "IOUSBHostDevice": _USB,
    "IOUSBRootHubDevice": _USB,
    "IOUSBHostInterface": _USB,
    "IOHIDDevice": ("VendorID",),
    "IOHIDInterface": ("VendorID",),
}
"""Only where the family's rules are sure to compare the key: these classes and what derives."""

_Numbers = tuple[int | None, ...]


class Index:
    """The personalities of one provider class."""

    def __init__(self, cls: str, bucket: Mapping[int, Personality]) -> None:
        self._keys = _KEYS.get(cls, ())
        self._shapes: dict[tuple[int, ...], dict[_Numbers, dict[int, Personality]]] = {}
        self._names: dict[str, dict[int, Personality]] = {}
        self._rest: dict[int, Personality] = {}
        for order, personality in bucket.items():
            self._file(order, personality)

    def find(self, provider: Provider, found: dict[int, Personality]) -> None:
        """Add what can match a provider to `found`, by the order of coming."""
        found.update(self._rest)
        if self._shapes:
            has = provider.properties
            here = [_as_number(has.get(key)) for key in self._keys]
            for shape, table in self._shapes.items():
                same = table.get(tuple([here[at] for at in shape]))
                if same is not None:
                    found.update(same)
        if self._names:
            for name in passive.names(provider):
                found.update(self._names.get(name, {}))

    def _file(self, order: int, personality: Personality) -> None:
        table = personality.table
        wanted = [_exact(table, key) for key in self._keys]
        shape = tuple(at for at, value in enumerate(wanted) if value is not None)
        if shape:
            values = tuple(wanted[at] for at in shape)
            self._shapes.setdefault(shape, {}).setdefault(values, {})[order] = personality
        elif "IONameMatch" in table:
            for name in passive.texts(table["IONameMatch"]):
                self._names.setdefault(name, {})[order] = personality
        else:
            self._rest[order] = personality


def _exact(table: Properties, key: str) -> int | None:
    """The number that a provider has to have for a key; None where others may do as well."""
    if key == "idProduct" and ("idProductArray" in table or "idProductMask" in table):
        return None
    return _as_number(table.get(key))


def _as_number(value: Value | None) -> int | None:
    """A number, quickly where it is one already; None for what says nothing about a number."""
    if type(value) is int:
        return value
    return None if value is None else number(value)
