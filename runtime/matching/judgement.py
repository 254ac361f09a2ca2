"""One personality on one provider: its score with its parts, or the first key that failed.

IOService's own keys, then the family's, then IOParentMatch: a table of its own, which is compared
in the same way with the ancestors, nearest first, until one matches; that one's IOParentMatch
with those above it, and so on. There is no way back to a nearer ancestor, as in IOKit.
Source: xnu IOService.cpp matchPassive.
Invariant: pure; takes one step up for each comparison, whatever the tables are.
"""

from collections.abc import Callable
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

    governs: Callable[[Provider], bool]
    rule: Callable[[Provider, Properties], Scored | Mismatch]
    probe_points: Callable[[int], int] = int


_FAMILIES = (
    _Family(usb.governs, usb.match_usb, usb.probe_points),
    _Family(hid.governs, hid.match_hid),
    _Family(pci.governs, pci.match_pci),
    _Family(scsi.governs, scsi.match_scsi, scsi.probe_points),
    _Family(compared.governs, compared.match_compared),
)
_NO_FAMILY = _Family(lambda _provider: True, lambda _provider, _table: Scored())


def judge(provider: Provider, personality: Personality) -> Scored | Mismatch:
    """The score with its parts, or the first key that failed."""
    verdict = _compare(provider, personality.table)
    if isinstance(verdict, Mismatch):
        return verdict
    parent = personality.table.get(PARENT)
    if parent is not None and (failed := _match_above(provider, parent)) is not None:
        return failed
    probe = _family(provider).probe_points(personality.probe_score)
    return Scored((*verdict.parts, ("IOProbeScore", probe))) if probe else verdict


def _family(provider: Provider) -> _Family:
    return next((family for family in _FAMILIES if family.governs(provider)), _NO_FAMILY)


def _compare(provider: Provider, table: Properties) -> Scored | Mismatch:
    """Everything but IOParentMatch and IOProbeScore."""
    failed = passive.match_service(provider, table)
    return _family(provider).rule(provider, table) if failed is None else failed


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
