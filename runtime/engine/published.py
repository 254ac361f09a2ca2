"""What drivers publish: their registered services and nubs, as providers of other drivers.

Runs in the event loop.
Invariant: an entry is a provider here exactly as long as it is registered and its driver runs.
"""

import asyncio

from runtime.engine.bundles import Bundles
from runtime.engine.devices import Follower
from runtime.engine.nub import Nub
from runtime.engine.watches import Watches
from runtime.extensions import entitlements
from runtime.model import properties, words
from runtime.model.classes import SERVICE, is_systems
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import READY, Entry, Kind, State
from runtime.model.errors import ReturnError
from runtime.model.identity import DriverId, EntryId
from runtime.model.kern_return import IOReturn
from runtime.model.records import Driver
from runtime.registry.mapping import plain
from runtime.registry.tree import Gone, Registry
from runtime.supervisor.supervisor import Supervisor
from runtime.wire.service import Create

SYSTEM_KEYS = frozenset(
    {
        "IOUserServerPID",
        "IOUserServerName",
        "CFBundleIdentifier",
        "IOMatchedPersonality",
        "IOUserClientCreator",
        "IOPowerManagement",
    }
)
"""Properties of any entry that the runtime alone writes."""

MOST = 64  # nubs of one driver, of its nubs too


class Published:
    """A family: its entries come and go with the drivers that publish them."""

    def __init__(self, registry: Registry, bundles: Bundles, watches: Watches) -> None:
        self._registry = registry
        self._bundles = bundles
        self._watches = watches
        self._publishers: dict[EntryId, DriverId] = {}
        self._nubs: dict[EntryId, DriverId] = {}
        self._supervisor: Supervisor | None = None
        self._follower: Follower | None = None
        registry.tell_gone(self._gone)

    def use(self, supervisor: Supervisor, follower: Follower) -> None:
        """The drivers that publish, and who matches what they do; called once."""
        self._supervisor = supervisor
        self._follower = follower

    def provides(self, entry: EntryId) -> bool:
        """Whether an entry is a registered service of a driver."""
        return entry in self._publishers

    def place(self, entry: EntryId) -> Nub:
        """Which driver serves an entry; KeyError for any other."""
        assert self._supervisor is not None
        return Nub(entry, self._supervisor.find(self._publishers[entry]))

    def create(self, driver: Driver, parent: EntryId, wanted: Create) -> EntryId:
        """Attach a nub below a driver's entry, not registered yet.

        Raises:
            ReturnError: kIOReturnBadArgument, there is no such dictionary; kIOReturnNotPermitted,
                the extension may not publish its IOClass; kIOReturnNoResources, too many.
        """
        table = properties.decode(self._registry.entry(parent).props).get(wanted.key)
        if not isinstance(table, dict) or not wanted.classes:
            raise ReturnError(
                IOReturn.BAD_ARGUMENT, f"{driver.name}: expected a dictionary {wanted.key}"
            )
        bundle = self._bundles.get(driver.bundle_id)
        cls = table.get("IOClass", SERVICE)
        if not isinstance(cls, str) or cls != plain(cls):
            raise ReturnError(
                IOReturn.BAD_ARGUMENT, f"{driver.name}: expected a class's name as IOClass"
            )
        _check_class(driver, cls)
        forged = SYSTEM_KEYS.intersection(table)
        if forged:
            raise ReturnError(IOReturn.NOT_PERMITTED, f"{min(forged)} is the system's")
        decision = entitlements.family({} if bundle is None else bundle.entitlements, cls)
        if not decision.allowed:
            why = f"{driver.name} may not publish {cls}: {words.denial(decision)}"
            raise ReturnError(IOReturn.NOT_PERMITTED, why)
        if sum(owner == driver.id for owner in self._nubs.values()) >= MOST:
            raise ReturnError(IOReturn.NO_RESOURCES, f"{driver.name}: it has {MOST} nubs already")
        nub = self._registry.attach(
            parent,
            plain(wanted.classes[0]),
            cls,
            kind=Kind.NUB,
            driver=driver.bundle_id,
            pid=driver.pid,
            props=table,
            user_classes=wanted.classes,
            state=State(0),
        )
        self._nubs[nub] = driver.id
        return nub

    def register(self, driver: Driver, entry: EntryId) -> None:
        """Publish a service or a nub; once more, it is matched again.

        Raises:
            ReturnError: kIOReturnNotPermitted, its IOClass is the system's.
        """
        _check_class(driver, self._registry.entry(entry).cls)
        self._registry.update(entry, state=int(READY))
        assert self._follower is not None
        if entry not in self._publishers:
            self._publishers[entry] = driver.id
            self._watches.came(self._registry.entry(entry), driver.id)
        if not self._awaited(entry):
            self._follower.match_one(entry)

    def ended(self, driver: Driver) -> None:
        """A driver has stopped: what is published again at its place is free for it now."""
        assert self._follower is not None
        for entry in tuple(self._publishers):
            if self._registry.path(entry) == driver.provider_path and entry != driver.provider:
                self._follower.match_one(entry)

    def registered(self) -> dict[EntryId, DriverId]:
        """Every entry that is published, with its driver."""
        return dict(self._publishers)

    def _awaited(self, entry: EntryId) -> bool:
        """Whether a driver of what was here before has not stopped yet: it will come back."""
        path = self._registry.path(entry)
        return any(
            driver.record.state is DriverState.STOPPING
            and driver.record.provider_path == path
            and driver.record.provider != entry
            for driver in self._supervisor or ()
        )

    def _gone(self, gone: Gone) -> None:
        """What is gone, whoever took it away, is no provider any more."""
        self._nubs.pop(gone.id, None)
        if self._publishers.pop(gone.id, None) is not None:  # the tree must not change meanwhile
            asyncio.get_running_loop().call_soon(self._went, gone.entry)

    def _went(self, entry: Entry) -> None:
        """Tell who watched it, and stop the drivers on it."""
        assert self._follower is not None
        self._watches.went(entry)
        self._follower.unplugged(entry.id)


def _check_class(driver: Driver, cls: str) -> None:
    """Nobody's driver may be matched on what only looks like a device of the machine."""
    if is_systems(cls):
        raise ReturnError(
            IOReturn.NOT_PERMITTED, f"{driver.name} may not publish {cls}, which is the system's"
        )
