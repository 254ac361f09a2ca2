"""The machine's devices: enumerated once, then kept by events, read again when some are lost.

Runs in the event loop. The first enumeration blocks for some tens of milliseconds, before
anybody is served; later ones, after lost events, run in a worker.
Invariant: no event is lost without the machine being read again.
"""

import asyncio
from typing import Protocol

from runtime.engine.hub import Hub
from runtime.engine.workers import Workers
from runtime.linux.model_name import model_name
from runtime.linux.udev import DeviceMonitor, enumerate_devices
from runtime.model.errors import InspectorError, UnavailableError
from runtime.model.events import Detail, Plugged, Unplugged
from runtime.model.identity import EntryId
from runtime.registry.machine import Machine
from runtime.registry.tree import Registry

TURN_S = 0.002  # of a turn of the loop for reading events
SETTLE_SECONDS = 0.1  # after lost events, before the machine is read again
BIND_SECONDS = 0.3  # after news of a device, before extensions are matched: for its kernel driver
RETRY_SECONDS = 1.0  # until that is tried again where no worker could do it


class Follower(Protocol):
    """Who follows the devices that could be driven."""

    def match_one(self, entry_id: EntryId) -> None:
        """A device is there, or says something else now; it may have gone meanwhile."""

    def unplugged(self, entry_id: EntryId) -> None:
        """A device is gone, and so is its entry."""


class Devices:
    """Feeds the machine's events into the registry."""

    def __init__(self, registry: Registry, hub: Hub, workers: Workers) -> None:
        self._hub = hub
        self._registry = registry
        self.machine = Machine(registry, self._emit, model_name(), self._changed)
        self._monitor: DeviceMonitor | None = None
        self._workers = workers
        self._reading: asyncio.Task[None] | None = None
        self._follower: Follower | None = None
        self._due: set[EntryId] = set()  # to be matched soon

    def follow(self, follower: "Follower") -> None:
        """Tell of devices that come, change, or go; called once."""
        self._follower = follower

    def start(self) -> None:
        """Listen, then enumerate. Without udev it leaves a note, and the tree has no devices."""
        try:
            self._monitor = DeviceMonitor()
            self.machine.load(enumerate_devices())
        except UnavailableError as error:
            self._hub.note(str(error))
            return
        self._hub.set_status(udev=self._monitor.source == "udev")
        if self._monitor.deaf:
            self._hub.note(self._monitor.deaf)
        asyncio.get_running_loop().add_reader(self._monitor.fileno(), self._drain)

    def close(self) -> None:
        """Stop listening; idempotent."""
        if self._reading is not None:
            self._reading.cancel()
        if self._monitor is not None:
            asyncio.get_running_loop().remove_reader(self._monitor.fileno())
            self._monitor.close()
            self._monitor = None

    def _drain(self) -> None:
        if self._monitor is None:
            return
        drained = self._monitor.drain(TURN_S)
        if drained.lost:
            self._lost(self._monitor, drained.lost)
            return
        for uevent in drained.events:
            self.machine.apply(uevent)

    def _lost(self, monitor: DeviceMonitor, cause: str) -> None:
        """Some events are gone: let the storm pass, then read everything again."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(monitor.fileno())
        self._reading = loop.create_task(self._resync(monitor, cause))

    async def _resync(self, monitor: DeviceMonitor, cause: str) -> None:
        devices = None
        while devices is None:
            await asyncio.sleep(SETTLE_SECONDS)
            monitor.drain()  # older than what is read now; what comes meanwhile waits
            try:
                devices = await self._workers.enumerate()
            except InspectorError as error:
                self._hub.note(str(error))
                await asyncio.sleep(RETRY_SECONDS)
        self._hub.set_status(resyncs=self._hub.status.resyncs + 1)
        self._hub.event(self.machine.resync(devices, cause))
        asyncio.get_running_loop().add_reader(monitor.fileno(), self._drain)

    def _emit(self, detail: Detail, entry: int, path: str) -> None:
        self._hub.event(detail, entry, path)
        if isinstance(detail, Plugged):
            self._match_soon(EntryId(entry))
        elif isinstance(detail, Unplugged) and self._follower is not None:
            self._follower.unplugged(EntryId(entry))

    def _changed(self, entry: EntryId) -> None:
        """A device registers again; so does what hangs on it: an interface on a device's node."""
        for each in (entry, *self._registry.children(entry)):
            if self.machine.device_of(each) is not None:
                self._match_soon(each)

    def _match_soon(self, entry: EntryId) -> None:
        """Match an entry, once for all that happens to it until then."""
        if self._follower is None or entry in self._due:
            return
        self._due.add(entry)
        asyncio.get_running_loop().call_later(BIND_SECONDS, self._match, entry)

    def _match(self, entry: EntryId) -> None:
        assert self._follower is not None
        self._due.discard(entry)
        self._follower.match_one(entry)
