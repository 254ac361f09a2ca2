"""All drivers of one runtime: which there are, and their common zygote.

Runs in the event loop.
Invariant: the only maker of driver ids.
"""

import asyncio
import itertools
import time
from collections.abc import Iterator

from runtime.model.driver_lifecycle import DriverState
from runtime.model.errors import ProblemError
from runtime.model.identity import DriverId, EntryId
from runtime.model.intent import Intent
from runtime.model.processes import Process, Role
from runtime.model.records import Driver
from runtime.supervisor.driver import SupervisedDriver
from runtime.supervisor.groups import Groups
from runtime.supervisor.launcher import Launcher
from runtime.supervisor.pace import Pace
from runtime.supervisor.policy import RestartPolicy
from runtime.supervisor.ports import DriverSpec, Surroundings
from runtime.supervisor.servers import Servers
from runtime.supervisor.understudies import Understudies
from runtime.supervisor.zygote import Zygote

TICK_SECONDS = 1.0


class Supervisor:
    """Launches, finds and stops drivers."""

    def __init__(
        self,
        zygote: Zygote,
        policy: RestartPolicy,
        surroundings: Surroundings,
        groups: Groups,
        pace: Pace,
    ) -> None:
        self._zygote = zygote
        self._understudies = Understudies(Launcher(zygote, groups, pace))
        self._servers = Servers(self._understudies, surroundings)
        self._policy = policy
        self._around = surroundings
        self._drivers: dict[DriverId, SupervisedDriver] = {}
        self._numbers = itertools.count(1)
        self._ticking: asyncio.TimerHandle | None = None

    def __iter__(self) -> Iterator[SupervisedDriver]:
        return iter(tuple(self._drivers.values()))

    def start(self) -> None:
        """Warm the zygote up and begin to watch for hangs."""
        self._zygote.start()
        self._tick()

    def launch(self, spec: DriverSpec) -> Driver:
        """Start a driver on its provider.

        A stopped driver of the same personality at the same place is the same driver: it
        keeps its id, its log and its crash count.
        """
        for driver in self:
            if driver.record.state is DriverState.STOPPED and _same_place(driver.spec, spec):
                driver.relaunch(spec)
                return driver.record
        driver_id = DriverId(next(self._numbers))
        record = Driver(
            id=driver_id,
            name=spec.name,
            bundle_id=spec.bundle_id,
            content_hash=spec.content_hash,
            personality=spec.personality,
            provider=spec.provider,
            provider_path=spec.provider_path,
            state=DriverState.STOPPED,
        )
        driver = SupervisedDriver(record, spec, self._servers, self._policy, self._around)
        self._drivers[driver_id] = driver
        driver.launch()
        return driver.record

    def find(self, driver_id: DriverId) -> SupervisedDriver:
        """The driver with this id.

        Raises:
            ProblemError: ``not-found``.
        """
        try:
            return self._drivers[driver_id]
        except KeyError:
            raise ProblemError(
                "not-found", f"driver {driver_id}: expected a known one, found none"
            ) from None

    def of_provider(self, provider: EntryId) -> list[SupervisedDriver]:
        """The drivers on one provider."""
        return [driver for driver in self if driver.record.provider == provider]

    def processes(self) -> Iterator[Process]:
        """Every process that runs a driver, or waits to; what they use is not read.

        One that several drivers share is told once, with the first of them.
        Drivers may come and go between two of them.
        """
        if self._zygote.pid:
            yield Process(Role.ZYGOTE, "zygote", self._zygote.pid)
        if pid := self._understudies.launcher.standby_pid:
            yield Process(Role.STANDBY, "standby", pid)
        told: set[int] = set()
        for driver in self:
            record = driver.record
            if record.pid and record.pid not in told:
                told.add(record.pid)
                call = driver.oldest_call(time.monotonic_ns())
                yield Process(Role.DRIVER, record.name, record.pid, record.id, call=call)
        for driver_id, pid in self._understudies.pids().items():
            if (owner := self._drivers.get(driver_id)) is not None:
                yield Process(Role.UNDERSTUDY, owner.record.name, pid, driver_id)

    def forget(self, driver_id: DriverId) -> None:
        """Drop a driver that is stopped for good."""
        self._drivers.pop(driver_id, None)

    async def stop_all(self) -> None:
        """Stop every driver and wait until all are reaped."""
        if self._ticking is not None:
            self._ticking.cancel()
        drivers = list(self)
        for driver in drivers:
            driver.stop(Intent.STOP)
        await asyncio.gather(*(driver.wait_over() for driver in drivers))

    async def close(self) -> None:
        """End what waits in advance and the zygote, after everything that they are needed for."""
        await self._servers.close()
        await self._understudies.close()
        await self._understudies.launcher.close()
        await self._zygote.close()

    def _tick(self) -> None:
        self._servers.tick(time.monotonic_ns())
        self._ticking = asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)


def _same_place(one: DriverSpec, other: DriverSpec) -> bool:
    return (one.bundle_id, one.personality, one.provider_path) == (
        other.bundle_id,
        other.personality,
        other.provider_path,
    )
