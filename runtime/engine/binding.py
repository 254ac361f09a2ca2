"""Which driver extension drives which provider.

For every provider that is new or says something else now, for those that a change of the catalogue
concerns, and for all of them when the kernel has other modules:

1. rank the catalogue's personalities on the provider (`runtime.matching`);
2. for each category that no driver holds, take the best candidate that has not failed here;
3. check the extension's entitlements against the provider;
4. launch it (`runtime.supervisor`).

A driver that fails Start or is quarantined leaves its category to the next candidate.
Runs in the event loop.
Invariant: a category of a provider has at most one live driver.
"""

from runtime.engine.bundles import Bundles
from runtime.engine.hub import Hub
from runtime.engine.kernel_drivers import KernelDrivers
from runtime.engine.launching import Launching
from runtime.engine.providers import Family, make_provider
from runtime.engine.taking import Taking
from runtime.extensions.takeovers import Takeovers
from runtime.matching.catalogue import Catalogue
from runtime.matching.provider import Provider
from runtime.matching.rank import Ranking, best_of, match
from runtime.model.classes import chain
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry
from runtime.model.errors import ProblemError
from runtime.model.identity import BundleId, EntryId
from runtime.model.intent import Intent
from runtime.model.personality import Personality, PersonalityKey
from runtime.model.records import DeviceHit, Driver, Request, RequestState
from runtime.registry.tree import Registry
from runtime.supervisor.brokers import Brokers, Place
from runtime.supervisor.driver import SupervisedDriver
from runtime.supervisor.supervisor import Supervisor

MOST_HITS = 32  # devices named in a request
_FREE = (DriverState.STOPPED, DriverState.QUARANTINED)


class Binding:
    """Matches providers with active extensions."""

    def __init__(
        self,
        registry: Registry,
        hub: Hub,
        families: tuple[Family, ...],
        bundles: Bundles,
        kernel: KernelDrivers,
        *,
        taking: Taking,
    ) -> None:
        """Begin with an empty catalogue; `taking` knows what the machine would miss."""
        self._registry = registry
        self._hub = hub
        self._families = families
        self._bundles = bundles
        self._kernel = kernel
        self._taking = taking
        self.catalogue = Catalogue()
        self._supervisor: Supervisor | None = None
        self._brokers: Brokers | None = None
        self._launching: Launching | None = None
        self._places: dict[EntryId, Place] = {}  # of the providers that drivers have
        self._failed: dict[EntryId, frozenset[PersonalityKey]] = {}
        self._holding = False

    def use(self, supervisor: Supervisor, brokers: Brokers, takeovers: Takeovers) -> None:
        """Launch through this supervisor, at devices that these hold; called once.

        `takeovers` say which devices may be taken that the machine would miss.
        """
        self._taking.use(takeovers)
        self._supervisor = supervisor
        self._brokers = brokers
        parts = (self._registry, self._hub, self._bundles, supervisor, brokers)
        self._launching = Launching(*parts, taking=self._taking)

    # --- what may run changed ------------------------------------------------------------------

    def add(self, bundle_id: BundleId, personalities: tuple[Personality, ...]) -> None:
        """An extension may run: match what it concerns; where it failed it may try again."""
        if self.catalogue.add(bundle_id, personalities):
            self._forgive(bundle_id)
            self._offer(personalities)

    def remove(self, bundle_id: BundleId, intent: Intent) -> None:
        """An extension may not run any more: stop its drivers; others may follow."""
        self.catalogue.remove(bundle_id)
        for driver in self._supervisor or ():
            if driver.record.bundle_id == bundle_id:
                driver.stop(intent)

    def hits(self, personalities: tuple[Personality, ...]) -> tuple[DeviceHit, ...]:
        """The present entries that these personalities match: those to warn of, then by score."""
        found: list[DeviceHit] = []
        wanted = {personality.provider_class for personality in personalities}
        warning = self._taking.warnings()
        for entry in self._registry.walk():
            if not wanted.intersection(chain(entry.cls)):
                continue
            provider = make_provider(self._registry, entry, self._kernel)
            best = best_of(provider, personalities)
            if best is not None:
                path = self._registry.path(entry.id)
                parts = (entry.id, entry.title, path, best.score, best.displaces)
                found.append(DeviceHit(*parts, warning(entry.id)))
        found.sort(key=lambda hit: (not hit.warning, -hit.score))
        return tuple(found[:MOST_HITS])

    def reconsider(self, request: Request) -> None:
        """A request for a device was answered, or its answer taken back."""
        assert self._supervisor is not None
        for hit in request.devices:
            entry = self._registry.find(hit.path)
            if entry is None:
                continue
            for driver in self._supervisor.of_provider(entry):
                taken_back = request.state is not RequestState.COMPLETED
                if taken_back and driver.record.bundle_id == request.bundle_id:
                    driver.stop(Intent.STOP)
            self.match_one(entry)

    # --- providers -----------------------------------------------------------------------------

    def _offer(self, personalities: tuple[Personality, ...]) -> None:
        """Match the entries that some of these personalities match, and no others."""
        classes = {personality.provider_class for personality in personalities}
        for entry in list(self._registry.walk()):
            if not (classes.intersection(chain(entry.cls)) and self._family(entry.id)):
                continue
            if best_of(make_provider(self._registry, entry, self._kernel), personalities):
                self.match_one(entry.id)

    def _forgive(self, bundle_id: BundleId) -> None:
        for entry, keys in list(self._failed.items()):
            self._failed[entry] = frozenset(key for key in keys if key[0] != bundle_id)

    def rematch(self) -> None:
        """Match everything again: the kernel's modules are others now."""
        for entry in list(self._registry.walk()):
            self.match_one(entry.id)

    def match_below(self, top: EntryId) -> None:
        """Match an entry that is new and everything below it."""
        for entry in list(self._registry.walk(top)):
            self.match_one(entry.id)

    def match_one(self, entry_id: EntryId) -> None:
        """Match one entry, and launch what wins."""
        entry = self._registry.get(entry_id)
        if entry is None or self._holding or self._family(entry_id) is None:
            return
        if not self.catalogue.candidates(chain(entry.cls)):
            return
        provider = make_provider(self._registry, entry, self._kernel)
        taken = self._taken(entry_id)
        ranking = match(provider, self.catalogue, taken=taken, narrow=True)
        failed = self._failed.get(entry_id, frozenset()) | self._quarantined(entry_id)
        categories = {c.personality.category for c in ranking.candidates}
        for category in sorted(categories):
            self._launch_first(entry, provider, ranking, category, failed)

    def release(self, driver: SupervisedDriver) -> None:
        """Let a quarantined driver start again, now or when its device is there.

        Raises:
            ProblemError: ``wrong-state``: another driver has its category of the provider.
        """
        other = self._taken(driver.record.provider).get(driver.spec.category)
        if other is not None:
            raise ProblemError(
                "wrong-state",
                f"driver {driver.record.name}: expected its provider to be free, found {other} "
                "on it",
            )
        driver.release()
        self._try_again(driver.record)

    def restart(self, driver: SupervisedDriver) -> None:
        """Start a stopped driver again, if what it needs is still there.

        Raises:
            ProblemError: ``wrong-state``: its device is gone, its extension may not run, or another
                driver has its place.
        """
        record = driver.record
        self._try_again(record)
        if driver.record.state in _FREE:
            found = "its extension not active, or another driver there"
            if self._registry.get(record.provider) is None:
                found = "its device gone"
            raise ProblemError(
                "wrong-state",
                f"driver {record.name}: expected its device, an active extension and no other "
                f"driver in its place, found {found}",
            )

    def _try_again(self, driver: Driver) -> None:
        if driver.provider in self._failed:
            self._failed[driver.provider] -= {(driver.bundle_id, driver.personality)}
        self.match_one(driver.provider)

    def driver_ended(self, driver: Driver) -> None:
        """A driver stopped or was quarantined: the next candidate may have its provider.

        A provider that no driver has any more is given back.
        """
        if driver.state is DriverState.QUARANTINED or driver.note:
            failed = self._failed.get(driver.provider, frozenset())
            key = (driver.bundle_id, driver.personality)
            self._failed[driver.provider] = failed | {key}
        place = self._places.get(driver.provider)
        self.match_one(driver.provider)
        if place is not None and self._brokers is not None and not self._taken(driver.provider):
            self._brokers.give_back(place)
        if self._registry.get(driver.provider) is None:
            self.forget(driver.provider)
        self.tidy()

    def tidy(self) -> None:
        """Drop the drivers of extensions that were removed, once they have ended."""
        assert self._supervisor is not None
        known = {extension.bundle_id for extension in self._hub.source.extensions.values()}
        for driver in self.drivers():
            if driver.state is DriverState.STOPPED and driver.bundle_id not in known:
                self._supervisor.forget(driver.id)
                self._hub.forget_driver(driver.id)

    def unplugged(self, entry_id: EntryId) -> None:
        """A real device is gone, and its entry with all below it."""
        assert self._supervisor is not None
        for driver in self._supervisor.of_provider(entry_id):
            driver.stop(Intent.STOP, unplugged=True)
        if not self._taken(entry_id):
            self.forget(entry_id)

    def forget(self, provider: EntryId) -> None:
        """A provider is gone."""
        self._failed.pop(provider, None)
        self._places.pop(provider, None)
        if self._launching is not None:
            self._launching.forget(provider)

    def hold(self) -> None:
        """Launch nothing any more: the runtime ends."""
        self._holding = True

    def drivers(self) -> list[Driver]:
        """Every driver there is."""
        return [driver.record for driver in self._supervisor or ()]

    def holders(self, provider: EntryId) -> dict[str, str]:
        """The personality of the driver that holds each category of a provider."""
        assert self._supervisor is not None
        return {
            driver.spec.category: driver.spec.personality
            for driver in self._supervisor.of_provider(provider)
            if driver.record.state not in _FREE
        }

    def _family(self, provider: EntryId) -> Family | None:
        """The family whose provider an entry is; None for what cannot be driven."""
        return next((family for family in self._families if family.provides(provider)), None)

    def _taken(self, provider: EntryId) -> dict[str, str]:
        """Categories of a provider that a driver holds."""
        assert self._supervisor is not None
        return {
            driver.spec.category: driver.record.name
            for driver in self._supervisor.of_provider(provider)
            if driver.record.state not in _FREE
        }

    def _quarantined(self, provider: EntryId) -> frozenset[PersonalityKey]:
        """What is kept out of a provider until somebody releases it, whatever else changes.

        A device that is plugged again at its place is the same one, as another entry.
        """
        path = self._registry.path(provider)
        keys: set[PersonalityKey] = set()
        for driver in self._supervisor or ():
            record = driver.record
            if record.state is DriverState.QUARANTINED and record.provider_path == path:
                keys.add((record.bundle_id, record.personality))
                if record.provider != provider:
                    driver.returned(provider)
        return frozenset(keys)

    def _launch_first(
        self,
        entry: Entry,
        provider: Provider,
        ranking: Ranking,
        category: str,
        failed: frozenset[PersonalityKey],
    ) -> None:
        family = self._family(entry.id)
        assert self._launching is not None
        assert family is not None
        while (candidate := ranking.next_after(failed, category)) is not None:
            place = self._launching.launch(entry, provider, candidate, family)
            if isinstance(place, Place):
                self._places[entry.id] = place
            if place is not None:
                return
            failed |= {candidate.personality.key}
