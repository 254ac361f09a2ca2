"""What a request shows, in the order in which it matters.

Who asks; who made it; what it may do, risky first; what it would touch; how often it came;
its number. Missing facts say "unknown".
Invariant: pure functions of records; every text is safe and bounded.
"""

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.approvals import words
from ioregui.policy.words import ruling_fact
from ioregui.records import localized, moments
from ioregui.records.column import Tone
from ioregui.records.entitlements import entitlement_facts
from ioregui.records.facts import Fact, FactGroup
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.records import DECIDED, DeviceHit, Extension, Request, RequestState

translate = QCoreApplication.translate

SHORT_HASH = 12
"""Digits of a content hash that are shown; ids contain the same."""

_DEVICES = 20  # devices listed; the rest is counted


def approved_version(request: Request, extensions: Mapping[str, Extension]) -> Extension | None:
    """Return the active extension that this request would replace, if there is one."""
    for extension in extensions.values():
        if (
            extension.bundle_id == request.bundle_id
            and extension.content_hash != request.content_hash
            and extension.state is ExtensionState.ACTIVE
        ):
            return extension
    return None


def request_facts(
    request: Request, approved: Extension | None, others: Iterable[Request], keys: bool
) -> tuple[FactGroup, ...]:
    """Return the groups of a request.

    Args:
        request: What is shown.
        approved: The active version that it would replace.
        others: Every request that the runtime knows; earlier decisions are found in them.
        keys: Whether entitlements show their keys and values too.
    """
    if request.removes:
        return (_who(request), _publisher(request), _gives_back(request), _history(request, others))
    if request.takes:
        return (
            _touches(request, approved),
            _who(request),
            _publisher(request),
            _history(request, others),
        )
    return (
        _who(request),
        _publisher(request),
        entitlement_facts(request.entitlements, approved, keys),
        _touches(request, approved),
        _history(request, others),
    )


def _who(request: Request) -> FactGroup:
    asked = request.requester
    user = plaintext.plain(asked.user) or _unknown()
    process = translate("approvals", "{pid}, of {user} (uid {uid})").format(
        pid=asked.pid or _unknown(), user=user, uid=asked.uid
    )
    usage = plaintext.plain(localized.usage(request), plaintext.SENTENCE)
    return FactGroup(
        translate("approvals", "Who asks"),
        (
            Fact(translate("approvals", "App"), words.app(request)),
            Fact(translate("approvals", "Version"), _version(request)),
            Fact(translate("approvals", "In its words"), f"“{usage}”" if usage else _unknown()),
            Fact(translate("approvals", "App's path"), _path(asked.app_path), exact=True),
            Fact(translate("approvals", "Program"), _path(asked.program), exact=True),
            Fact(translate("approvals", "Process"), process),
        ),
    )


def _version(request: Request) -> str:
    """The version that is asked for, and which it would replace."""
    short, build = plaintext.plain(request.short_version, 40), plaintext.plain(request.version, 40)
    if request.state is RequestState.WAITING and request.reason:
        replaced = plaintext.plain(request.reason, plaintext.SENTENCE)
        return f"{short} ({build}), {replaced}"
    return f"{short} ({build})"


def _publisher(request: Request) -> FactGroup:
    signature = plaintext.plain(request.signature) or _unknown()
    facts = [
        Fact(
            translate("approvals", "Signature"),
            signature,
            Tone.BAD if request.needs_developer else Tone.PLAIN,
        )
    ]
    if request.needs_developer and request.activates:
        facts.append(
            Fact(
                "", translate("approvals", "Nobody vouches for it: it runs only in developer mode.")
            )
        )
    facts += ruling_fact(request.ruling)
    facts.append(
        Fact(translate("approvals", "Content hash"), request.content_hash[:SHORT_HASH], exact=True)
    )
    return FactGroup(translate("approvals", "Who made it"), tuple(facts))


def _touches(request: Request, approved: Extension | None) -> FactGroup:
    """The devices that it matched when it asked, against those that the approved version did."""
    devices, before = request.devices, {hit.entry for hit in request.devices_before}
    facts: list[Fact] = []
    for hit in devices[:_DEVICES]:
        known = None if approved is None else hit.entry in before
        facts.append(_touch(hit, known))
        if hit.warning:
            text = translate("approvals", "Careful: {0}.").format(plaintext.plain(hit.warning))
            facts.append(Fact("", text, Tone.WARNING))
        facts.append(Fact("", _path(hit.path), Tone.QUIET))
    if len(devices) > _DEVICES:
        more = translate("approvals", "and {0} more").format(len(devices) - _DEVICES)
        facts.append(Fact("", more))
    kept = {hit.entry for hit in devices}
    no_more = translate("approvals", "no more: the approved version drives it")
    facts += [
        Fact(plaintext.plain(hit.title), no_more, Tone.WARNING)
        for hit in request.devices_before
        if hit.entry not in kept
    ]
    if not facts:
        facts.append(Fact("", _no_device()))
    if request.activates:
        later = translate("approvals", "Devices that match later it drives, too.")
        facts.append(Fact("", later, Tone.QUIET))
    return FactGroup(translate("approvals", "What it would touch"), tuple(facts))


def _gives_back(request: Request) -> FactGroup:
    """The devices that the extension matched when it was asked, which it would have no more."""
    facts = [
        Fact(plaintext.plain(hit.title), plaintext.plain(hit.path, plaintext.SENTENCE), exact=True)
        for hit in request.devices[:_DEVICES]
    ]
    if not facts:
        facts = [Fact("", _no_device())]
    return FactGroup(translate("approvals", "What it would give back"), tuple(facts))


def _no_device() -> str:
    return translate("approvals", "No device that was there when it asked.")


def _touch(hit: DeviceHit, known: bool | None) -> Fact:
    """One device; `known` says whether the approved version has it, None without one."""
    title = plaintext.plain(hit.title)
    if known:
        return Fact(title, translate("approvals", "as the approved version"))
    if hit.displaces:
        text = translate("approvals", "replaces {0}").format(plaintext.plain(hit.displaces))
    else:
        text = translate("approvals", "has no driver now")
    if known is not None:
        text = translate("approvals", "new: {0}").format(text)
    warns = bool(hit.displaces) or known is not None
    return Fact(title, text, Tone.WARNING if warns else Tone.PLAIN)


def _history(request: Request, others: Iterable[Request]) -> FactGroup:
    facts = [
        Fact(
            translate("approvals", "First seen"),
            moments.date_and_clock(request.first_wall_ns) or _unknown(),
        ),
        Fact(translate("approvals", "Asked"), _times(request.count)),
    ]
    earlier = [
        words.outcome(one)
        for one in others
        if one.bundle_id == request.bundle_id and one.id != request.id and one.state in DECIDED
    ]
    label = translate("approvals", "Earlier")
    for text in earlier[-3:] or [translate("approvals", "never decided before")]:
        facts.append(Fact(label, text))
        label = ""
    facts.append(Fact(translate("approvals", "Request"), plaintext.plain(request.id), exact=True))
    return FactGroup(translate("approvals", "The request"), tuple(facts))


def _times(count: int) -> str:
    if count == 1:
        return translate("approvals", "once")
    return translate("approvals", "{0} times").format(count)


def _path(path: str) -> str:
    return plaintext.plain(path, plaintext.SENTENCE) or _unknown()


def _unknown() -> str:
    return translate("approvals", "unknown")
