"""Understudies: standbys that have one driver's bundle loaded, for when its process ends.

A driver whose process is up gets one, in the same sandbox and with the same sealed bundle; it
learns of the provider only when it takes over. They cost memory, so there are few: a driver
that has crashed takes the place of the oldest one, any other driver a free place. They are made
one at a time, as drivers that start meanwhile need the processors more. One that dies is not made
again before its driver's next Start: the bundle may be at fault.
Runs in the event loop.
Invariant: at most `MOST`, at most one a driver; each is handed out once or killed.
"""

import asyncio
import os

from runtime.linux import memory
from runtime.model.errors import SpawnError
from runtime.model.identity import DriverId
from runtime.model.records import Driver
from runtime.supervisor.launcher import Launcher
from runtime.supervisor.ports import DriverSpec
from runtime.supervisor.refill import SPARE_BYTES
from runtime.supervisor.standby import Standby

MOST = 16
AFTER_SECONDS = 0.02  # after Start returned: whoever waits for the driver goes on first


class Understudies:
    """Keeps and hands out understudies.

    Attributes:
        launcher: Where they come from, and every process that none stands by for.
    """

    def __init__(self, launcher: Launcher) -> None:
        self.launcher = launcher
        self._ready: dict[DriverId, Standby] = {}  # the oldest first
        self._wanted: dict[DriverId, DriverSpec] = {}  # what is on its way, and for whom
        self._making: set[asyncio.Task[None]] = set()
        self._one = asyncio.Lock()

    def prepare(self, driver: Driver, spec: DriverSpec) -> None:
        """Make one soon for a driver whose Start has returned, if there is room and memory."""
        if driver.id in self._ready:
            return
        try:
            bundle = os.dup(spec.bundle)  # an upgrade may close it before it is sent
        except OSError:
            return  # no descriptor is left: it would be no kindness to use more
        self._wanted[driver.id] = spec
        task = asyncio.get_running_loop().create_task(self._prepare(driver, spec, bundle))
        self._making.add(task)
        task.add_done_callback(self._making.discard)

    def pids(self) -> dict[DriverId, int]:
        """Return the processes of those that have loaded, by whom they would replace."""
        whole = {each: one for each, one in self._ready.items() if one.whole.is_set()}
        return {driver: standby.process.pid for driver, standby in whole.items()}

    def take(self, driver: DriverId) -> Standby | None:
        """The driver's understudy, if it has one; it may still be loading."""
        self._wanted.pop(driver, None)
        standby = self._ready.pop(driver, None)
        if standby is not None:
            standby.watch(None)
        return standby

    def drop(self, driver: DriverId) -> None:
        """The driver needs none any more."""
        standby = self.take(driver)
        if standby is not None:
            self.launcher.discard(standby)

    async def close(self) -> None:
        """Drop all; the launcher's `close` waits until they are reaped."""
        self._wanted.clear()  # what is made now is discarded
        for driver in tuple(self._ready):
            self.drop(driver)
        await asyncio.gather(*self._making, return_exceptions=True)

    async def _prepare(self, driver: Driver, spec: DriverSpec, bundle: int) -> None:
        try:
            await asyncio.sleep(AFTER_SECONDS)
            async with self._one:
                await self._make(driver, spec, bundle)
        except SpawnError:
            pass  # the driver's next process is made when it is needed
        finally:
            os.close(bundle)

    async def _make(self, driver: Driver, spec: DriverSpec, bundle: int) -> None:
        if self._wanted.get(driver.id) is spec and self._has_room(crashed=driver.crashes > 0):
            name = f"standby of {spec.server_name}"
            dumpable = spec.dumpable
            standby = await self.launcher.create(name, dumpable=dumpable, in_advance=True)
            self._made(driver.id, spec, standby, bundle)
            await standby.whole.wait()
            if self._ready.get(driver.id) is standby:
                self.launcher.elevate(standby)  # now: it takes time that a restart has not

    def _made(self, driver: DriverId, spec: DriverSpec, standby: Standby, bundle: int) -> None:
        if self._wanted.get(driver) is not spec:
            self.launcher.discard(standby)  # the driver has ended meanwhile, or has one
            return
        del self._wanted[driver]
        standby.load(spec, bundle)
        standby.watch(lambda _exit: self._ready.pop(driver, None))
        self._ready[driver] = standby

    def _has_room(self, *, crashed: bool) -> bool:
        if memory.available() <= SPARE_BYTES:
            return False
        if crashed and len(self._ready) >= MOST:
            self.drop(next(iter(self._ready)))
        return len(self._ready) < MOST
