"""Profiles and rulings in words, and as facts.

Invariant: pure; every text that came from outside was made safe here.
"""

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.records import moments
from ioregui.records.column import Tone
from ioregui.records.facts import Fact, FactGroup
from runtime.model.audit import AuditEntry, Deed
from runtime.model.policy import Profile, Rule, Ruling, rules
from runtime.model.records import Extension

translate = QCoreApplication.translate


def name(profile: Profile) -> str:
    """Return the profile's name."""
    return plaintext.plain(profile.name) or plaintext.plain(profile.identifier)


def identifier(profile: Profile) -> str:
    """Return what tells it from others."""
    return plaintext.plain(profile.identifier)


def file(profile: Profile) -> str:
    """Return the name of its file."""
    return plaintext.plain(profile.file)


def organization(profile: Profile) -> str:
    """Return whose profile it is."""
    return plaintext.plain(profile.organization) or translate("policy", "unknown")


def signer(profile: Profile) -> str:
    """Return who signed it, and whether that is trusted."""
    return plaintext.plain(profile.signed_by) or translate("policy", "nobody")


def added(profile: Profile) -> str:
    """Return when it was added, and by whom."""
    when = moments.date_and_clock(profile.wall_ns)
    return translate("policy", "{0}, by {1}").format(when, plaintext.plain(profile.by))


def others(profile: Profile) -> str:
    """Return what users may do about what the profile does not name."""
    if profile.user_overrides:
        return translate("policy", "users decide")
    return translate("policy", "forbidden")


def others_tone(profile: Profile) -> Tone:
    """Return how much that wants to be noticed."""
    return Tone.PLAIN if profile.user_overrides else Tone.WARNING


def ruling(ruling: Ruling) -> str:
    """Return which profile, file and key decided."""
    return translate("policy", "profile {0} ({1}): {2}").format(
        *(plaintext.plain(text) for text in (ruling.name, ruling.file, ruling.key))
    )


def ruling_fact(found: Ruling | None) -> tuple[Fact, ...]:
    """Return who decides about an extension or a request, where a profile does."""
    if found is None:
        return ()
    label = translate("policy", "Allowed by") if found.allowed else translate("policy", "Forbidden")
    return (Fact(label, ruling(found), Tone.GOOD if found.allowed else Tone.BAD),)


def profile_facts(profile: Profile, extensions: tuple[Extension, ...]) -> tuple[FactGroup, ...]:
    """Return everything about a profile; `extensions` are all that are known."""
    said = tuple(_rule(rule) for rule in rules(profile))
    nothing = (Fact("", translate("policy", "Nothing: users decide about all extensions.")),)
    return (
        FactGroup(translate("policy", "What it says"), said or nothing),
        FactGroup(
            translate("policy", "What it decided here"),
            tuple(_decided(one) for one in extensions if _by(one, profile))
            or (Fact("", translate("policy", "No extension that is known.")),),
        ),
        FactGroup(
            translate("policy", "Profile"),
            (
                Fact(
                    translate("policy", "Identifier"),
                    plaintext.plain(profile.identifier),
                    exact=True,
                ),
                Fact(translate("policy", "Organization"), organization(profile)),
                Fact(translate("policy", "Signed by"), signer(profile)),
                Fact(translate("policy", "File"), file(profile), exact=True),
                Fact(translate("policy", "Added"), added(profile)),
            ),
        ),
    )


def question(profile: Profile, extensions: tuple[Extension, ...]) -> str:
    """Return what removing a profile means, as a question."""
    count = sum(_by(one, profile) for one in extensions)
    if not count:
        return translate("policy", "Remove the profile {0}?").format(name(profile))
    return translate(
        "policy",
        "Remove the profile {0}? It decides about {1} extensions: what only it allows is removed, "
        "and what it forbids runs again where somebody approved it.",
    ).format(name(profile), count)


def deed(entry: AuditEntry) -> str:
    """Return what was done."""
    return translate("audit", entry.deed.value)


def deed_tone(entry: AuditEntry) -> Tone:
    """Return how much an entry wants to be noticed."""
    if entry.deed is Deed.APPROVED:
        return Tone.GOOD
    return Tone.QUIET if entry.deed in {Deed.SHOWN, Deed.REQUESTED} else Tone.PLAIN


def _rule(rule: Rule) -> Fact:
    what = {
        "AllowUserOverrides": translate(
            "policy", "Users may approve nothing that no profile allows."
        ),
        "AllowedTeamIdentifiers": translate("policy", "All extensions of team {0} may run."),
        "AllowedSystemExtensionTypes": translate(
            "policy", "Of team {0} only these kinds may run: {1}"
        ),
        "AllowedSystemExtensions": translate("policy", "Of team {0} these may run: {1}"),
        "RemovableSystemExtensions": translate(
            "policy", "Of team {0} who asked for them may remove: {1}"
        ),
        "NonRemovableSystemExtensions": translate("policy", "Of team {0} nobody may remove: {1}"),
        "NonRemovableFromUISystemExtensions": translate(
            "policy", "Of team {0} this window may not remove: {1}"
        ),
    }[rule.key]
    listed = plaintext.plain(", ".join(rule.listed), plaintext.SENTENCE)
    return Fact(rule.key, what.format(plaintext.plain(rule.team), listed))


def _by(extension: Extension, profile: Profile) -> bool:
    return extension.ruling is not None and extension.ruling.profile == profile.identifier


def _decided(extension: Extension) -> Fact:
    assert extension.ruling is not None
    key = plaintext.plain(extension.ruling.key)
    if extension.ruling.allowed:
        text = translate("policy", "allowed ({0})").format(key)
    else:
        text = translate("policy", "forbidden ({0})").format(key)
    tone = Tone.GOOD if extension.ruling.allowed else Tone.BAD
    return Fact(plaintext.plain(extension.name, 40), text, tone)
