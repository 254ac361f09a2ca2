"""The machine's devices in the registry: load, events, resync.

The sysfs tree hangs below the platform expert: a device below its parent device; sysfs folders
that are no devices (`pci0000:00`, `virtual/net`, …) are plain entries, made when the first device
in them comes and removed with the last. A bound kernel driver is a service below its device.
A device that is told of before its parent waits for it.
Invariant: an entry keeps its id while its device stays, through changes, moves and resyncs.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from runtime.model import events, properties
from runtime.model.device import Action, Device, Uevent
from runtime.model.entry import Entry, Holder, Kind
from runtime.model.identity import ROOT_ID, EntryId
from runtime.model.properties import Properties
from runtime.registry import mapping
from runtime.registry.positions import Positions
from runtime.registry.tree import Registry

SYSFS = "/sys/devices/"

Emit = Callable[[events.Detail, int, str], None]
"""Called with an event, the id of its entry (0: none) and the entry's path."""

Change = Callable[[EntryId], object]
"""Called with the entry of a device that says something else now than it did."""


class Machine:
    """Keeps the registry equal to the devices that it is told of.

    Args:
        registry: Its tree; nobody else touches the entries made here.
        emit: Told of every plug, unplug and bind.
        model: What the machine calls itself; the name of the platform expert.
        on_change: Told of every present device whose class or properties changed.

    Attributes:
        expert: Entry of the machine itself (IOPlatformExpertDevice).
        resources: Entry of IOResources: provider of what needs no device.
        user_resources: Entry of IOUserResources, the same for driver extensions.
    """

    def __init__(
        self,
        registry: Registry,
        emit: Emit,
        model: str = "Linux",
        on_change: Change | None = None,
    ) -> None:
        self._registry = registry
        self._emit = emit
        self._on_change = on_change
        self._entry: dict[str, EntryId] = {}  # by syspath; folders have an entry and no device
        self._device: dict[EntryId, Device] = {}
        self._waiting: dict[str, dict[str, Device]] = {}  # by the parent that is not there yet
        self._service: dict[EntryId, EntryId] = {}  # device → its kernel driver's service
        self.expert = registry.attach(
            ROOT_ID,
            name := mapping.plain(model) or "Linux",
            "IOPlatformExpertDevice",
            kind=Kind.NUB,
            props={"model": name},
        )
        ready: Properties = {"IOKit": "IOService", "IOResourceMatched": ["IOKit"]}
        self.resources = registry.attach(
            self.expert, "IOResources", "IOResources", kind=Kind.NUB, props=ready
        )
        self.user_resources = registry.attach(
            self.expert, "IOUserResources", "IOUserResources", kind=Kind.NUB, props=ready
        )
        self._positions = Positions(registry, self.expert)

    def load(self, devices: Iterable[Device]) -> None:
        """Add the devices of a first enumeration, parents before children; emits nothing."""
        for device in devices:
            self._add(device)

    def apply(self, uevent: Uevent) -> None:
        """Follow one event; one that says nothing new changes nothing."""
        device = uevent.device
        if uevent.action is Action.REMOVE:
            self._unplug(device.syspath)
            return
        if uevent.action is Action.MOVE:
            self._move(device)
        if self.entry_of(device.syspath) is not None:
            self._change(device)
        elif device.parent and self.entry_of(device.parent) is None:
            self._waiting.setdefault(device.parent, {})[device.syspath] = device
        else:
            self._plug(device)

    def resync(self, devices: Iterable[Device], cause: str) -> events.Resynced:
        """Make the tree equal to a new enumeration after events were lost."""
        self._waiting.clear()
        present = {device.syspath: device for device in devices}
        lost = [path for path in self._present() if path not in present]
        removed = sum(self._unplug(path) for path in sorted(lost, reverse=True))
        added = changed = 0
        for path in sorted(present):
            device = present[path]
            known = self.entry_of(path)
            if known is None:
                self._plug(device)
                added += 1
            elif self._device[known] != device:
                self._change(device)
                changed += 1
        return events.Resynced(cause, added, removed, changed)

    def give_back(self, entry: EntryId) -> None:
        """Let a device go that an extension held: its kernel driver has it again, or nobody."""
        device = self._device.get(entry)
        if device is not None:
            self._registry.set_holder(entry, mapping.holder(device), mapping.plain(device.driver))

    def entry_of(self, syspath: str) -> EntryId | None:
        """The entry of a device, by its syspath; None for a folder and for what is not there."""
        found = self._entry.get(syspath)
        return found if found in self._device else None

    def device_of(self, entry: EntryId) -> Device | None:
        """The device behind an entry; None for entries that are no device."""
        return self._device.get(entry)

    def syspath(self, entry: EntryId) -> str:
        """Where an entry is in sysfs; empty for entries that are no device."""
        device = self._device.get(entry)
        return device.syspath if device is not None else ""

    def _present(self) -> list[str]:
        return [device.syspath for device in self._device.values()]

    def _plug(self, device: Device) -> None:
        entry = self._add(device)
        shown = self._registry.entry(entry)
        path = self._registry.path(entry)
        self._emit(events.Plugged(shown.name, shown.cls), entry, path)
        if device.driver:
            self._emit(events.Bound(shown.name, device.driver), entry, path)
        for child in self._waiting.pop(device.syspath, {}).values():
            self._plug(child)

    def _unplug(self, syspath: str) -> bool:
        """Remove a device with all below it; False where it was gone already."""
        for children in self._waiting.values():
            children.pop(syspath, None)
        entry = self.entry_of(syspath)
        if entry is None:
            return False
        gone = [e for e in self._registry.walk(entry) if e.id in self._device]
        told = [(e.id, events.Unplugged(e.name, e.cls), self._registry.path(e.id)) for e in gone]
        for leaf in reversed(gone):
            self._positions.drop(leaf.id)
        for removed in self._registry.terminate(entry):
            device = self._device.pop(removed, None)
            self._service.pop(removed, None)
            if device is not None:
                self._entry.pop(device.syspath, None)
        self._tidy(syspath)
        for entry_id, detail, path in reversed(told):
            self._emit(detail, entry_id, path)
        return True

    def _change(self, device: Device) -> None:
        entry = self._entry[device.syspath]
        known = self._device[entry]
        if known == device:
            return
        self._device[entry] = device
        before, shown = self._registry.entry(entry), mapping.mapped(device)
        props = properties.encode(shown.properties | _from_others(before, known, shown))
        after = self._registry.update(entry, cls=shown.cls, props=props)
        self._positions.change(entry, known, device)
        if known.driver != device.driver:
            self._bind(entry, device.driver)
            name = self._registry.entry(entry).name
            self._emit(events.Bound(name, device.driver), entry, self._registry.path(entry))
        if after != before and self._on_change is not None:
            self._on_change(entry)

    def _add(self, device: Device) -> EntryId:
        parent = self._parent(device)
        shown = mapping.mapped(device)
        location = shown.location
        named = shown.name != device.sysname
        if (named or device.parent) and self._taken(parent, shown.name, location):
            # Two equal names side by side: paths stay apart, by sysname or by class folder.
            location = mapping.plain(device.sysname if named else device.syspath.split("/")[-2])
        entry = self._registry.attach(
            parent, shown.name, shown.cls,
            location=location, props=shown.properties,
            holder=mapping.holder(device), driver=mapping.plain(device.driver),
        )  # fmt: skip
        self._entry[device.syspath] = entry
        self._device[entry] = device
        self._positions.put(entry, device)
        if device.driver:
            self._bind(entry, device.driver)
        return entry

    def _taken(self, parent: EntryId, name: str, location: str) -> bool:
        siblings = (self._registry.entry(child) for child in self._registry.children(parent))
        return any(s.name == name and s.location == location for s in siblings)

    def _bind(self, entry: EntryId, driver: str) -> None:
        """Put the kernel driver's service below its device, or take it away."""
        old = self._service.pop(entry, None)
        if old is not None:
            self._registry.terminate(old)
        held = self._registry.entry(entry).holder == Holder.EXTENSION
        if driver:
            cls, name = mapping.driver_class(driver), mapping.plain(driver)
            provider = self._registry.entry(entry).cls
            self._service[entry] = self._registry.attach(
                entry, name, cls, kind=Kind.KERNEL_DRIVER, driver=name,
                props=mapping.driver_properties(driver, provider),
            )  # fmt: skip
        if not held:  # an extension's hold is the supervisor's to end
            self.give_back(entry)

    def _parent(self, device: Device) -> EntryId:
        above = self.entry_of(device.parent) if device.parent else None
        if above is not None:
            return above
        at, path = self.expert, SYSFS.rstrip("/")
        for name in device.syspath[len(SYSFS) :].split("/")[:-1]:
            path = f"{path}/{name}"
            at = self._folder(path, name, at)
        return at

    def _folder(self, path: str, name: str, parent: EntryId) -> EntryId:
        known = self._entry.get(path)
        if known is None:
            known = self._registry.attach(
                parent, mapping.plain(name), mapping.folder_class(name), kind=Kind.NUB,
                props={"LinuxSyspath": mapping.plain(path)},
            )  # fmt: skip
            self._entry[path] = known
        return known

    def _tidy(self, syspath: str) -> None:
        """Remove the folders above a device that have become empty."""
        for path in _above(syspath):
            folder = self._entry.get(path)
            if folder is None:
                continue
            if folder in self._device or self._registry.children(folder):
                return
            self._registry.terminate(folder)
            del self._entry[path]

    def _move(self, device: Device) -> None:
        """Follow a renamed device: its entries keep their ids, under the new syspaths."""
        old = "/sys" + device.properties.get("DEVPATH_OLD", "")
        entry = self.entry_of(old)
        if entry is None or device.syspath in self._entry:
            return
        below = [e.id for e in self._registry.walk(entry) if e.id in self._device]
        for moved in below:
            known = self._device[moved]
            del self._entry[known.syspath]
            here = device.syspath + known.syspath[len(old) :]
            self._entry[here] = moved
            self._device[moved] = msgspec.structs.replace(known, syspath=here)
            self._positions.change(moved, known, self._device[moved])
        shown = mapping.mapped(device)
        self._registry.update(entry, name=shown.name, location=shown.location)


def _from_others(entry: Entry, known: Device, shown: mapping.Mapped) -> Properties:
    """Properties of a device's entry that come from elsewhere, as of a driver that crashed."""
    own = mapping.mapped(known).properties
    return {
        key: value
        for key, value in properties.decode(entry.props).items()
        if key not in own and key not in shown.properties
    }


def _above(syspath: str) -> Iterator[str]:
    path = syspath.rpartition("/")[0]
    while len(path) > len(SYSFS):
        yield path
        path = path.rpartition("/")[0]
