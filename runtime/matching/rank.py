"""Ranking: which personalities match a provider, in which order, and who wins each category.

Candidates are ordered by score, equal ones first come first served; one winner a category.
A running driver is never evicted, but a bound kernel driver stands for IOKit's replaceable
`IOMatchedAtBoot`: a strictly higher score replaces it, an equal one does not.
Source: xnu IOService.cpp probeCandidates.
Invariant: pure; decides nothing about processes.
"""

from collections.abc import Iterable, Mapping

import msgspec

from runtime.matching.catalogue import Catalogue
from runtime.matching.judgement import judge
from runtime.matching.provider import Provider
from runtime.matching.verdict import Mismatch, Scored
from runtime.model.outcome import Match, MatchStage
from runtime.model.personality import DEFAULT_CATEGORY, Personality, PersonalityKey


class Candidate(msgspec.Struct, frozen=True):
    """A personality that matches, with its score.

    `displaces` names the bound kernel driver that it would replace; `held_by` the driver that
    keeps the category from it.
    """

    personality: Personality
    score: int
    displaces: str = ""
    held_by: str = ""


class Ranking(msgspec.Struct, frozen=True):
    """What became of a catalogue on one provider.

    `candidates` are all that match, best first; those that lost their category to an equal or
    better one are among them, so that a failing winner can be followed by the next. `winners`
    has one for each category that is free. `trace` says of each personality considered why.
    """

    candidates: tuple[Candidate, ...]
    winners: dict[str, Candidate]
    trace: tuple[Match, ...]

    def next_after(self, failed: frozenset[PersonalityKey], category: str) -> Candidate | None:
        """The best candidate of a free category whose personality has not failed."""
        for candidate in self.candidates:
            personality = candidate.personality
            if (
                personality.category == category
                and not candidate.held_by
                and personality.key not in failed
            ):
                return candidate
        return None


def match(
    provider: Provider,
    catalogue: Catalogue,
    *,
    taken: Mapping[str, str] | None = None,
    narrow: bool = False,
) -> Ranking:
    """Rank a catalogue on a provider.

    `taken` maps each category that a running driver holds to that driver's name. `narrow`
    leaves personalities out of the trace that the catalogue's index already rules out.
    """
    held = taken or {}
    matched: list[tuple[Candidate, Scored]] = []
    failures: list[Match] = []
    considered = catalogue.narrowed(provider) if narrow else catalogue.candidates(provider.classes)
    for personality in considered:
        verdict = judge(provider, personality)
        if isinstance(verdict, Mismatch):
            failures.append(_failure(personality, verdict))
        else:
            matched.append((_candidate(provider, personality, verdict.total, held), verdict))
    matched.sort(key=lambda pair: -pair[0].score)  # stable: first come first served
    winners: dict[str, Candidate] = {}
    trace = [_compete(candidate, scored, winners) for candidate, scored in matched]
    candidates = tuple(candidate for candidate, _ in matched)
    return Ranking(candidates, winners, tuple(trace + failures))


def best_of(provider: Provider, personalities: Iterable[Personality]) -> Candidate | None:
    """The best of some personalities on a provider, were nobody but a kernel driver there."""
    best: Candidate | None = None
    for personality in personalities:
        verdict = judge(provider, personality)
        if not isinstance(verdict, Mismatch) and (best is None or verdict.total > best.score):
            best = _candidate(provider, personality, verdict.total, {})
    return best


def explain(provider: Provider, personality: Personality) -> Match:
    """What becomes of one personality on one provider, competition left aside."""
    verdict = judge(provider, personality)
    if isinstance(verdict, Mismatch):
        return _failure(personality, verdict)
    return _match(personality, verdict)


def score(provider: Provider, personality: Personality) -> int | Mismatch:
    """The score of one personality on one provider, or the first key that failed."""
    verdict = judge(provider, personality)
    return verdict if isinstance(verdict, Mismatch) else verdict.total


def _candidate(
    provider: Provider, personality: Personality, total: int, held: Mapping[str, str]
) -> Candidate:
    """Hold a match against who has its category: a running driver, or the kernel driver.

    A kernel driver sits in the default category, as every kext does that names no other.
    """
    category = personality.category
    if category in held:
        return Candidate(personality, total, held_by=held[category])
    if not provider.kernel_driver or category != DEFAULT_CATEGORY:
        return Candidate(personality, total)
    if total > provider.kernel_score:
        return Candidate(personality, total, displaces=provider.kernel_driver)
    holder = f"{provider.kernel_driver} ({provider.kernel_score})"
    return Candidate(personality, total, held_by=holder)


def _compete(candidate: Candidate, scored: Scored, winners: dict[str, Candidate]) -> Match:
    """Give a candidate its category if that is free, and say what became of it."""
    personality, category = candidate.personality, candidate.personality.category
    winner = winners.get(category)
    holder = f"{winner.personality.name} ({winner.score})" if winner else candidate.held_by
    if not holder:
        winners[category] = candidate
        return _match(personality, scored, displaces=candidate.displaces)
    return Match(
        personality=personality.name,
        bundle_id=personality.bundle_id,
        cls=personality.user_class,
        stage=MatchStage.CATEGORY,
        score=candidate.score,
        category=category,
        key="IOMatchCategory",
        wanted=f"{category} free, or a score above its holder's",
        found=f"held by {holder}",
        parts=scored.parts,
        holder=winner.personality.name if winner else candidate.held_by.partition(" (")[0],
    )


def _failure(personality: Personality, failed: Mismatch) -> Match:
    at_class = failed.key == "IOProviderClass"
    return Match(
        personality=personality.name,
        bundle_id=personality.bundle_id,
        cls=personality.user_class,
        stage=MatchStage.CLASS if at_class else MatchStage.PROPERTIES,
        category=personality.category,
        key=failed.key,
        wanted=failed.wanted,
        found=failed.found,
    )


def _match(personality: Personality, scored: Scored, *, displaces: str = "") -> Match:
    return Match(
        personality=personality.name,
        bundle_id=personality.bundle_id,
        cls=personality.user_class,
        stage=MatchStage.MATCHED,
        score=scored.total,
        category=personality.category,
        parts=scored.parts,
        displaces=displaces,
    )
