"""One provider class's personalities, by the first key that tells them apart.

A personality of a USB or HID class is filed under its vendor, else under its class code,
any other under the names of its IONameMatch; what names none of these is always
looked at. The rules themselves decide; this only leaves out what they would refuse.
Invariant: pure; gives a superset of what matches.
"""

from collections.abc import Mapping

from runtime.matching import passive
from runtime.matching.provider import Provider
from runtime.model.numbers import number
from runtime.model.personality import Personality

_USB = ("idVendor", "bInterfaceClass", "bDeviceClass")
_HID = ("VendorID",)
_KEYS = {
    "IOUSBHostDevice": _USB,
    "IOUSBRootHubDevice": _USB,
    "IOUSBHostInterface": _USB,
    "IOHIDDevice": _HID,
    "IOHIDInterface": _HID,
}
"""Only where the family's rules are sure to compare the key: these classes and what derives."""


class Index:
    """The personalities of one provider class."""

    def __init__(self, cls: str, bucket: Mapping[int, Personality]) -> None:
        self._keys = _KEYS.get(cls, ())
        self._numbers: dict[str, dict[int, dict[int, Personality]]] = {}
        self._names: dict[str, dict[int, Personality]] = {}
        self._rest: dict[int, Personality] = {}
        for order, personality in bucket.items():
            self._file(order, personality)

    def find(self, provider: Provider, found: dict[int, Personality]) -> None:
        """Add what can match a provider to `found`, by the order of coming."""
        found.update(self._rest)
        for key, table in self._numbers.items():
            value = provider.properties.get(key)
            wanted = None if value is None else number(value)
            if wanted is not None and wanted in table:
                found.update(table[wanted])
        if self._names:
            for name in passive.names(provider):
                found.update(self._names.get(name, {}))

    def _file(self, order: int, personality: Personality) -> None:
        table = personality.table
        for key in self._keys:
            wanted = number(table[key]) if key in table else None
            if wanted is not None:
                self._numbers.setdefault(key, {}).setdefault(wanted, {})[order] = personality
                return
        if "IONameMatch" in table:
            for name in passive.texts(table["IONameMatch"]):
                self._names.setdefault(name, {})[order] = personality
            return
        self._rest[order] = personality
