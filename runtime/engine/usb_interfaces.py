"""The machine's USB interfaces and devices as providers of driver extensions.

Runs in the event loop; reads what the registry knows, and never opens a device.
Invariant: each is a provider exactly as long as this user may open the device's node; a hub, which
is the kernel's, never is.
"""

import os
from collections.abc import Iterator

from runtime.model.device import Device
from runtime.model.identity import EntryId
from runtime.model.usb import Speed
from runtime.registry.machine import Machine
from runtime.registry.mapping_tables import USB_SPEEDS
from runtime.registry.tree import Registry
from runtime.supervisor.brokers import Place
from runtime.wire.broker import ServeUsb
from runtime.wire.usb import WHOLE_DEVICE

_HUB = "09"  # bDeviceClass


class UsbInterfaces:
    """Real USB devices, as far as the registry has them."""

    def __init__(self, registry: Registry, machine: Machine) -> None:
        self._registry = registry
        self._machine = machine

    def provides(self, entry: EntryId) -> bool:
        """Whether an entry is a USB device that this user may open, or an interface of one."""
        device = self._device_of(entry)
        return device is not None and os.access(node_of(device), os.R_OK | os.W_OK)

    def place(self, entry: EntryId) -> Place:
        """A provider as a broker reaches it.

        Raises:
            KeyError: The entry is none of these; the caller has a defect.
        """
        device, itself = self._device_of(entry), self._machine.device_of(entry)
        above = self._machine.entry_of(device.syspath) if device is not None else None
        if device is None or itself is None or above is None:
            raise KeyError(entry)
        whole = itself is device
        known = device.attributes
        return Place(
            above,
            self._registry.entry(above).name,
            WHOLE_DEVICE if whole else int(itself.attributes["bInterfaceNumber"], 16),
            ServeUsb(
                int(known.get("bConfigurationValue") or 0),
                manufacturer=_text(known, "manufacturer"),
                product=_text(known, "product"),
                serial=_text(known, "serial"),
                speed=USB_SPEEDS.get(known.get("speed", ""), Speed.FULL),
                address=int(known.get("devnum") or 0),
            ),
            (node_of(device),),
            # A control transfer cannot be filtered: it must be able to disturb nobody else.
            direct=not whole and self._interfaces(above) == 1,
        )

    def places(self, held: frozenset[tuple[str, int]]) -> Iterator[Place]:
        """Those of these interfaces that are there, by the path of a node and a number."""
        for entry in tuple(self._registry.walk()) if held else ():
            if self.provides(entry.id):
                place = self.place(entry.id)
                if (place.nodes[0], place.interface) in held:
                    yield place

    def _interfaces(self, above: EntryId) -> int:
        below = map(self._machine.device_of, self._registry.children(above))
        return sum(each is not None and each.devtype == "usb_interface" for each in below)

    def _device_of(self, entry: EntryId) -> Device | None:
        """The USB device that an entry is, or an interface of; None for a hub."""
        device = self._machine.device_of(entry)
        if device is not None and device.devtype == "usb_interface":
            above = self._machine.entry_of(device.parent)
            device = self._machine.device_of(above) if above is not None else None
        if device is None or device.devtype != "usb_device":
            return None
        return device if device.attributes.get("bDeviceClass") != _HUB else None


def node_of(device: Device) -> str:
    """The path of a device's node."""
    name = device.properties.get("DEVNAME", "")
    return name if name.startswith("/") else f"/dev/{name}"  # the kernel's own events leave it out


def _text(known: dict[str, str], name: str) -> str:
    return known.get(name, "").encode(errors="replace").decode()[:256]
