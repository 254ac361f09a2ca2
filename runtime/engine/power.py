"""The power of drivers' services: the machine's sleep told to each, and what they ask for.

Every service that has started is in the power tree, and each nub that joined it. Before the
machine sleeps those lower in the registry are told first, when it has woken those higher.
Source: xnu IOUserServer.cpp (sPowerStates, systemPower, setPowerState).
Runs in the event loop.
Invariant: a service is told of a state once, and the machine never waits for one that is gone.
"""

import asyncio
from collections.abc import Callable, Iterable
from itertools import groupby

from runtime.engine.hub import Hub
from runtime.model.errors import ReturnError
from runtime.model.identity import DriverId, EntryId
from runtime.model.kern_return import IOReturn
from runtime.model.properties import Properties
from runtime.model.records import Driver
from runtime.registry.tree import Registry
from runtime.supervisor.supervisor import Supervisor

OFF, ON, LOW = 0, 2, 0x10000
"""IOService.iig's kIOServicePowerCapability…"""
STATES = {OFF: 0, LOW: 1, ON: 2}
"""The number of each state, as IOPowerManagement shows it."""
ACKNOWLEDGE_SECONDS = 4.0  # below the five that logind lets anybody delay sleep by


class _Member:
    """A service in the tree."""

    def __init__(self, driver: DriverId) -> None:
        self.driver = driver
        self.told = ON  # what it was last told to be in
        self.asked = ON  # what it has asked for: the state when it has started, and after sleep
        self.unanswered = 0  # how often it was told and has not acknowledged it
        self.settled = asyncio.Event()  # nothing is unanswered, or its driver is gone
        self.settled.set()


class PowerTree:
    """Who is told of power, and in which state each is."""

    def __init__(self, registry: Registry, hub: Hub) -> None:
        self._registry = registry
        self._hub = hub
        self._supervisor: Supervisor | None = None
        self._members: dict[EntryId, _Member] = {}
        self._asleep = False

    def use(self, supervisor: Supervisor) -> None:
        """The drivers; called once."""
        self._supervisor = supervisor

    def join(self, driver: Driver, entry: EntryId) -> None:
        """Have an entry told from now on; idempotent."""
        if entry not in self._members:
            self._members[entry] = _Member(driver.id)
            self._show(entry, ON)

    def started(self, driver: Driver) -> None:
        """A driver's Start returned: its service is in the tree, as it asked meanwhile."""
        self.join(driver, EntryId(driver.service))
        for entry, member in tuple(self._members.items()):
            if member.driver == driver.id:
                self.change(driver, entry, member.asked)

    def leave(self, driver: DriverId) -> None:
        """A driver's process is gone: nobody waits for it any longer."""
        for member in self._members.values():
            if member.driver == driver:
                member.settled.set()
        self._members = {key: each for key, each in self._members.items() if each.driver != driver}

    def change(self, driver: Driver, entry: EntryId, flags: int) -> None:
        """A driver asks for a state of its entry.

        Raises:
            ReturnError: kIOReturnBadArgument: there is no such state; kIOReturnNotReady: the entry
                is a nub that is not in the tree.
        """
        if flags not in STATES:
            raise ReturnError(IOReturn.BAD_ARGUMENT, f"power: no state {flags:#x}")
        if entry == driver.service:
            self.join(driver, entry)
        member = self._members.get(entry)
        if member is None:
            raise ReturnError(IOReturn.NOT_READY, f"{driver.name}: the entry is in no power tree")
        member.asked = flags
        asyncio.get_running_loop().call_soon(self._grant, entry, flags)

    async def sleep(self) -> None:
        """The machine will sleep: returns when every service is off, or the time is over."""
        self._asleep = True
        await self._tell(reversed(self._levels()), lambda _member: OFF, "the machine sleeps")

    async def wake(self) -> None:
        """The machine has woken: every service is told, in the state that it asked for."""
        self._asleep = False
        await self._tell(self._levels(), lambda member: member.asked, "the machine has woken")

    async def _tell(
        self, levels: Iterable[list[EntryId]], state: Callable[[_Member], int], why: str
    ) -> None:
        """Tell level by level, as long as all acknowledge it in time; then only tell."""
        over = asyncio.get_running_loop().time() + ACKNOWLEDGE_SECONDS
        late: set[EntryId] = set()
        for level in levels:
            members = {entry: self._members[entry] for entry in level if entry in self._members}
            for entry, member in members.items():
                self._set(entry, state(member))
            try:
                async with asyncio.timeout_at(over):
                    for member in members.values():
                        await member.settled.wait()
            except TimeoutError:
                late |= {entry for entry, each in members.items() if not each.settled.is_set()}
        if late:
            names = ", ".join(sorted(self._name(entry) for entry in late))
            self._hub.note(f"{why}; not ready for it: {names}")

    def _grant(self, entry: EntryId, flags: int) -> None:
        """What was asked for while the machine is awake; else it follows when it wakes."""
        if not self._asleep:
            self._set(entry, flags)

    def _set(self, entry: EntryId, flags: int) -> None:
        """Have a service take a state, unless that is the last one that it was told."""
        member = self._members.get(entry)
        if member is None or self._supervisor is None or self._registry.get(entry) is None:
            return
        if member.told == flags:
            return
        service = self._supervisor.find(member.driver).service

        def done(error: str) -> None:
            if error:
                self._hub.note(f"{self._name(entry)}: SetPowerState failed: {error}")
            if self._registry.get(entry) is not None:
                self._show(entry, flags)
            member.unanswered -= 1
            if member.unanswered == 0:
                member.settled.set()

        if service is not None and service.calls.set_power(entry, flags, done):
            member.told = flags
            member.unanswered += 1
            member.settled.clear()

    def _levels(self) -> list[list[EntryId]]:
        """The members by how deep they stand, those nearest to the root first."""
        present = [entry for entry in self._members if self._registry.get(entry) is not None]
        present.sort(key=self._depth)
        return [list(level) for _, level in groupby(present, self._depth)]

    def _depth(self, entry: EntryId) -> int:
        return self._registry.path(entry).count("/")

    def _show(self, entry: EntryId, flags: int) -> None:
        shown: Properties = {
            "CapabilityFlags": flags,
            "CurrentPowerState": STATES[flags],
            "MaxPowerState": max(STATES.values()),
        }
        self._registry.merge_properties(entry, {"IOPowerManagement": shown})

    def _name(self, entry: EntryId) -> str:
        found = self._registry.get(entry)
        return f"{entry:#x}" if found is None else found.title
