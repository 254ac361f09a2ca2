r"""Where the machine's devices stand besides below their parent in the IOService plane.

- IOService: a device made of others stands below each of them, too (`Device.providers`).
- IOUSB: USB devices and root hubs, each below the hub that it is plugged into.
- IOPower: devices with runtime power management below IOPMrootDomain, each below the nearest such
  device above it, because that one has to be awake first; and below the suppliers that a device
  link of the kernel names.
- IODeviceTree: what the firmware describes, under its names there: a Devicetree's
  (`/soc/usb@7e980000`) or ACPI's (`\_SB_.PCI0.XHC_`). Of several devices of one node it is the
  one nearest to the root; an ACPI node's own entry only where there is no other.

Source: kernel Documentation/power/runtime_pm.rst, Documentation/driver-api/device_link.rst,
Documentation/ABI/testing/sysfs-class-devlink, Documentation/firmware-guide/acpi/namespace.rst.
Invariant: every place names an entry that is there.
"""

from collections.abc import Iterator

from runtime.model import classes
from runtime.model.device import Device
from runtime.model.entry import Kind, Place
from runtime.model.identity import ROOT_ID, SERVICE_PLANE, EntryId
from runtime.registry.mapping import plain
from runtime.registry.plane import Plane
from runtime.registry.references import Reference, References
from runtime.registry.tree import Registry

USB_PLANE = "IOUSB"
POWER_PLANE = "IOPower"
DEVICE_TREE_PLANE = "IODeviceTree"

_USB_DEVICE = "IOUSBHostDevice"
_BEHIND = 1000  # rank of an ACPI node's own entry, behind every device


class Positions:
    """Gives the devices of one registry their places.

    Args:
        registry: Its tree.
        expert: The machine's own entry, which is the top of IODeviceTree where there is one.
    """

    def __init__(self, registry: Registry, expert: EntryId) -> None:
        self._registry = registry
        self._expert = expert
        domain = registry.attach(expert, "IOPMrootDomain", "IOPMrootDomain", kind=Kind.NUB)
        registry.place(domain, (Place(POWER_PLANE, ROOT_ID),))
        self._usb = Plane(USB_PLANE, ROOT_ID)
        self._power = Plane(POWER_PLANE, domain)
        self._tree = Plane(DEVICE_TREE_PLANE, expert)
        self._references = References()

    def put(self, entry: EntryId, device: Device) -> None:
        """Give a device that is new in the registry its places."""
        self._settle(self._put(entry, device))

    def change(self, entry: EntryId, known: Device, device: Device) -> None:
        """Follow a device that is otherwise than it was."""
        if _facts(known) != _facts(device):
            self._settle(self._drop(entry) | self._put(entry, device))

    def drop(self, entry: EntryId) -> None:
        """Let a device go that is about to leave the registry: nobody stands below it any more."""
        self._settle(self._drop(entry) - {entry})

    def _put(self, entry: EntryId, device: Device) -> set[EntryId]:
        names = (device.syspath, f"{device.subsystem}:{device.sysname}")
        moved = {entry} | self._references.put(entry, names, _told(device))
        path = device.syspath.split("/")
        shown = self._registry.entry(entry)
        if classes.conforms(shown.cls, _USB_DEVICE):
            moved.update(self._usb.put(entry, path, location=shown.location))
        if _has_power(device):
            moved.update(self._power.put(entry, path, location=shown.location))
        steps = _firmware_steps(device.firmware)
        if steps:
            name, _, location = plain(steps[-1]).partition("@")
            location = location or shown.location
            rank = len(path) + (_BEHIND if device.subsystem == "acpi" else 0)
            moved.update(self._tree.put(entry, steps, name.rstrip("_") or name, location, rank))
            self._registry.place(self._expert, (Place(DEVICE_TREE_PLANE, ROOT_ID, "/"),))
        return moved

    def _drop(self, entry: EntryId) -> set[EntryId]:
        moved = self._references.drop(entry)
        for plane in (self._usb, self._power, self._tree):
            moved.update(plane.drop(entry))
        return moved

    def _settle(self, moved: set[EntryId]) -> None:
        for entry in sorted(moved | {c for m in moved for c in self._references.children(m)}):
            self._registry.place(entry, tuple(self._places(entry)))

    def _places(self, entry: EntryId) -> Iterator[Place]:
        shown = self._registry.entry(entry)
        further = list(dict.fromkeys(self._references.parents(entry)))
        for plane, parent in further:
            if plane == SERVICE_PLANE and parent != shown.parent:
                yield Place(plane, parent, "", shown.location)
        for one in (self._usb, self._power, self._tree):
            place = one.place(entry)
            if place is not None:
                yield place
        power = self._power.place(entry)
        for plane, parent in further:
            beside = plane == POWER_PLANE and power is not None and parent != power.parent
            if beside and self._power.place(parent) is not None:
                yield Place(plane, parent, "", shown.location)


def _facts(device: Device) -> tuple[object, ...]:
    """What the places of a device depend on."""
    return (
        *(device.syspath, device.sysname, device.subsystem, device.devtype),
        *(device.providers, device.firmware, _has_power(device)),
        device.attributes.get("sync_state_only"),
    )


def _has_power(device: Device) -> bool:
    return device.attributes.get("power/runtime_status", "unsupported") != "unsupported"


def _told(device: Device) -> Iterator[Reference]:
    """What a device says of who needs whom."""
    for provider in device.providers:
        yield Reference(SERVICE_PLANE, device.syspath, provider)
    supplier, _, consumer = device.sysname.partition("--")
    if device.subsystem == "devlink" and device.attributes.get("sync_state_only") != "1":
        yield Reference(POWER_PLANE, consumer, supplier)


def _firmware_steps(path: str) -> list[str]:
    """A firmware path's steps; none for the root of either tree."""
    steps = path[1:].split("." if path.startswith("\\") else "/")
    return [step for step in steps if step]
