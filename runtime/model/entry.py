"""A registry entry: the value that leaves the runtime, and its state words.

Source: xnu iokit/IOKit/IOService.h (state flags), IORegistryEntry.h (planes).
Invariant: values only; the tree that they form is `runtime.registry`'s.
"""

import enum

import msgspec

from runtime.model import properties
from runtime.model.identity import SERVICE_PLANE, EntryId


class State(enum.IntFlag):
    """`__state[0]` of IOService; an entry that is no IOService has `PLAIN`."""

    INACTIVE = 0x1  # terminated: will not match again
    REGISTERED = 0x2  # published for matching
    MATCHED = 0x4  # matching has finished, whether or not a driver was found
    FIRST_PUBLISH = 0x8
    FIRST_MATCH = 0x10
    PLAIN = 0x4000_0000  # ours: the entry does not conform to IOService


READY = State.REGISTERED | State.MATCHED
"""What a quiet, live service shows."""


class Kind(enum.IntEnum):
    """What stands behind an entry; decides its place in the window, never its matching."""

    NUB = 0  # root, resources, folders of the machine's tree
    DEVICE = 1  # something that sysfs, a simulation or a recording calls a device
    KERNEL_DRIVER = 2  # a kext: the service of a bound kernel driver
    DRIVER = 3  # the service of a driver extension
    SERVER = 4  # the IOUserServer entry of a driver extension's process


class Holder(enum.IntEnum):
    """Who drives a device. The words of the window: no driver, kernel driver, extension."""

    NOBODY = 0
    KERNEL = 1
    EXTENSION = 2
    UNDRIVABLE = 3  # nobody, ever: a device of a class, as eth0 and sda; it has no such word


class Place(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One more position of an entry: in another plane, or below a second parent."""

    plane: str
    parent: EntryId
    name: str = ""  # empty: the entry's own
    location: str = ""


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One registry entry.

    `parent` is its provider in the IOService plane, 0 for the root and for an entry that is only
    in other planes: where `places` are. `props` are encoded by
    `runtime.model.properties`. `busy_ms` is the accumulated busy time. `retain` counts one
    for each plane, child and opener.
    """

    id: EntryId
    parent: int
    name: str
    cls: str
    location: str = ""
    state: int = int(READY)
    busy: int = 0
    busy_ms: int = 0
    retain: int = 1
    kind: int = int(Kind.NUB)
    holder: int = int(Holder.NOBODY)
    driver: str = ""  # name of the holder; on a driver's own entry, its bundle id or module
    pid: int = 0  # process of the holder or driver, 0 for the kernel and for nobody
    props: msgspec.Raw = properties.NONE
    user_classes: tuple[str, ...] = ()  # IOUserClasses: the dext's own class chain, leaf first
    places: tuple[Place, ...] = ()

    @property
    def title(self) -> str:
        """The name with its location, as `ioreg` prints it."""
        return f"{self.name}@{self.location}" if self.location else self.name

    def title_in(self, plane: str) -> str:
        """The name with its location in a plane; in IOService there is one for all places."""
        if plane != SERVICE_PLANE:
            for place in self.places:
                if place.plane == plane:
                    name = place.name or self.name
                    return f"{name}@{place.location}" if place.location else name
        return self.title

    def parents_in(self, plane: str) -> tuple[int, ...]:
        """Its parents in a plane, 0 above a root; none where it is not in that plane."""
        if not self.places:
            return (self.parent,) if plane == SERVICE_PLANE or not self.parent else ()
        above = [self.parent] if self.parent and plane == SERVICE_PLANE else []
        above += [place.parent for place in self.places if place.plane == plane]
        return tuple(dict.fromkeys(above))
