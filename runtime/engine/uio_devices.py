"""Devices that Linux gives to user space through UIO, as providers of driver extensions.

Runs in the event loop; reads what the registry knows, and never opens a device.
Invariant: a device is a provider exactly as long as this user may open its node.
"""

import os

from runtime.engine.usb_interfaces import node_of
from runtime.model.device import Device
from runtime.model.identity import EntryId
from runtime.registry.machine import Machine
from runtime.registry.tree import Registry
from runtime.supervisor.brokers import Place
from runtime.wire.broker import ServeUio


class UioDevices:
    """UIO devices, as far as the registry has them."""

    def __init__(self, registry: Registry, machine: Machine) -> None:
        self._registry = registry
        self._machine = machine

    def provides(self, entry: EntryId) -> bool:
        """Whether an entry is a UIO device whose node this user may open."""
        device = self._uio(entry)
        return device is not None and os.access(node_of(device), os.R_OK | os.W_OK)

    def place(self, entry: EntryId) -> Place:
        """A provider as a broker reaches it.

        Raises:
            KeyError: The entry is none of these; the caller has a defect.
        """
        device = self._uio(entry)
        if device is None:
            raise KeyError(entry)
        return Place(entry, self._registry.entry(entry).name, 0, ServeUio(), (node_of(device),))

    def _uio(self, entry: EntryId) -> Device | None:
        device = self._machine.device_of(entry)
        return device if device is not None and device.subsystem == "uio" else None
