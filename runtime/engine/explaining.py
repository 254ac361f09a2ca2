"""Why something matched or did not: answers about the present registry.

Runs in the event loop.
Invariant: reads; nothing that is explained here changes by it.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from runtime.engine.binding import Binding
from runtime.engine.kernel_drivers import KernelDrivers
from runtime.engine.providers import make_provider
from runtime.extensions.active import ActiveExtension
from runtime.families.hid import words as hid_words
from runtime.matching import competition
from runtime.matching.provider import Provider
from runtime.matching.rank import explain
from runtime.model import properties
from runtime.model.classes import chain
from runtime.model.entry import Entry, Kind
from runtime.model.errors import ProblemError
from runtime.model.identity import EntryId
from runtime.model.outcome import Match, MatchStage
from runtime.model.personality import Personality
from runtime.registry.tree import Registry
from runtime.wire.commands.registry import Details, DeviceMatch, Explanation

MOST = 512  # matches or devices in an answer


class Explaining:
    """Explains entries and extensions."""

    def __init__(
        self,
        registry: Registry,
        binding: Binding,
        kernel: KernelDrivers,
        idle: Callable[[], Sequence[ActiveExtension]],
    ) -> None:
        """`idle` tells the extensions that could run and may not."""
        self._registry = registry
        self._binding = binding
        self._kernel = kernel
        self._idle = idle

    def described(self, entry_id: EntryId) -> Details:
        """What an entry that is no device of the machine says of itself in data."""
        entry = self._registry.get(entry_id)
        has = properties.decode(entry.props) if entry is not None else {}
        descriptor = has.get("ReportDescriptor")
        if isinstance(descriptor, bytes):
            return Details(hid_words.sections(descriptor))
        return Details((), "this entry is no device of the machine")

    def entry(self, entry_id: EntryId) -> Explanation:
        """Who could drive an entry; of a driver's own entry, what it could drive.

        Raises:
            ProblemError: ``not-found``.
        """
        entry = self._registry.get(entry_id)
        if entry is None:
            raise ProblemError(
                "not-found", f"entry {entry_id:#x}: expected one that is there, found none"
            )
        if entry.kind == Kind.DRIVER:
            return self.extension(entry.driver)
        provider = make_provider(self._registry, entry, self._kernel)
        kexts = self._kernel.of_device(provider.properties)
        held = self._binding.holders(entry_id)
        found = competition.candidates(provider, self._binding.catalogue, kexts, held)
        matches = (*found[: _fitting(found)], *self._waiting(provider), *found[_fitting(found) :])
        return Explanation(matches=matches[:MOST], compared=self._compared())

    def extension(self, bundle_id: str) -> Explanation:
        """What an active extension's personalities make of every device that is there.

        Raises:
            ProblemError: ``not-found``: it is not active.
        """
        own = [each for each in self._binding.catalogue if each.bundle_id == bundle_id]
        if not own:
            raise ProblemError(
                "not-found", f"extension {bundle_id}: expected one that is active, found none"
            )
        present = [entry for entry in self._registry.walk() if entry.kind == Kind.DEVICE]
        wanted = {personality.provider_class for personality in own}
        near: list[Entry] = []
        others: list[Entry] = []
        for entry in present:
            (near if wanted.intersection(chain(entry.cls)) else others).append(entry)
        providers = [make_provider(self._registry, entry, self._kernel) for entry in near]
        entries = {entry.id: entry for entry in near}
        found = [
            _device(entries[provider.id], provider.path, self._held(match, provider.id))
            for provider, match in competition.devices(own, providers)[:MOST]
        ]
        found += [
            _device(entry, self._registry.path(entry.id), _other_kind(own, entry))
            for entry in others[: MOST - len(found)]
        ]
        return Explanation(
            devices=tuple(found),
            elsewhere=len(present) - len(found),
            compared=self._compared(),
        )

    def _waiting(self, provider: Provider) -> Iterator[Match]:
        """What fits, of extensions that may not run now."""
        for idle in self._idle():
            state = idle.extension.state.value
            for personality in idle.personalities:
                match = explain(provider, personality)
                if match.stage is MatchStage.MATCHED:
                    yield msgspec.structs.replace(
                        match, stage=MatchStage.IDLE, wanted="active", found=state
                    )

    def _held(self, match: Match, provider: EntryId) -> Match:
        """A match as the competition for its provider ended."""
        if match.stage is not MatchStage.MATCHED:
            return match
        told = self.entry(provider).matches
        same = (
            other
            for other in told
            if (other.bundle_id, other.personality) == (match.bundle_id, match.personality)
        )
        return next(same, match)

    def _compared(self) -> int:
        idle = sum(len(extension.personalities) for extension in self._idle())
        return len(self._binding.catalogue) + idle + len(self._kernel)


def _fitting(matches: Sequence[Match]) -> int:
    """How many of them fit; they come first."""
    return sum(match.stage in {MatchStage.MATCHED, MatchStage.CATEGORY} for match in matches)


def _other_kind(own: Sequence[Personality], entry: Entry) -> Match:
    """What an extension makes of a device of another class than its personalities'."""
    wanted = " or ".join(sorted({personality.provider_class for personality in own}))
    return Match(
        own[0].name,
        own[0].bundle_id,
        MatchStage.CLASS,
        category=own[0].category,
        key="IOProviderClass",
        wanted=wanted,
        found=" : ".join(chain(entry.cls)),
        cls=own[0].user_class,
    )


def _device(entry: Entry, path: str, match: Match) -> DeviceMatch:
    return DeviceMatch(entry.id, entry.title, path, match)
