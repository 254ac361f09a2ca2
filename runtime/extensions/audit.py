"""What the audit says of a change: an entry for each thing that somebody asked for or decided.

Invariant: pure; an entry is part of the transaction whose deed it tells.
"""

import msgspec

from runtime.extensions.contents import Changes
from runtime.model import events
from runtime.model.audit import AuditEntry, Deed
from runtime.model.identity import RequestId
from runtime.model.records import RequestState

_ANSWERS = {
    RequestState.COMPLETED.value: Deed.APPROVED,
    RequestState.DENIED.value: Deed.DENIED,
}


def entries(changes: Changes, details: list[events.Detail], wall_ns: int) -> list[AuditEntry]:
    """The entries of a change, in the order of what is told of it."""
    made: list[AuditEntry] = []
    for detail in details:
        match detail:
            case events.Requested(request=request, name=name, app=app):
                asker, what = _asker(changes, request, app), _asked_for(detail)
                made.append(AuditEntry(Deed.REQUESTED, request, name, asker, what))
            case events.Decided(request=request, name=name, answer=answer, by=by):
                deed = _ANSWERS.get(answer, Deed.ENDED)
                made.append(AuditEntry(deed, request, name, by, _outcome(changes, detail)))
            case events.Deactivated(extension=extension, name=name, by=by):
                made.append(AuditEntry(Deed.REMOVED, extension, name, by))
            case events.Undone(request=request, name=name, was=was, by=by):
                made.append(AuditEntry(Deed.UNDONE, request, name, by, f"it was {was}"))
            case events.Revoked(extension=extension, name=name, by=by):
                known = changes.extensions.get(extension)
                note = known.record.note if known is not None else ""
                made.append(AuditEntry(Deed.REVOKED, extension, name, by, note))
            case events.DeveloperMode(on=on, by=by):
                made.append(AuditEntry(Deed.DEVELOPER, "", "", by, "on" if on else "off"))
            case events.ProfileChanged(identifier=identifier, name=name, added=added, by=by):
                result = "added" if added else "removed"
                made.append(AuditEntry(Deed.PROFILE, identifier, name, by, result))
    return [msgspec.structs.replace(entry, wall_ns=wall_ns) for entry in made]


def _asked_for(asked: events.Requested) -> str:
    if asked.takes:
        return f"to take {asked.takes}"
    return "to be removed" if asked.removes else ""


def _asker(changes: Changes, request_id: RequestId, app: str) -> str:
    asked = changes.requests.get(request_id)
    if asked is None:
        return app
    requester = asked.requester
    return f"{app} (user {requester.user or requester.uid}, pid {requester.pid})"


def _outcome(changes: Changes, detail: events.Decided) -> str:
    """The answer's state, its reason, and the note that was left with it."""
    request = changes.requests.get(detail.request)
    if request is None:
        return detail.answer
    notes = [
        decision.note
        for key, decision in (*changes.decisions.items(), *changes.takeovers.items())
        if decision is not None and key[:2] == (request.bundle_id, request.content_hash)
    ]
    said = dict.fromkeys(part for part in (detail.answer, request.reason, *notes) if part)
    return ": ".join(said)
