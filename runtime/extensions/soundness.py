"""Whether the records of a store agree with each other, and what is made of those that do not.

Nothing is deleted: a record that cannot stand gets a state in which it harms nobody, and says why.
Source: Apple's sysextd stops at such a store ("found 2 extensions in active state").
Invariant: pure; after it no extension is in force that nobody approved, and of a bundle one is.
"""

from collections import defaultdict

import msgspec

from runtime.extensions.contents import Changes, Contents, KnownExtension
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import BundleId
from runtime.model.records import RequestState
from runtime.model.sx_code import SxCode

_S = ExtensionState
_IN_FORCE = frozenset({_S.ACTIVE, _S.DISABLED, _S.UPGRADING, _S.GIVING_WAY})
_REPAIRED = "the store did not agree with itself"


def repairs(contents: Contents) -> tuple[Changes, list[str]]:
    """What has to change so that the records agree, and a sentence for each change."""
    changes, said = Changes(), list[str]()
    judge = _Judge(contents)
    for known in contents.extensions.values():
        if reason := judge.fault(known):
            record = msgspec.structs.replace(known.record, state=_S.INVALID, note=reason)
            changes.extensions[record.id] = KnownExtension(record, known.manifest)
            said.append(f"{record.name} ({record.id}) is invalid: {reason}; ask for it again")
    bundles = {known.record.bundle_id for known in contents.extensions.values()}
    for request in contents.requests.values():
        lost = request.extension not in contents.extensions
        if request.removes:
            lost = request.bundle_id not in bundles
        broken = request.extension in changes.extensions and not request.removes
        if request.state is RequestState.WAITING and (lost or broken):
            changes.requests[request.id] = msgspec.structs.replace(
                request,
                state=RequestState.FAILED,
                error=int(SxCode.UNKNOWN),
                reason=f"{_REPAIRED}: its extension is not there",
            )
            said.append(f"request {request.id} failed: its extension is not in the store")
    return changes, said


class _Judge:
    """What the records say together, gathered once."""

    def __init__(self, contents: Contents) -> None:
        self._asked = {
            request.extension
            for request in contents.requests.values()
            if request.state is RequestState.WAITING and request.activates
        }
        self._approved = {key[:2] for key, each in contents.decisions.items() if each.approved}
        self._in_force: defaultdict[BundleId, dict[str, ExtensionState]] = defaultdict(dict)
        for known in contents.extensions.values():
            if known.record.state in _IN_FORCE:
                self._in_force[known.record.bundle_id][known.record.id] = known.record.state

    def fault(self, known: KnownExtension) -> str:
        """Why an extension cannot stand as it is; empty if it can."""
        record = known.record
        if record.state is _S.WAITING and record.id not in self._asked:
            return f"{_REPAIRED}: it waits, and no request for it does"
        if record.state not in _IN_FORCE:
            return ""
        allowed = record.ruling is not None and record.ruling.allowed
        if not allowed and (record.bundle_id, record.content_hash) not in self._approved:
            return f"{_REPAIRED}: it is in force, and nobody approved it"
        return "" if self._has_its_place(known) else f"{_REPAIRED}: two versions are in force"

    def _has_its_place(self, known: KnownExtension) -> bool:
        """One version is in force; in an upgrade one takes over and one gives way."""
        states = self._in_force[known.record.bundle_id]
        if len(states) == 1:
            return True
        upgrade = sorted(states.values()) == sorted([_S.UPGRADING, _S.GIVING_WAY])
        return upgrade or list(states)[-1] == known.record.id
