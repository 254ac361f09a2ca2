"""Drivers that watch for services of their own server: told as these come and go.

Source: xnu IOUserServer.cpp, IOServiceNotificationDispatchSource: a driver is told of services
with its own IOUserServerName alone; here of its own extension, too, as names are not reserved.
Runs in the event loop.
Invariant: a watch hears of the end of exactly those services of whose coming it has heard.
"""

from runtime.engine.kernel_drivers import KernelDrivers
from runtime.engine.providers import make_provider
from runtime.matching.passive import match_service
from runtime.model import properties
from runtime.model.entry import Entry
from runtime.model.errors import ReturnError
from runtime.model.identity import DriverId, EntryId
from runtime.model.kern_return import IOReturn
from runtime.model.properties import Properties
from runtime.model.records import Driver
from runtime.registry.tree import Registry
from runtime.supervisor.driver import SupervisedDriver
from runtime.supervisor.supervisor import Supervisor
from runtime.wire.service import WatchServices

MOST = 32  # watches of one driver


class _Watch:
    """What one watch is about, and which services it knows of."""

    def __init__(self, matching: Properties) -> None:
        self.matching = matching
        self.told: set[EntryId] = set()


class Watches:
    """All watches of all drivers."""

    def __init__(self, registry: Registry, kernel: KernelDrivers) -> None:
        self._registry = registry
        self._kernel = kernel
        self._supervisor: Supervisor | None = None
        self._watches: dict[DriverId, dict[int, _Watch]] = {}

    def use(self, supervisor: Supervisor) -> None:
        """The drivers that watch; called once."""
        self._supervisor = supervisor

    def add(self, driver: Driver, wanted: WatchServices, present: dict[EntryId, DriverId]) -> None:
        """Watch from now on; what is `present`, with its drivers, is told first.

        Raises:
            ReturnError: kIOReturnNoResources, too many; kIOReturnBadArgument, the number is used.
        """
        own = self._watches.setdefault(driver.id, {})
        if len(own) >= MOST or wanted.watch in own:
            code = IOReturn.BAD_ARGUMENT if wanted.watch in own else IOReturn.NO_RESOURCES
            raise ReturnError(code, f"{driver.name}: expected at most {MOST} watches, each its own")
        own[wanted.watch] = watch = _Watch(properties.decode(wanted.matching))
        for entry, publisher in present.items():
            if self._heard(driver.id, publisher):
                self._offer(driver.id, wanted.watch, watch, self._registry.entry(entry))

    def remove(self, driver: Driver, watch: int) -> None:
        """Watch no more; one that is not there is none."""
        self._watches.get(driver.id, {}).pop(watch, None)

    def forget(self, driver: DriverId) -> None:
        """A driver's process is gone, and with it its watches."""
        self._watches.pop(driver, None)

    def came(self, entry: Entry, publisher: DriverId) -> None:
        """A driver's service was registered."""
        for driver, watches in tuple(self._watches.items()):
            if self._heard(driver, publisher):
                for number, watch in watches.items():
                    self._offer(driver, number, watch, entry)

    def went(self, entry: Entry) -> None:
        """A driver's service is gone."""
        for driver, watches in tuple(self._watches.items()):
            for number, watch in watches.items():
                if entry.id in watch.told:
                    watch.told.discard(entry.id)
                    self._tell(driver, number, entry, matched=False)

    def _offer(self, driver: DriverId, number: int, watch: _Watch, entry: Entry) -> None:
        provider = make_provider(self._registry, entry, self._kernel)
        if match_service(provider, watch.matching) is None:
            watch.told.add(entry.id)
            self._tell(driver, number, entry, matched=True)

    def _heard(self, driver: DriverId, publisher: DriverId) -> bool:
        """Whether one driver may hear of another's services."""
        own, other = self._find(driver).spec, self._find(publisher).spec
        return (own.bundle_id, own.server_name) == (other.bundle_id, other.server_name)

    def _tell(self, driver: DriverId, number: int, entry: Entry, *, matched: bool) -> None:
        service = self._find(driver).service
        if service is not None:
            service.calls.notify(number, entry, matched=matched)

    def _find(self, driver: DriverId) -> SupervisedDriver:
        assert self._supervisor is not None
        return self._supervisor.find(driver)
