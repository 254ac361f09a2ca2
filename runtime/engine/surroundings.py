"""What drivers' lives show: their entries in the registry, events, logs, records.

Runs in the event loop. Implements `runtime.supervisor.ports.Surroundings`.
Invariant: what a driver says never overwrites what its launch record says.
"""

import asyncio
from collections.abc import Callable

from runtime.engine.hub import Hub
from runtime.engine.logbook import Logbook
from runtime.engine.own_entries import OwnEntries
from runtime.model import properties, words
from runtime.model.classes import SERVICE
from runtime.model.entry import Holder, Kind, State
from runtime.model.events import Detail
from runtime.model.identity import ROOT_ID, DriverId, EntryId
from runtime.model.outcome import Exit
from runtime.model.properties import Properties, Value
from runtime.model.records import Driver
from runtime.registry.machine import Machine
from runtime.registry.tree import Registry
from runtime.supervisor.ports import DriverSpec, Gather
from runtime.wire import methods

SERVICES = "IOAssociatedServices"
"""On a process's IOUserServer: the ids of the services in it."""
REMATCH_PERSONALITY, REMATCH_COUNT = "IORematchPersonality", "IORematchCount"
"""On a provider whose driver crashed: which personality it waits for, until that has started or
another has; and how often it had to (xnu IOService.cpp probeCandidates)."""


class DriverSurroundings:
    """Connects the supervisor with registry, hub and logbook."""

    def __init__(
        self,
        registry: Registry,
        machine: Machine,
        hub: Hub,
        logbook: Logbook,
        *,
        own: OwnEntries,
        on_ended: Callable[[Driver], None],
        on_changed: Callable[[Driver], None],
        on_crashed: Callable[[tuple[Driver, ...], Exit, Gather], None],
    ) -> None:
        self._registry = registry
        self._machine = machine
        self._hub = hub
        self._logbook = logbook
        self._own = own
        self._on_ended = on_ended
        self._on_changed = on_changed
        self._on_crashed = on_crashed
        self._servers: dict[int, EntryId] = {}  # by process
        self._specs: dict[DriverId, DriverSpec] = {}
        self._busy: set[DriverId] = set()

    def changed(self, driver: Driver) -> None:
        """Publish the record, and the process on the entries that it concerns."""
        self._hub.driver(driver)
        if driver.service and driver.pid:
            service = self._registry.get(EntryId(driver.service))
            if service is not None and service.pid != driver.pid:
                self._show_process(driver)
        self._on_changed(driver)

    def event(self, driver: Driver, detail: Detail) -> None:
        """Write an event to the journal."""
        entry = driver.service or driver.provider
        self._hub.event(detail, entry, driver.provider_path, driver.id)
        self.log(driver, "runtime", words.text(detail))

    def log(self, driver: Driver, source: str, text: str) -> None:
        """Keep a line of the driver's log."""
        self._logbook.add(driver.id, driver.pid, source, text)

    def attach(self, driver: Driver, spec: DriverSpec) -> EntryId:
        """Make the service's entry below its provider, and the IOUserServer's below the root."""
        self._specs[driver.id] = spec
        table = properties.decode(spec.properties)
        service = self._registry.attach(
            driver.provider,
            spec.name,
            str(table.get("IOClass", SERVICE)),
            kind=Kind.DRIVER,
            driver=spec.bundle_id,
            props=table,
            state=State(0),
        )
        self._set_busy(driver, busy=True)
        return service

    def serving(self, driver: Driver, classes: tuple[str, ...]) -> None:
        """Show the driver's own class chain."""
        if self._registry.get(EntryId(driver.service)) is not None:
            self._registry.update(EntryId(driver.service), user_classes=classes)

    def started(self, driver: Driver) -> None:
        """Start returned: the provider is no longer busy with this driver, nor waits for one."""
        self._set_busy(driver, busy=False)
        self._own.started(driver)
        entry = self._registry.get(driver.provider)
        if entry is not None and driver.crashes:
            shown = properties.decode(entry.props)
            if shown.pop(REMATCH_PERSONALITY, None) is not None:
                self._registry.update(entry.id, props=properties.encode(shown))

    def service_call(self, driver: Driver, entry: EntryId, method: methods.ServiceMethod) -> object:
        """Carry out what a driver says of an entry of its own."""
        return self._own.carry_out(driver, entry, method)

    def detach(self, driver: Driver) -> None:
        """Remove the entries of a process that is gone."""
        self._set_busy(driver, busy=False)
        self._leave_server(driver)
        self._own.remove(driver)
        if self._registry.get(driver.provider) is not None:
            self._registry.set_holder(driver.provider, Holder.NOBODY, "", 0)
            self._machine.give_back(driver.provider)

    def report(self, drivers: tuple[Driver, ...], exit_: Exit, gather: Gather) -> None:
        """Make a crash report."""
        self._on_crashed(drivers, exit_, gather)

    def crashed(self, driver: Driver, spec: DriverSpec) -> None:
        """The provider waits for the same personality again."""
        table = properties.decode(spec.properties)
        waiting = {
            REMATCH_PERSONALITY: table.get("IOMatchedPersonality", {}),
            REMATCH_COUNT: driver.crashes + 1,
        }
        asyncio.get_running_loop().call_soon(self._await_rematch, driver.provider, waiting)

    def _await_rematch(self, provider: EntryId, waiting: Properties) -> None:
        if self._registry.get(provider) is not None:
            self._registry.merge_properties(provider, waiting)

    def ended(self, driver: Driver) -> None:
        """The provider is free for another driver."""
        self._specs.pop(driver.id, None)
        self._on_ended(driver)
        self._own.ended(driver)

    def _show_process(self, driver: Driver) -> None:
        spec, service = self._specs[driver.id], EntryId(driver.service)
        self._registry.update(service, pid=driver.pid)
        self._registry.merge_properties(service, {"IOUserServerPID": driver.pid})
        self._registry.set_holder(driver.provider, Holder.EXTENSION, spec.bundle_id, driver.pid)
        server = self._servers.get(driver.pid)
        if server is None:
            self._servers[driver.pid] = self._attach_server(driver, spec)
        else:
            self._registry.merge_properties(server, {SERVICES: [*self._listed(server), service]})

    def _attach_server(self, driver: Driver, spec: DriverSpec) -> EntryId:
        return self._registry.attach(
            ROOT_ID,
            f"IOUserServer({spec.server_name}-{driver.service:#x})",
            "IOUserServer",
            kind=Kind.SERVER,
            driver=spec.bundle_id,
            pid=driver.pid,
            props={
                "IOUserServerName": spec.server_name,
                "IOUserServerTag": driver.service,
                SERVICES: [driver.service],
                "IOUserClientCreator": f"pid {driver.pid}, {spec.server_name}",
            },
        )

    def _leave_server(self, driver: Driver) -> None:
        """Take a service off its process's entry, which goes with the last one."""
        server = self._servers.get(driver.pid)
        if server is None:
            return
        left = [service for service in self._listed(server) if service != driver.service]
        if left:
            self._registry.merge_properties(server, {SERVICES: left})
        else:
            self._registry.terminate(self._servers.pop(driver.pid))

    def _listed(self, server: EntryId) -> list[Value]:
        listed = properties.decode(self._registry.entry(server).props)[SERVICES]
        assert isinstance(listed, list)
        return listed

    def _set_busy(self, driver: Driver, *, busy: bool) -> None:
        if busy is (driver.id in self._busy):
            return
        (self._busy.add if busy else self._busy.discard)(driver.id)
        if self._registry.get(driver.provider) is not None:
            self._registry.adjust_busy(driver.provider, 1 if busy else -1)
