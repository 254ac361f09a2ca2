"""The launch of a candidate that has won: is it entitled, and what is its process given.

Runs in the event loop.
Invariant: a denial is said once for each provider and content, however often matching comes back.
"""

import functools

import msgspec

from runtime.engine.bundles import Bundles, Runnable
from runtime.engine.hub import Hub
from runtime.engine.nub import Nub
from runtime.engine.providers import Family, check_entitlements
from runtime.engine.taking import Taking
from runtime.extensions import entitlements
from runtime.extensions.takeovers import Answer
from runtime.matching import hid
from runtime.matching.provider import Provider
from runtime.matching.rank import Candidate
from runtime.model import properties, words
from runtime.model.entry import Entry
from runtime.model.events import Matched, Noted
from runtime.model.hid import PUBLISHER
from runtime.model.identity import BundleId, EntryId
from runtime.model.outcome import Match, MatchStage
from runtime.model.personality import Personality
from runtime.model.properties import Properties
from runtime.model.records import DeviceHit
from runtime.registry.hid_mapping import PUBLISHED_BY
from runtime.registry.tree import Registry
from runtime.supervisor.brokers import Brokers, Place
from runtime.supervisor.ports import DriverSpec
from runtime.supervisor.supervisor import Supervisor
from runtime.wire.broker import Denials


class Launching:
    """Launches drivers on providers."""

    def __init__(
        self,
        registry: Registry,
        hub: Hub,
        bundles: Bundles,
        supervisor: Supervisor,
        brokers: Brokers,
        *,
        taking: Taking,
    ) -> None:
        self._registry = registry
        self._hub = hub
        self._bundles = bundles
        self._supervisor = supervisor
        self._brokers = brokers
        self._taking = taking
        self._denied: dict[EntryId, frozenset[str]] = {}  # what was said of each provider

    def launch(
        self, entry: Entry, provider: Provider, candidate: Candidate, family: Family
    ) -> Place | Nub | Answer | None:
        """Launch a candidate on an entry of a family; the place that it was given.

        None when its extension may not run, is not entitled to the provider, may not take it, or
        published it as a HID device; or when the provider is there only because of this
        personality. `Answer.WAITING` when somebody is asked whether it may take it.
        """
        personality = candidate.personality
        active = self._bundles.get(personality.bundle_id)
        if active is None:
            return None
        granted = active.entitlements
        service_class = str(personality.table.get("IOClass", ""))
        entitled = functools.partial(
            check_entitlements, self._registry, entry.id, granted, service_class
        )
        if hid.compared(provider).get(PUBLISHED_BY) == personality.bundle_id[:PUBLISHER]:
            return None  # it would drive itself
        if any(_drives(personality, above) for above in (provider, *provider.ancestors)):
            return None  # it would go on for ever
        decision = entitled()
        if not decision.allowed:
            self._deny(entry, provider, active, f"{personality.name}: {words.denial(decision)}")
            return None
        hit = DeviceHit(entry.id, entry.title, provider.path, candidate.score, candidate.displaces)
        answer = self._taking.answer(active.bundle_id, active.content_hash, hit)
        if answer is not Answer.GRANTED:
            waits = answer is Answer.WAITING
            why = "an approval of that is waited for" if waits else "it was denied that"
            self._deny(
                entry, provider, active, f"{personality.name} would take what is missed: {why}"
            )
            return answer if waits else None
        matched = Match(
            personality.name,
            personality.bundle_id,
            MatchStage.MATCHED,
            candidate.score,
            personality.category,
        )
        self._hub.event(Matched(matched), entry.id, provider.path)
        place = family.place(entry.id)
        open_session = (
            place.open_session
            if isinstance(place, Nub)
            else functools.partial(
                self._brokers.open_session, place, _denials(granted), personality.bundle_id
            )
        )
        self._supervisor.launch(
            DriverSpec(
                name=personality.user_class,
                bundle_id=BundleId(personality.bundle_id),
                content_hash=active.content_hash,
                personality=personality.name,
                category=personality.category,
                executable=active.executable,
                server_name=personality.server_name or personality.bundle_id,
                provider=entry.id,
                provider_path=provider.path,
                provider_class=entry.cls,
                provider_name=entry.name,
                properties=_service_properties(personality, candidate.score),
                provider_properties=properties.encode(provider.properties | hid.compared(provider)),
                provider_classes=entry.user_classes,
                bundle=active.memfd,
                dumpable=self._hub.status.developer,
                shared=personality.shares_process,
                direct=place.direct,
                open_session=open_session,
                entitled=entitled,
                bytecode=active.bytecode,
            )
        )
        return place

    def forget(self, provider: EntryId) -> None:
        """A provider is gone."""
        self._denied.pop(provider, None)
        self._taking.forget(provider)

    def _deny(self, entry: Entry, provider: Provider, active: Runnable, denial: str) -> None:
        said = self._denied.get(entry.id, frozenset())
        key = f"{active.content_hash} {denial}"
        if key not in said:
            self._denied[entry.id] = said | {key}
            self._hub.event(Noted(f"{denial}; it was not launched"), entry.id, provider.path)


def _drives(personality: Personality, provider: Provider) -> bool:
    """Whether an entry is the service of a driver of this personality."""
    has = provider.properties
    same = has.get("IOMatchedPersonality") == personality.table
    return same and has.get("CFBundleIdentifier") == personality.bundle_id


def _denials(granted: Properties) -> Denials:
    """What an extension may not beyond driving its provider."""
    keys = (entitlements.FAMILY_HID_DEVICE, entitlements.FAMILY_HID_EVENTS)
    decisions = [entitlements.publishing(granted, key) for key in keys]
    return Denials(*("" if each.allowed else words.denial(each) for each in decisions))


def _service_properties(personality: Personality, score: int) -> msgspec.Raw:
    """Properties of a dext's service, as IOKit writes them."""
    table = personality.table
    return properties.encode(
        {
            **table,
            "IOProbeScore": score,
            "IOMatchCategory": personality.category,
            "CFBundleIdentifier": personality.bundle_id,
            "IOMatchedPersonality": table,
        }
    )
