"""A request in words: its state, its headline, what became of it.

Invariant: pure; every text that came from outside was made safe here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.records import localized, moments
from ioregui.records.column import Tone
from runtime.model.records import DECIDED, Extension, Mode, Request, RequestState, Status

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True)
class Answers:
    """What the approving button says, what denying means, and what holds until then."""

    approve: str
    deny: str
    until: str


_TONES = {
    RequestState.WAITING: Tone.WAITING,
    RequestState.COMPLETED: Tone.GOOD,
    RequestState.DENIED: Tone.QUIET,
    RequestState.SUPERSEDED: Tone.QUIET,
    RequestState.CANCELED: Tone.QUIET,
    RequestState.FAILED: Tone.BAD,
    RequestState.REVOKED: Tone.QUIET,
}


_REMOVAL = {
    RequestState.WAITING: "removal waits for approval",
    RequestState.COMPLETED: "removed",
    RequestState.DENIED: "removal denied",
}
"""Words for requests that ask for a removal, where those of an activation would mislead."""
_DEVICE = {
    RequestState.WAITING: "asks for a device",
    RequestState.COMPLETED: "device approved",
    RequestState.DENIED: "device denied",
}
"""Words for requests that ask for a device."""


def state_word(request: Request) -> str:
    """Return the state's word."""
    if request.removes and request.state in _REMOVAL:
        return translate("request state", _REMOVAL[request.state])
    if request.takes and request.state in _DEVICE:
        return translate("request state", _DEVICE[request.state])
    return translate("request state", request.state.value)


def state_tone(request: Request) -> Tone:
    """Return how much a request wants to be noticed."""
    return _TONES[request.state]


def name(request: Request) -> str:
    """Return what is asked for; its identifier where it has no name."""
    return plaintext.plain(localized.name(request)) or plaintext.plain(request.bundle_id)


def app(request: Request) -> str:
    """Return who asks."""
    return plaintext.plain(request.requester.app) or translate("approvals", "An unknown program")


def headline(request: Request) -> str:
    """Return the sentence that says what is asked."""
    text = translate(
        "approvals", "{app} wants to install the driver “{name}” ({bundle} {version})."
    )
    if request.removes:
        text = translate(
            "approvals", "{app} wants to remove the driver “{name}” ({bundle} {version})."
        )
    if request.takes:
        text = translate(
            "approvals",
            "The driver “{name}” ({bundle} {version}) of {app} wants to take {device}, "
            "which this machine would miss.",
        )
    return text.format(
        app=app(request),
        device=", ".join(plaintext.plain(hit.title) for hit in request.devices),
        name=name(request),
        bundle=plaintext.plain(request.bundle_id),
        version=plaintext.plain(request.short_version or request.version, 40),
    )


def outcome(request: Request) -> str:
    """Return what became of a request that waits no more; empty while it waits."""
    if request.state is RequestState.WAITING:
        return ""
    text = translate("approvals", "No longer pending: {0}").format(_what(request))
    if request.reason:
        return f"{text} {plaintext.plain(request.reason, plaintext.SENTENCE)}"
    return text


def undoable(
    request: Request, others: Iterable[Request], extensions: Mapping[str, Extension]
) -> bool:
    """Return whether the decision on a request can be undone.

    That is so for the newest request of its user for an extension that is still known, where
    users decide; the runtime looks again.
    """
    rivals = [one.id for one in others if one.outdates(request)]
    known = extensions.get(request.extension)
    return (
        request.state in DECIDED
        and rivals[-1:] == [request.id]
        and known is not None
        and known.ruling is None
    )


def answers(request: Request) -> Answers:
    """Return what its buttons say."""
    if request.removes:
        return Answers(
            translate("approvals", "Approve removal"),
            translate("approvals", "It stays. Its app can ask again later."),
            translate("approvals", "It stays as it is until you approve its removal."),
        )
    if request.takes:
        return Answers(
            translate("approvals", "Approve device"),
            translate("approvals", "It does without this device. You can undo that here."),
            translate("approvals", "The device stays as it is until you approve."),
        )
    return Answers(
        translate("approvals", "Approve driver"),
        translate("approvals", "It does not run. Its app can ask again later."),
        translate("approvals", "Nothing runs until you approve."),
    )


def who_may(status: Status | None) -> str:
    """Return who may decide when this window may not; empty when it may."""
    if status is None:
        return translate("approvals", "No runtime is connected, so nothing can be decided now.")
    if status.may_approve:
        return ""
    if status.mode is Mode.SYSTEM:
        return translate(
            "approvals",
            "This window may look but not decide: an administrator in an active, local session "
            "can, and root.",
        )
    return translate(
        "approvals",
        "This window may look but not decide: {0} can, in the window that started the runtime.",
    ).format(plaintext.plain(status.user))


def _what(request: Request) -> str:
    by = plaintext.plain(request.decided_by) or translate("approvals", "the runtime")
    when = moments.date_and_clock(request.decided_wall_ns)
    if request.state is RequestState.COMPLETED and request.removes:
        text = translate("approvals", "removed, as approved by {0}").format(by)
    elif request.state is RequestState.COMPLETED and request.takes:
        text = translate("approvals", "device approved by {0}").format(by)
    elif request.state is RequestState.COMPLETED:
        text = translate("approvals", "approved by {0}").format(by)
    elif request.state is RequestState.REVOKED:
        text = translate("approvals", "its approval was revoked by {0}").format(by)
    elif request.state is RequestState.DENIED:
        text = translate("approvals", "denied by {0}").format(by)
    else:
        text = state_word(request)
    return f"{text}, {when}." if when else f"{text}."
