"""One provider class's personalities, by the values that tell them apart.

A tuple space, as for the kernel's aliases: personalities of USB and HID classes are filed by
which of the family's keys they give as a number, and there by these numbers; any other under the
names of its IONameMatch; what names none of these is always looked at. The rules themselves
decide; this only leaves out what they would refuse.
Invariant: pure; gives a superset of what matches.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from runtime.matching import passive, usb
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
}
"""Only where the family's rules are sure to compare the key: these classes and what derives."""

UNBOUNDED = 1 << 62
_PLAIN = frozenset({int, type(None)})  # no number is hidden in a text
_Pick = Callable[[Sequence[Value | None]], object]
_Shapes = dict[tuple[int, ...], tuple[_Pick, dict[object, dict[int, Personality]]]]
"""By the places of the keys that are given: what picks their values, and a table by these. The
vendor's place is 0."""
_NONE: _Shapes = {}


class Index:
    """The personalities of one provider class."""

    def __init__(self, cls: str, bucket: Mapping[int, Personality]) -> None:
        self._keys = _KEYS.get(cls, ())
        self._vendors: dict[Value | None, _Shapes] = {}  # those that name one, by it
        self._shapes: _Shapes = {}  # the others
        self._names: dict[str, dict[int, Personality]] = {}
        self._rest: dict[int, Personality] = {}
        self._most: dict[int, int] = {}  # the highest score that each can have
        for order, personality in bucket.items():
            self._most[order] = _most(cls, personality)
            self._file(order, personality)

    def find(self, provider: Provider, found: dict[int, Personality], above: int) -> None:
        """Add what can match a provider with a score above this to `found`, by order of coming."""
        found.update(self._rest)
        if self._keys:
            here: list[Value | None] = [*map(provider.properties.get, self._keys)]
            if not _PLAIN.issuperset(map(type, here)):
                here = [_as_number(value) for value in here]
            for shapes in (self._vendors.get(here[0], _NONE), self._shapes):
                for pick, table in shapes.values():
                    same = table.get(pick(here))
                    if same is not None:
                        found.update({at: same[at] for at in same if self._most[at] > above})
        if self._names:
            for name in passive.names(provider):
                found.update(self._names.get(name, {}))

    def _file(self, order: int, personality: Personality) -> None:
        table = personality.table
        wanted = [_exact(table, key) for key in self._keys]
        shape = tuple(at for at, value in enumerate(wanted) if value is not None)
        if shape:
            shapes = self._shapes if shape[0] else self._vendors.setdefault(wanted[0], {})
            pick, same = shapes.setdefault(shape, (itemgetter(*shape), {}))
            same.setdefault(pick(wanted), {})[order] = personality
            return
        names = passive.texts(table.get("IONameMatch"))
        if "IONameMatch" in table and not any(name.endswith(passive.WILDCARD) for name in names):
            for name in names:
                self._names.setdefault(name, {})[order] = personality
        else:
            self._rest[order] = personality


def _most(cls: str, personality: Personality) -> int:
    """The highest score that a personality of a class can have; a USB one's set says it."""
    if cls not in {usb.DEVICE_CLASS, usb.INTERFACE_CLASS}:
        return UNBOUNDED
    present = tuple(key for key in usb.USB_KEYS if key in personality.table)
    row = usb.find_set(present, interface=cls == usb.INTERFACE_CLASS)
    return row.score + usb.probe_points(personality.probe_score) if row else -UNBOUNDED


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
