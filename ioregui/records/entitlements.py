"""What an extension may do, in words: risky first, keys on demand.

Invariant: pure; compares by key and value, never by words.
"""

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.records.column import Tone
from ioregui.records.facts import Fact, FactGroup
from runtime.model.records import Entitlement, Extension

translate = QCoreApplication.translate


def entitlement_facts(
    entitlements: tuple[Entitlement, ...], approved: Extension | None, keys: bool
) -> FactGroup:
    """Return what an extension may do, risky first, against what is approved already."""
    before = {(one.key, one.value) for one in approved.entitlements} if approved else None
    facts: list[Fact] = []
    for one in sorted(entitlements, key=_safe_last):
        new = before is not None and (one.key, one.value) not in before
        facts.append(_entitlement(one, new))
        if keys:
            text = f"{plaintext.plain(one.key)} = {plaintext.plain(one.value)}"
            facts.append(Fact("", text, Tone.QUIET, exact=True))
    if approved is not None:
        kept = {(one.key, one.value) for one in entitlements}
        gone = [one for one in approved.entitlements if (one.key, one.value) not in kept]
        facts += [
            Fact(translate("entitlements", "No more"), _words(one), Tone.QUIET) for one in gone
        ]
    if not facts:
        facts.append(Fact("", translate("entitlements", "It asks for no entitlements.")))
    return FactGroup(translate("entitlements", "What it may do"), tuple(facts))


def _entitlement(one: Entitlement, new: bool) -> Fact:
    label = ""
    if one.risky:
        label = translate("entitlements", "Risky")
    if new:
        label = (
            translate("entitlements", "New, risky")
            if one.risky
            else translate("entitlements", "New")
        )
    return Fact(label, _words(one), Tone.WARNING if one.risky else Tone.PLAIN)


def _words(one: Entitlement) -> str:
    return plaintext.plain(one.words, plaintext.SENTENCE) or plaintext.plain(one.key)


def _safe_last(one: Entitlement) -> bool:
    return not one.risky
