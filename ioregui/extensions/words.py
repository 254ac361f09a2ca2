"""An extension in words, and as facts.

Invariant: pure; every text that came from outside was made safe here.
"""

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.approvals import words as requests
from ioregui.policy.words import ruling, ruling_fact
from ioregui.records import localized, moments
from ioregui.records.column import Tone
from ioregui.records.entitlements import entitlement_facts
from ioregui.records.facts import Fact, FactGroup
from runtime.model.driver_lifecycle import LIVE
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.records import Driver, Extension, Request, RequestState

translate = QCoreApplication.translate

_TONES = {
    ExtensionState.WAITING: Tone.WAITING,
    ExtensionState.ACTIVE: Tone.GOOD,
    ExtensionState.DISABLED: Tone.WARNING,
    ExtensionState.UPGRADING: Tone.WAITING,
    ExtensionState.GIVING_WAY: Tone.QUIET,
    ExtensionState.DENIED: Tone.QUIET,
    ExtensionState.REVOKED: Tone.QUIET,
    ExtensionState.INVALID: Tone.BAD,
    ExtensionState.REMOVED: Tone.QUIET,
}


@dataclass(frozen=True, slots=True)
class Row:
    """An extension with the drivers that run from it."""

    extension: Extension
    drivers: tuple[Driver, ...]
    requests: tuple[Request, ...] = ()

    @property
    def live(self) -> int:
        """How many of the drivers have a process."""
        return sum(driver.state in LIVE for driver in self.drivers)

    @property
    def waiting(self) -> Request | None:
        """The request for it that waits for a decision."""
        waiting = (one for one in self.requests if one.state is RequestState.WAITING)
        return next(waiting, None)


def name(row: Row) -> str:
    """Return the extension's name; its identifier where it has none."""
    one = row.extension
    return plaintext.plain(localized.name(one)) or plaintext.plain(one.bundle_id)


def version(row: Row) -> str:
    """Return the version for people, with the build in parentheses."""
    one = row.extension
    short, build = plaintext.plain(one.short_version, 40), plaintext.plain(one.version, 40)
    return f"{short} ({build})" if short and build else short or build


def team(row: Row) -> str:
    """Return the team that signed it; empty where nobody did."""
    return plaintext.plain(row.extension.team_id)


def kind(row: Row) -> str:
    """Return what kind of system extension it is."""
    kinds = {
        "driver_extension": translate("extensions", "driver"),
        "network_extension": translate("extensions", "network"),
        "endpoint_security": translate("extensions", "endpoint security"),
    }
    name = row.extension.category.rpartition(".")[2]
    return kinds.get(name) or plaintext.plain(name)


def state_word(row: Row) -> str:
    """Return the state's word."""
    return translate("extension state", row.extension.state.value)


def state_tone(row: Row) -> Tone:
    """Return how much an extension wants to be noticed."""
    return _TONES[row.extension.state]


def why_not_deactivate(row: Row | None) -> str:
    """Return why an extension cannot be deactivated; empty when it can."""
    if row is None:
        return translate("extensions", "Select an extension first.")
    if row.extension.state is ExtensionState.REMOVED:
        return translate("extensions", "It is removed already.")
    if row.extension.kept is not None:
        return translate("extensions", "It may not be removed here: {0}.").format(
            ruling(row.extension.kept)
        )
    return ""


_APPROVED = frozenset(
    {
        ExtensionState.ACTIVE,
        ExtensionState.DISABLED,
        ExtensionState.UPGRADING,
        ExtensionState.GIVING_WAY,
    }
)


def why_not_revoke(row: Row | None) -> str:
    """Return why the approval of an extension cannot be revoked; empty when it can."""
    if row is None:
        return translate("extensions", "Select an extension first.")
    if row.extension.state not in _APPROVED:
        return translate("extensions", "It is not approved.")
    decides = row.extension.kept or row.extension.ruling
    if decides is not None:
        return translate("extensions", "A profile decides: {0}.").format(ruling(decides))
    return ""


def revoking(row: Row) -> str:
    """Return what revoking means, as a question."""
    if not row.live:
        return translate(
            "extensions",
            "Revoke the approval of {0}? It stays listed, and its app has to ask again.",
        ).format(name(row))
    return translate(
        "extensions",
        "Revoke the approval of {0}? Its running drivers ({1}) are stopped, and their devices go "
        "back to the kernel's. It stays listed, and its app has to ask again.",
    ).format(name(row), row.live)


def question(row: Row) -> str:
    """Return what deactivating means, as a question."""
    if not row.live:
        return translate(
            "extensions", "Deactivate {0}? It does not run again until it is approved anew."
        ).format(name(row))
    return translate(
        "extensions",
        "Deactivate {0}? Its running drivers ({1}) are stopped, and their devices go back to the "
        "kernel's.",
    ).format(name(row), row.live)


def extension_facts(row: Row, keys: bool) -> tuple[FactGroup, ...]:
    """Return everything about an extension; `keys` shows entitlements' keys too."""
    return (
        _extension(row),
        _publisher(row.extension),
        entitlement_facts(row.extension.entitlements, None, keys),
        _drivers(row),
        _history(row),
    )


def _extension(row: Row) -> FactGroup:
    one = row.extension
    state = state_word(row)
    if one.note:
        state = f"{state}: {_sentence(one.note)}"
    return FactGroup(
        translate("extensions", "Extension"),
        (
            Fact(translate("extensions", "State"), state, state_tone(row)),
            *ruling_fact(one.ruling),
            *_kept(one),
            Fact(translate("extensions", "Identifier"), plaintext.plain(one.bundle_id), exact=True),
            Fact(translate("extensions", "Version"), version(row) or _unknown()),
            Fact(
                translate("extensions", "Built for"),
                plaintext.plain(one.built_for) or translate("extensions", "it does not say"),
            ),
            Fact(translate("extensions", "App"), plaintext.plain(one.app) or _unknown()),
            Fact(
                translate("extensions", "App's path"),
                _sentence(one.app_path) or _unknown(),
                exact=True,
            ),
            Fact(
                translate("extensions", "In its words"),
                _sentence(localized.usage(one)) or _unknown(),
            ),
        ),
    )


def _kept(one: Extension) -> tuple[Fact, ...]:
    if one.kept is None:
        return ()
    return (Fact(translate("extensions", "Kept by"), ruling(one.kept)),)


def _publisher(one: Extension) -> FactGroup:
    return FactGroup(
        translate("extensions", "Who made it"),
        (
            Fact(
                translate("extensions", "Signature"), plaintext.plain(one.signature) or _unknown()
            ),
            Fact(
                translate("extensions", "Team"),
                plaintext.plain(one.team_id) or translate("extensions", "none: nobody signed it"),
            ),
            Fact(
                translate("extensions", "Content hash"),
                plaintext.plain(one.content_hash),
                exact=True,
            ),
        ),
    )


def _drivers(row: Row) -> FactGroup:
    facts = tuple(
        Fact(
            plaintext.plain(driver.name, 40),
            _where(driver),
        )
        for driver in row.drivers
    )
    none = (
        Fact(
            "", translate("extensions", "None: no matching device is present, or it may not run.")
        ),
    )
    return FactGroup(translate("extensions", "Its drivers"), facts or none)


def _history(row: Row) -> FactGroup:
    """What became of every request for it, the newest last."""
    facts = tuple(
        Fact(moments.date_and_clock(one.first_wall_ns), _request(one)) for one in row.requests
    )
    none = (Fact("", translate("extensions", "No request for it is remembered.")),)
    return FactGroup(translate("extensions", "Its requests"), facts or none)


def _request(request: Request) -> str:
    became = requests.outcome(request) or requests.state_word(request)
    who = plaintext.plain(request.requester.user) or _unknown()
    return translate("extensions", "{0} asked. {1}").format(who, became)


def _where(driver: Driver) -> str:
    parts = [translate("driver state", driver.state.value)]
    if driver.pid:
        parts.append(translate("extensions", "process {0}").format(driver.pid))
    return ", ".join((*parts, plaintext.plain(driver.provider_path)))


def _sentence(text: str) -> str:
    return plaintext.plain(text, plaintext.SENTENCE)


def _unknown() -> str:
    return translate("extensions", "unknown")
