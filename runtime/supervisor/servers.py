"""Which process a service gets: one that its kind shares, or one made in advance, or a new one.

Services of one bundle, content and server name share a process when their personalities say
IOUserServerOneProcess; every other service has one for itself. Runs in the event loop.
Source: xnu IOUserServer.cpp, launchUserServer.
Invariant: at most one process of a key takes in services; every service gets one or is ended.
"""

import asyncio
import os

from runtime.model.crash_report import Remains
from runtime.model.errors import SpawnError
from runtime.model.identity import DriverId
from runtime.model.outcome import Exit, ExitHow
from runtime.model.records import Driver
from runtime.supervisor.ports import DriverSpec, Surroundings
from runtime.supervisor.standby import Standby
from runtime.supervisor.understudies import Understudies
from runtime.supervisor.user_server import UserServer, end_together
from runtime.supervisor.user_service import UserService

Key = tuple[object, ...]


class Servers:
    """The driver processes that have services, and those that are being made for some."""

    def __init__(self, understudies: Understudies, surroundings: Surroundings) -> None:
        self._understudies = understudies
        self._launcher = understudies.launcher
        self._around = surroundings
        self._running: dict[Key, UserServer] = {}
        self._waiting: dict[Key, list[UserService]] = {}  # for a process that is being made
        self._founders: dict[Key, DriverId] = {}  # whose understudy is all's that share a process
        self._making: set[asyncio.Task[None]] = set()

    def serve(self, driver: DriverId, service: UserService) -> None:
        """Give a service its process, now or soon; the service is told, also when there is none."""
        key = _key(service)
        running = self._running.get(key)
        if running is not None and not running.ending:
            running.join(service)
        elif key in self._waiting:
            self._waiting[key].append(service)
        elif (understudy := self._understudy(driver, service.spec)) is not None:
            self._begin(key, understudy, service.spec.bundle, [service])
        elif (standby := self._launcher.take(dumpable=service.spec.dumpable)) is not None:
            self._begin(key, standby, service.spec.bundle, [service])
        else:
            self._create(key, service)

    def withdraw(self, service: UserService) -> None:
        """A service that has no process yet wants none any more; it is ended soon."""
        waiting = self._waiting.get(_key(service), [])
        if service in waiting:
            waiting.remove(service)
            self._end_soon(service, Exit(ExitHow.STOPPED, 0))

    def prepare(self, driver: Driver, spec: DriverSpec) -> None:
        """The driver's process was made for it, and has started: be ready for the end of that."""
        key = _shared(spec)
        if key is None or key not in self._founders:
            if key is not None:
                self._founders[key] = driver.id
            self._understudies.prepare(driver, spec)

    def release(self, driver: DriverId, spec: DriverSpec) -> None:
        """The driver wants no process any more; those who share one with it may."""
        key = _shared(spec)
        if key is None:
            self._understudies.drop(driver)
        elif key not in self._running and key in self._founders:
            self._understudies.drop(self._founders.pop(key))

    def tick(self, now_ns: int) -> None:
        """Once a second: notice processes that have fallen silent."""
        for server in tuple(self._running.values()):
            server.tick(now_ns)

    async def close(self) -> None:
        """Wait until what is being made is made; what nobody wants any more is discarded."""
        await asyncio.gather(*self._making)

    def _understudy(self, driver: DriverId, spec: DriverSpec) -> Standby | None:
        key = _shared(spec)
        return self._understudies.take(driver if key is None else self._founders.pop(key, driver))

    def _create(self, key: Key, service: UserService) -> None:
        try:
            bundle = os.dup(service.spec.bundle)  # an upgrade may close it before it is sent
        except OSError as error:
            said = f"descriptors for a driver: expected enough, found: {error.strerror}"
            self._end_soon(service, Exit(ExitHow.LAUNCH, 0, said))
            return
        self._waiting[key] = [service]
        work = self._make(key, f"{service.spec.server_name} {service.id:#x}", service.spec, bundle)
        task = asyncio.get_running_loop().create_task(work)
        self._making.add(task)
        task.add_done_callback(self._making.discard)

    async def _make(self, key: Key, name: str, spec: DriverSpec, bundle: int) -> None:
        try:
            standby = await self._launcher.create(name, dumpable=spec.dumpable)
        except SpawnError as error:
            exit_ = Exit(ExitHow.LAUNCH, 0, str(error))
            end_together(self._waiting.pop(key), exit_, Remains, self._around)
        else:
            self._begin(key, standby, bundle, self._waiting.pop(key))
        finally:
            os.close(bundle)

    def _begin(self, key: Key, standby: Standby, bundle: int, services: list[UserService]) -> None:
        if not services:
            self._launcher.discard(standby)
            return
        spec = services[0].spec
        self._launcher.elevate(standby)
        server = UserServer(standby, self._around, lambda one: self._over(key, one))
        self._running[key] = server
        for service in services:
            server.join(service)
        if not standby.told:
            standby.load(spec, bundle)  # last: the device's broker comes up meanwhile

    def _end_soon(self, service: UserService, exit_: Exit) -> None:
        """Outside of whoever asked for it: what comes next may ask again."""
        loop = asyncio.get_running_loop()
        loop.call_soon(end_together, [service], exit_, Remains, self._around)

    def _over(self, key: Key, server: UserServer) -> None:
        if self._running.get(key) is server:
            del self._running[key]


def _key(service: UserService) -> Key:
    return _shared(service.spec) or (service,)


def _shared(spec: DriverSpec) -> Key | None:
    """Who shares a process; None for a service that has one for itself."""
    if not spec.shared:
        return None
    return spec.bundle_id, spec.content_hash, spec.server_name, spec.dumpable
