"""Taking back what was decided: a decision is undone, or an approval revoked.

Undoing puts the request back into the inbox, whatever the answer was; what only that answer let
run is stopped. Revoking takes every approval of an extension away: it stays known, and its app has
to ask again.
Invariant: nothing here lets anything run that did not run before, but a version that had given way.
"""

from collections.abc import Callable, Iterable

import msgspec

from runtime.extensions.admission import known_request
from runtime.extensions.contents import KnownExtension, StoredDecision
from runtime.extensions.drafts import advanced
from runtime.extensions.ledger import IN_FORCE, Ledger, decision_key
from runtime.extensions.removal import check_removable
from runtime.extensions.takeovers import take_back
from runtime.extensions.transaction import Transaction
from runtime.extensions.upgrades import Upgrades, restore
from runtime.model.errors import ProblemError
from runtime.model.events import Revoked, Undone
from runtime.model.extension_lifecycle import TRANSITIONS, ExtensionEvent, ExtensionState
from runtime.model.identity import BundleId, RequestId
from runtime.model.policy import ruling_words
from runtime.model.records import DECIDED, Extension, Request, RequestState
from runtime.model.sx_code import SxCode

_OUT = (ExtensionState.DENIED, ExtensionState.REVOKED)


class Retractions:
    """Undoes and revokes in one ledger; `now` in ns since 1970, `nonce` an unguessable word.

    Both raise `UnavailableError` when the store cannot be written; nothing has changed then.
    """

    def __init__(self, ledger: Ledger, now: Callable[[], int], nonce: Callable[[], str]) -> None:
        self._ledger = ledger
        self._now = now
        self._nonce = nonce

    def undo(self, request_id: RequestId, by: str) -> Request:
        """Undo the decision on a request: it waits again, with a nonce of its own.

        Raises:
            ProblemError: ``not-found``; ``stale``: it has no decision, or one that something else
                was built on since; ``sx-10``: a profile decides.
        """
        request = known_request(self._ledger, request_id)
        known = self._undoable(request)
        change = Transaction(self._ledger, self._now())
        if request.takes:
            take_back(change, request)
        elif request.activates:
            change.changes.decisions[decision_key(request)] = None
            self._leave(change, request, known)
        again = msgspec.structs.replace(
            request,
            state=RequestState.WAITING,
            nonce=self._nonce(),
            signature=known.record.signature,
            needs_developer=request.activates and not known.manifest.trusted,
            error=0,
            reason=change.replaces(known),
            decided_by="",
            decided_wall_ns=0,
        )
        change.changes.requests[again.id] = again
        change.details.append(Undone(again.id, again.name, request.state.value, by))
        change.apply()
        return again

    def revoke(self, bundle_id: BundleId, note: str, by: str) -> Extension:
        """Revoke the approvals of an extension, in all its versions; returns it as it then stands.

        Raises:
            ProblemError: ``not-found``: none of it is approved; ``sx-10``: a profile decides.
        """
        versions = [
            known
            for known in self._ledger.extensions.values()
            if known.record.bundle_id == bundle_id and known.record.state in IN_FORCE
        ]
        if not versions:
            raise ProblemError(
                "not-found", f"extension {bundle_id}: expected one that is approved, found none"
            )
        self._check_unruled(versions)
        change = Transaction(self._ledger, self._now())
        for known in versions:
            self._revoke(change, known, note, by)
        for key, decision in self._ledger.decisions.items():  # of versions that went, too
            if key[0] == bundle_id and decision.approved:
                revoked = StoredDecision(approved=False, by=by, note=note, wall_ns=change.now)
                change.changes.decisions[key] = revoked
        change.apply()
        return change.extension(versions[-1].record.id).record

    def approved_for(self, bundle_id: BundleId, uid: int) -> bool:
        """Whether an extension is approved for this user, and for nobody else."""
        users = {
            key[2]
            for key, decision in self._ledger.decisions.items()
            if key[0] == bundle_id and decision.approved
        }
        return users == {uid}

    def _undoable(self, request: Request) -> KnownExtension:
        """The extension of a request whose decision can be undone."""
        known = self._ledger.extensions.get(request.extension)
        newer = [other.id for other in self._ledger.requests.values() if other.outdates(request)][
            -1
        ]
        if request.state not in DECIDED:
            raise _stale(request, "one that was decided", f"it {request.state.value}")
        removed = request.removes and request.state is RequestState.COMPLETED
        if known is None or removed:  # what is there was asked for anew
            raise _stale(request, "its extension to be known", "it removed since")
        if newer != request.id:
            raise _stale(request, "the newest request for its extension", f"{newer}")
        if request.takes and known.record.state not in IN_FORCE:
            raise _stale(request, "an extension in force", f"it {known.record.state.value}")
        if request.activates:
            self._check_unruled([known])
            if (known.record.state, ExtensionEvent.UNDONE) not in TRANSITIONS:
                found = f"it {known.record.state.value}"
                raise _stale(request, "an extension that can wait again", found)
        return known

    def _leave(self, change: Transaction, request: Request, known: KnownExtension) -> None:
        """Take away what the decision on a request was the only reason for."""
        approved = request.state is RequestState.COMPLETED
        key = decision_key(request)
        others = [
            other
            for other, decision in self._ledger.decisions.items()
            if other[:2] == key[:2] and other != key and decision.approved
        ]
        if (approved and others) or not (approved or known.record.state in _OUT):
            return
        upgrade = Upgrades(self._ledger, self._now).of(request.bundle_id)
        if upgrade is not None and upgrade.new is known:
            restore(change, self._ledger, upgrade.old)
        change.put(advanced(known, ExtensionEvent.UNDONE))

    def _revoke(self, change: Transaction, known: KnownExtension, note: str, by: str) -> None:
        said = f"by {by}: {note}" if note else f"by {by}"
        change.put(advanced(known, ExtensionEvent.REVOKED, said))
        for request in self._ledger.requests.values():
            done = request.state is RequestState.COMPLETED and request.activates
            if request.extension == known.record.id and done:
                change.changes.requests[request.id] = msgspec.structs.replace(
                    request,
                    state=RequestState.REVOKED,
                    error=int(SxCode.AUTHORIZATION_REQUIRED),
                    reason=note,
                    decided_by=by,
                    decided_wall_ns=change.now,
                )
        if any(request.extension == known.record.id for request in self._ledger.waiting()):
            change.put(advanced(change.extension(known.record.id), ExtensionEvent.REQUESTED))
        change.details.append(Revoked(known.record.id, known.record.name, by))

    def _check_unruled(self, versions: Iterable[KnownExtension]) -> None:
        """Where a profile decides, nobody else does."""
        for known in versions:
            check_removable(known, self._ledger)
            ruling = known.record.ruling
            if ruling is not None:
                raise ProblemError(
                    f"sx-{int(SxCode.FORBIDDEN_BY_SYSTEM_POLICY)}",
                    f"extension {known.record.bundle_id}: expected one that users decide on, found "
                    f"it decided on by {ruling_words(ruling)}",
                )


def _stale(request: Request, expected: str, found: str) -> ProblemError:
    return ProblemError("stale", f"request {request.id}: expected {expected}, found {found}")
