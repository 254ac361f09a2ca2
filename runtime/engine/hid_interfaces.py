"""The machine's HID devices as providers of driver extensions: their hidraw nodes.

A hidraw node is there while a kernel driver has the device; that driver is the maker of the node,
and no competitor. Runs in the event loop; reads what the registry knows, and never opens a device.
Invariant: an interface is a provider exactly as long as this user may open its node.
"""

import os

from runtime.engine.usb_interfaces import node_of
from runtime.model.device import Device
from runtime.model.hid import PUBLISHED_EVENTS
from runtime.model.identity import EntryId
from runtime.registry.machine import Machine
from runtime.registry.tree import Registry
from runtime.supervisor.brokers import Place
from runtime.wire.broker import ServeHid
from runtime.wire.limits import DESCRIPTORS

_EVENT_NODES = DESCRIPTORS - 3  # beside the broker's own descriptors and the hidraw node


class HidInterfaces:
    """Real HID devices, as far as the registry has them."""

    def __init__(self, registry: Registry, machine: Machine) -> None:
        self._registry = registry
        self._machine = machine

    def provides(self, entry: EntryId) -> bool:
        """Whether an entry is a hidraw node that this user may open.

        Not one through which an extension's events go: that is their end.
        """
        device = self._hidraw(entry)
        return device is not None and os.access(node_of(device), os.R_OK | os.W_OK)

    def place(self, entry: EntryId) -> Place:
        """A provider as a broker reaches it.

        Raises:
            KeyError: The entry is none of these; the caller has a defect.
        """
        device = self._hidraw(entry)
        above = self._machine.entry_of(device.parent) if device is not None else None
        if device is None or above is None:
            raise KeyError(entry)
        nodes = (node_of(device), *self._event_nodes(above))
        return Place(above, self._registry.entry(above).name, 0, ServeHid(), nodes)

    def _hidraw(self, entry: EntryId) -> Device | None:
        device = self._machine.device_of(entry)
        if device is None or device.subsystem != "hidraw":
            return None
        above = self._machine.entry_of(device.parent)
        hid = self._machine.device_of(above) if above is not None else None
        carries = hid is None or hid.properties.get("HID_PHYS", "").startswith(PUBLISHED_EVENTS)
        return None if carries else device

    def _event_nodes(self, hid: EntryId) -> list[str]:
        """The nodes below a HID device through which everybody else has its input."""
        below = (self._machine.device_of(entry.id) for entry in self._registry.walk(hid))
        events = [
            node_of(device)
            for device in below
            if device is not None and device.sysname.startswith("event")
        ]
        return [node for node in events if os.access(node, os.R_OK | os.W_OK)][:_EVENT_NODES]
