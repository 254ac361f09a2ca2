"""Everybody who could drive a provider, in one order: driver extensions and kernel modules.

Kernel modules are here with their aliases' scores, in the default category, and came first. The
one that is bound is the running one; an extension with a strictly higher score would replace it.
Those that do not match follow, each with the first key that failed.
Source: xnu IOService.cpp probeCandidates; docs/matching.md for what a kernel alias scores.
Invariant: pure; explains what `rank.match` decides and never decides otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from runtime.matching import scsi
from runtime.matching.aliases import Kext
from runtime.matching.catalogue import Catalogue
from runtime.matching.judgement import judge
from runtime.matching.provider import Provider
from runtime.matching.rank import explain, match
from runtime.matching.verdict import Mismatch
from runtime.model.classes import chain
from runtime.model.entry import Entry, Holder
from runtime.model.outcome import KERNEL, Match, MatchStage
from runtime.model.personality import DEFAULT_CATEGORY, Personality

UNKNOWN_USB, UNKNOWN_SCSI, UNKNOWN = 60_000, scsi.STEP, 1000
"""Score of a bound kernel driver on a device that no alias matches: a USB one as if it matched
by class, subclass and protocol, a SCSI one by its type, any other as if its whole alias were
named."""

MAKERS = frozenset({"hid-generic", "usb", "usbfs"})
"""Kernel drivers that compete with nobody. Two only make what is below a device: hid-generic the
input devices that others read beside it, usb the interfaces of a device. usbfs stands for a program
that has an interface."""


def bound(entry: Entry, kexts: Sequence[Kext]) -> tuple[str, int]:
    """The kernel driver that competes for an entry, with its score; none: empty, 0."""
    if entry.holder != Holder.KERNEL or entry.driver in MAKERS:
        return "", 0
    return entry.driver, kernel_score(entry.driver, kexts, entry.cls)


def kernel_score(driver: str, kexts: Sequence[Kext], cls: str) -> int:
    """The score of a kernel driver that is bound to a provider of a class.

    That of its module's alias; where the driver is not called as any module that matches (hub is
    usbcore's), the best of these.
    """
    named = [kext.score for kext in kexts if _same_module(kext.module, driver)]
    return max(named or [kext.score for kext in kexts], default=_unknown(cls))


def _unknown(cls: str) -> int:
    if cls.startswith("IOUSBHost"):
        return UNKNOWN_USB
    return UNKNOWN_SCSI if scsi.CLASS in chain(cls) else UNKNOWN


def candidates(
    provider: Provider,
    catalogue: Catalogue,
    kexts: Sequence[Kext],
    taken: Mapping[str, str] | None = None,
    among: Iterable[Personality] | None = None,
) -> tuple[Match, ...]:
    """Everybody's outcome on a provider: matches by score, then the others.

    `taken` maps each category that a running extension holds to its personality's name. With
    `among` only these are told of when they do not match: of a large catalogue most do not.
    """
    held = taken or {}
    ranking = match(provider, catalogue, taken=held, narrow=among is not None)
    own = [_running(found, held) for found in ranking.trace]
    modules = [_as_match(kext, provider, own, held) for kext in _modules(provider, kexts)]
    there = [found for found in own if found.stage in {MatchStage.MATCHED, MatchStage.CATEGORY}]
    ranked = sorted([*modules, *there], key=lambda found: -found.score)  # stable: kernel first
    fit = {(found.bundle_id, found.personality) for found in there}
    others = catalogue if among is None else among
    failed = [explain(provider, each) for each in others if each.key not in fit]
    return (*ranked, *sorted(failed, key=_at_class))


def devices(
    personalities: Sequence[Personality], providers: Iterable[Provider]
) -> list[tuple[Provider, Match]]:
    """What became of an extension's personalities on every provider: the best, or the nearest.

    Of several that fail on one provider the one that came furthest is told.
    """
    found: list[tuple[Provider, Match]] = []
    for provider in providers:
        matches = [explain(provider, personality) for personality in personalities]
        if matches:
            found.append((provider, max(matches, key=_progress)))
    found.sort(key=lambda pair: _progress(pair[1]), reverse=True)
    return found


def _at_class(match: Match) -> bool:
    return match.stage is MatchStage.CLASS


_STAGES = {stage: number for number, stage in enumerate(MatchStage)}


def _progress(match: Match) -> tuple[int, int]:
    return _STAGES[match.stage], match.score


def _modules(provider: Provider, kexts: Sequence[Kext]) -> list[Kext]:
    """The best alias of each module; the bound driver also where no alias names it."""
    best: dict[str, Kext] = {}
    for kext in kexts:
        best.setdefault(kext.module, kext)
    bound = provider.kernel_driver
    if bound and not any(_same_module(module, bound) for module in best):
        best[bound] = Kext(bound, "", provider.kernel_score)
    return sorted(best.values(), key=lambda kext: -kext.score)


def _as_match(kext: Kext, provider: Provider, own: list[Match], held: Mapping[str, str]) -> Match:
    """A module's outcome: it runs, could be loaded, or somebody else has the device."""
    running = _same_module(kext.module, provider.kernel_driver)
    winner = next(
        (
            found.personality
            for found in own
            if found.stage is MatchStage.MATCHED and found.category == DEFAULT_CATEGORY
        ),
        "",
    )
    holder = held.get(DEFAULT_CATEGORY) or provider.kernel_driver or winner
    lost = bool(holder) and not running
    return Match(
        personality=kext.module,
        bundle_id=KERNEL,
        stage=MatchStage.CATEGORY if lost else MatchStage.MATCHED,
        score=kext.score,
        category=DEFAULT_CATEGORY,
        key="IOMatchCategory" if lost else "",
        wanted=f"{DEFAULT_CATEGORY} free" if lost else "",
        found=f"held by {holder}" if lost else "",
        parts=kext.parts if kext.pattern else (("bound, its module has another name", kext.score),),
        holder=holder if lost else "",
        running=running,
    )


def _running(found: Match, held: Mapping[str, str]) -> Match:
    """The personality that holds its category is no loser."""
    if found.stage is not MatchStage.CATEGORY or held.get(found.category) != found.personality:
        return found
    return msgspec.structs.replace(
        found, stage=MatchStage.MATCHED, key="", wanted="", found="", holder="", running=True
    )


def _same_module(module: str, driver: str) -> bool:
    """Drivers and modules spell dashes and underscores as they like."""
    return bool(driver) and module.replace("-", "_") == driver.replace("-", "_")


def winner(
    provider: Provider, catalogue: Catalogue, kext: Kext | None
) -> tuple[str, str, int] | None:
    """Who gets a provider that nobody has, in the default category: bundle, name and score.

    `kext` is the best kernel module, which came first: an extension has to be above it.
    """
    best = (KERNEL, kext.module, kext.score) if kext is not None else None
    known = () if best is None else (best[2],)
    for personality in catalogue.narrowed(provider, *known):
        if personality.category != DEFAULT_CATEGORY:
            continue
        verdict = judge(provider, personality)
        if isinstance(verdict, Mismatch):
            continue
        total = verdict.total
        if best is None or total > best[2]:
            best = (personality.bundle_id, personality.name, total)
    return best
