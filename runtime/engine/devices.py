"""The machine's devices: enumerated once, then kept by events, read again when some are lost.

Runs in the event loop. Enumeration blocks for some tens of milliseconds: at the start, before
anybody is served, and after lost events.
Invariant: no event is lost without the machine being read again.
"""

import asyncio

from runtime.engine.hub import Hub
from runtime.linux.model_name import model_name
from runtime.linux.udev import DeviceMonitor, enumerate_devices
from runtime.model.errors import UnavailableError
from runtime.model.events import Detail
from runtime.registry.machine import Machine
from runtime.registry.tree import Registry

SETTLE_SECONDS = 0.1  # after lost events, before the machine is read again


class Devices:
    """Feeds the machine's events into the registry."""

    def __init__(self, registry: Registry, hub: Hub) -> None:
        self._hub = hub
        self.machine = Machine(registry, self._emit, model_name())
        self._monitor: DeviceMonitor | None = None

    def start(self) -> None:
        """Listen, then enumerate. Without udev it leaves a note, and the tree has no devices."""
        try:
            self._monitor = DeviceMonitor()
            self.machine.load(enumerate_devices())
        except UnavailableError as error:
            self._hub.note(str(error))
            return
        self._hub.set_status(udev=self._monitor.source == "udev")
        asyncio.get_running_loop().add_reader(self._monitor.fileno(), self._drain)

    def close(self) -> None:
        """Stop listening; idempotent."""
        if self._monitor is not None:
            asyncio.get_running_loop().remove_reader(self._monitor.fileno())
            self._monitor.close()
            self._monitor = None

    def _drain(self) -> None:
        if self._monitor is None:
            return
        drained = self._monitor.drain()
        if drained.lost:
            self._lost(drained.lost)
            return
        for uevent in drained.events:
            self.machine.apply(uevent)

    def _lost(self, cause: str) -> None:
        """Some events are gone: let the storm pass, then read everything again."""
        assert self._monitor is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._monitor.fileno())
        loop.call_later(SETTLE_SECONDS, self._resync, cause)

    def _resync(self, cause: str) -> None:
        if self._monitor is None:
            return
        self._monitor.drain()  # older than what is read now
        self._hub.set_status(resyncs=self._hub.status.resyncs + 1)
        resynced = self.machine.resync(enumerate_devices(), cause)
        self._hub.event(resynced)
        asyncio.get_running_loop().add_reader(self._monitor.fileno(), self._drain)

    def _emit(self, detail: Detail, entry: int, path: str) -> None:
        self._hub.event(detail, entry, path)
