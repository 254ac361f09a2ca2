"""Whether the records of a store agree with each other, and what is made of those that do not.

Nothing is deleted: a record that cannot stand gets a state in which it harms nobody, and says why.
Source: Apple's sysextd stops at such a store ("found 2 extensions in active state").
Invariant: pure; after it no extension is in force that nobody approved, and of a bundle one is.
"""

import msgspec

from runtime.extensions.contents import Changes, Contents, KnownExtension
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.records import RequestState
from runtime.model.sx_code import SxCode

_S = ExtensionState
_IN_FORCE = frozenset({_S.ACTIVE, _S.DISABLED, _S.UPGRADING, _S.GIVING_WAY})
_REPAIRED = "the store did not agree with itself"


def repairs(contents: Contents) -> tuple[Changes, list[str]]:
    """What has to change so that the records agree, and a sentence for each change."""
    changes, said = Changes(), list[str]()
    for known in contents.extensions.values():
        if reason := _fault(known, contents):
            record = msgspec.structs.replace(known.record, state=_S.INVALID, note=reason)
            changes.extensions[record.id] = KnownExtension(record, known.manifest)
            said.append(f"{record.name} ({record.id}) is invalid: {reason}; ask for it again")
    after = {**contents.extensions, **changes.extensions}
    for request in contents.requests.values():
        asked = after.get(request.extension)
        waits = asked is not None and asked.record.state is not _S.INVALID
        if request.state is RequestState.WAITING and not waits:
            changes.requests[request.id] = msgspec.structs.replace(
                request,
                state=RequestState.FAILED,
                error=int(SxCode.UNKNOWN),
                reason=f"{_REPAIRED}: its extension is not there",
            )
            said.append(f"request {request.id} failed: its extension is not in the store")
    return changes, said


def _fault(known: KnownExtension, contents: Contents) -> str:
    """Why an extension cannot stand as it is; empty if it can."""
    record = known.record
    if record.state is _S.WAITING:
        asked = any(
            request.extension == record.id and request.state is RequestState.WAITING
            for request in contents.requests.values()
        )
        return "" if asked else f"{_REPAIRED}: it waits, and no request for it does"
    if record.state not in _IN_FORCE:
        return ""
    if not _is_approved(known, contents):
        return f"{_REPAIRED}: it is in force, and nobody approved it"
    return "" if _has_its_place(known, contents) else f"{_REPAIRED}: two versions are in force"


def _is_approved(known: KnownExtension, contents: Contents) -> bool:
    record = known.record
    if record.ruling is not None and record.ruling.allowed:
        return True
    content = (record.bundle_id, record.content_hash)
    return any(key[:2] == content and each.approved for key, each in contents.decisions.items())


def _has_its_place(known: KnownExtension, contents: Contents) -> bool:
    """One version is in force; in an upgrade one takes over and one gives way."""
    states = {
        other.record.id: other.record.state
        for other in contents.extensions.values()
        if other.record.bundle_id == known.record.bundle_id and other.record.state in _IN_FORCE
    }
    upgrade = sorted(states.values()) == sorted([_S.UPGRADING, _S.GIVING_WAY])
    return upgrade or list(states)[-1] == known.record.id
