"""One personality on one provider: its score with its parts, or the first key that failed.

IOService's own keys, then the family's, then IOParentMatch: a table of its own, which is compared
in the same way with the ancestors, nearest first, until one matches; that one's IOParentMatch
with those above it, and so on. There is no way back to a nearer ancestor, as in IOKit.
Source: xnu IOService.cpp matchPassive.
Invariant: pure; takes one step up for each comparison, whatever the tables are.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import msgspec

from runtime.matching import compared, hid, passive, pci, scsi, usb
from runtime.matching.provider import Provider
from runtime.matching.verdict import Mismatch, Scored, mismatch
from runtime.model.personality import Personality
from runtime.model.properties import Properties, Value

PARENT = "IOParentMatch"


class _Family(NamedTuple):
    """A family's rules: whom they govern, the rule, what IOProbeScore adds to its score."""

    classes: frozenset[str]
    rule: Callable[[Provider, Properties], Scored | Mismatch]
    probe_points: Callable[[int], int] = int


_FAMILIES = (
    _Family(usb.CLASSES, usb.match_usb, usb.probe_points),
    _Family(frozenset(hid.CLASSES), hid.match_hid),
    _Family(frozenset({pci.CLASS}), pci.match_pci),
    _Family(frozenset({scsi.CLASS}), scsi.match_scsi, scsi.probe_points),
    _Family(frozenset(compared.FAMILY_KEYS), compared.match_compared),
)
_NO_FAMILY = _Family(frozenset(), lambda _provider, _table: Scored())


def judge(provider: Provider, personality: Personality) -> Scored | Mismatch:
    """The score with its parts, or the first key that failed."""
    verdict = _compare(provider, personality.table)
    if isinstance(verdict, Mismatch):
        return verdict
    parent = personality.table.get(PARENT)
    if parent is not None and (failed := _match_above(provider, parent)) is not None:
        return failed
    probe = _family(provider.classes).probe_points(personality.probe_score)
    return Scored((*verdict.parts, ("IOProbeScore", probe))) if probe else verdict


@lru_cache(maxsize=1024)
def _family(classes: tuple[str, ...]) -> _Family:
    """The first family that governs something on a class chain."""
    found = (family for family in _FAMILIES if not family.classes.isdisjoint(classes))
    return next(found, _NO_FAMILY)


def _compare(provider: Provider, table: Properties) -> Scored | Mismatch:
    """Everything but IOParentMatch and IOProbeScore."""
    failed = passive.match_service(provider, table)
    return _family(provider.classes).rule(provider, table) if failed is None else failed


def _match_above(provider: Provider, wanted: Value) -> Mismatch | None:
    """Hold IOParentMatch against the ancestors."""
    path = PARENT
    last = Mismatch(path, "an ancestor that matches", "no ancestor")
    above = provider.ancestors
    for number, ancestor in enumerate(above):
        if not isinstance(wanted, dict):
            break
        there = msgspec.structs.replace(ancestor, ancestors=above[number + 1 : number + 2])
        verdict = _compare(there, wanted)
        if isinstance(verdict, Mismatch):
            last = Mismatch(f"{path}.{verdict.key}", verdict.wanted, verdict.found)
            continue
        if PARENT not in wanted:
            return None
        wanted, path = wanted[PARENT], f"{path}.{PARENT}"
        last = Mismatch(path, "an ancestor that matches", "no ancestor")
    return last if isinstance(wanted, dict) else mismatch(path, "a dictionary", wanted)
