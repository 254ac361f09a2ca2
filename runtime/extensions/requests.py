"""Activation requests and what they lead to: which extensions may run.

An approval belongs to (bundle id, content hash, uid) and outlives whoever asked. Nothing here
runs anything, reads a bundle or decides by itself: the caller stages first, and afterwards
hands `active()` to the catalogue.
Source: Apple SystemExtensions (supersede, replace, deactivate).
Invariant: a change is committed to the store before anybody hears of it.
"""

from collections.abc import Callable

import msgspec

from runtime.extensions.admission import (
    check_limits,
    check_waiting,
    holds,
    requested,
    shown,
)
from runtime.extensions.codes import SxCode
from runtime.extensions.contents import KnownExtension, StoredDecision
from runtime.extensions.drafts import (
    Asked,
    Ending,
    advanced,
    judged,
    new_request,
    repeat,
)
from runtime.extensions.enforcing import enforce, forbidden, refuse, ruled
from runtime.extensions.ledger import IN_FORCE, Ledger, decision_key
from runtime.extensions.profiles import Profiles
from runtime.extensions.staging import Staged
from runtime.extensions.store import Store
from runtime.extensions.transaction import RUNTIME, Transaction
from runtime.model.errors import ProblemError
from runtime.model.events import Deactivated, Detail, DeveloperMode, Requested
from runtime.model.extension_lifecycle import ExtensionEvent, ExtensionState
from runtime.model.identity import BundleId, ContentHash, RequestId
from runtime.model.personality import Personality
from runtime.model.policy import ruling_words
from runtime.model.properties import Properties
from runtime.model.records import DeviceHit, Extension, Request, Requester, RequestState

KEPT_REQUESTS = 500  # finished requests that are remembered


class ActiveExtension(msgspec.Struct, frozen=True):
    """An extension that may run, or could, with what its launch needs of the manifest."""

    extension: Extension
    personalities: tuple[Personality, ...]
    entitlements: Properties
    executable: str


class Extensions:
    """All extensions and requests that the runtime knows; their only writer.

    `now` returns nanoseconds since 1970, `nonce` an unguessable word. `emit` gets events,
    `changed` each record that is new or another; an extension that goes comes a last time, as
    REMOVED. Everything that changes raises `UnavailableError` when the store cannot be
    written, and then nothing has changed.
    """

    def __init__(
        self,
        store: Store,
        now: Callable[[], int],
        nonce: Callable[[], str],
        emit: Callable[[Detail], None],
        changed: Callable[[Extension | Request], None],
    ) -> None:
        self._ledger = Ledger(store, emit, changed)
        self.profiles = Profiles(self._ledger, now)
        self._now = now
        self._nonce = nonce

    @property
    def developer(self) -> bool:
        """Whether developer mode is on."""
        return self._ledger.developer

    def extensions(self) -> list[Extension]:
        """All extensions, oldest first."""
        return [known.record for known in self._ledger.extensions.values()]

    def requests(self) -> list[Request]:
        """All requests that are remembered, oldest first."""
        return list(self._ledger.requests.values())

    def active(self) -> list[ActiveExtension]:
        """What may run now."""
        return self._those_in(ExtensionState.ACTIVE)

    def idle(self) -> list[ActiveExtension]:
        """What could run, if it were approved or developer mode were on."""
        return self._those_in(ExtensionState.WAITING, ExtensionState.DISABLED)

    def referenced(self) -> frozenset[ContentHash]:
        """The content that has to stay staged."""
        return frozenset(known.record.content_hash for known in self._ledger.extensions.values())

    def activate(
        self, staged: Staged, requester: Requester, uid: int, devices: tuple[DeviceHit, ...]
    ) -> Request:
        """Take a request for a staged extension; return it as it now stands.

        The same request again is counted, not added. Other content for the same bundle id of
        the same user supersedes what was waiting. Approved before, it is completed at once.

        Raises:
            ProblemError: ``busy``: too many requests wait; ``sx-6``: its short id is taken.
        """
        key = (staged.manifest.bundle_id, staged.content_hash, uid)
        repeated = self._ledger.repeated(key)
        if repeated is not None:
            before = self._ledger.extensions[repeated.extension]
            known = ruled(judged(before, staged.manifest), self._ledger.policy)
            again = repeat(repeated, known, devices, self._nonce())
            change = Transaction(self._ledger, self._now())
            change.put(known)
            change.changes.requests[again.id] = again
            enforce(change, self._ledger, before, known)
            change.apply()
            return self._ledger.requests[again.id]
        known = ruled(requested(self._ledger, staged), self._ledger.policy)
        number = self._ledger.number + 1
        asked = Asked(requester, uid, devices, self._nonce(), self._now())
        request = new_request(known, number, asked)
        change = Transaction(self._ledger, asked.wall_ns)
        change.changes.number = number
        change.put(known)
        change.details.append(Requested(request.id, request.name, requester.app))
        ruling = known.record.ruling
        approval = self._ledger.answer(request)
        if ruling is not None and ruling.allowed:
            request = change.complete(request, ruling_words(ruling))
        elif ruling is not None:
            request = refuse(change, request, ruling)
        elif approval is not None and self._may_run(request):
            request = change.complete(request, approval.by)
        else:
            check_limits(self._ledger, request)
            change.supersede(request)
            request = msgspec.structs.replace(request, reason=change.replaces(known))
            change.changes.requests[request.id] = request
        self._forget_old(change)
        change.apply()
        return request

    def decide(
        self,
        request_id: RequestId,
        content_hash: ContentHash,
        nonce: str,
        *,
        approve: bool,
        note: str,
        by: str,
    ) -> Request:
        """Apply a decision; hash and nonce have to be those of the request.

        Repeating a decision that holds returns the same result.

        Raises:
            ProblemError: ``not-found``, ``stale``, ``decided`` or ``developer-mode``.
        """
        request = shown(self._ledger, request_id, content_hash, nonce)
        wanted = RequestState.COMPLETED if approve else RequestState.DENIED
        if request.state is wanted and holds(self._ledger, request):
            return request
        check_waiting(self._ledger, request)
        if approve and not self._may_run(request):
            raise ProblemError(
                "developer-mode",
                f"{request.name}: expected developer mode to be on, as it is "
                f"{request.signature}, found it off",
            )
        change = Transaction(self._ledger, self._now())
        decision = StoredDecision(approve, by, note, change.now)
        change.changes.decisions[decision_key(request)] = decision
        if approve:
            request = change.complete(request, by)
        else:
            reason = note or f"denied by {by}"
            code = SxCode.AUTHORIZATION_REQUIRED
            request = change.end(request, Ending(RequestState.DENIED, code, reason, by))
        change.apply()
        return request

    def deactivate(self, bundle_id: BundleId, by: str) -> Extension:
        """Remove an extension in all its versions, with its approvals and waiting requests.

        Raises:
            ProblemError: ``not-found``: there is none.
        """
        versions = [
            known
            for known in self._ledger.extensions.values()
            if known.record.bundle_id == bundle_id
        ]
        if not versions:
            raise ProblemError(
                "not-found", f"extension {bundle_id}: expected one of that identifier, found none"
            )
        foremost = max(versions, key=lambda known: known.record.state in IN_FORCE)
        self._check_removable(foremost)
        gone = advanced(foremost, ExtensionEvent.DEACTIVATED)
        change = Transaction(self._ledger, self._now())
        change.details.append(Deactivated(foremost.record.id, foremost.record.name, by))
        ending = Ending(RequestState.CANCELED, SxCode.REQUEST_CANCELED, f"removed by {by}", by)
        for request in self._ledger.waiting():
            if request.bundle_id == bundle_id:
                change.end(request, ending)
        for known in versions:
            change.put(advanced(known, ExtensionEvent.DEACTIVATED))
        for key in self._ledger.decisions:
            if key[0] == bundle_id:
                change.changes.decisions[key] = None
        change.apply()
        return gone.record

    def set_developer(self, *, on: bool, by: str) -> None:
        """Turn developer mode on or off; what is not trusted is enabled or disabled with it."""
        if on == self.developer:
            return
        change = Transaction(self._ledger, self._now())
        change.changes.developer = on
        change.details.append(DeveloperMode(on, by))
        state = ExtensionState.DISABLED if on else ExtensionState.ACTIVE
        event = ExtensionEvent.DEVELOPER_ON if on else ExtensionEvent.DEVELOPER_OFF
        for known in self._ledger.extensions.values():
            held = known.manifest.trusted or forbidden(known.record.ruling)
            if known.record.state is state and not held:
                change.put(advanced(known, event))
        for request in self._ledger.waiting() if on else []:
            approval = self._ledger.approval(request)
            if approval is not None:  # it only waited for developer mode
                change.complete(request, approval.by)
        change.apply()

    def removable_by(self, bundle_id: BundleId, uid: int) -> bool:
        """Whether a profile lets this user, who asked for an extension, remove it alone."""
        return any(
            known.record.bundle_id == bundle_id
            and self._ledger.policy.removable(known.manifest) is not None
            and all(r.uid == uid for r in self._requests_of(known.record.id))
            for known in self._ledger.extensions.values()
        )

    def broken(self, extension_id: str, reason: str) -> None:
        """Mark an extension whose staged copy is missing or another; its requests fail."""
        known = self._ledger.extensions.get(extension_id)
        if known is None or known.record.state in (ExtensionState.INVALID, ExtensionState.DENIED):
            return
        change = Transaction(self._ledger, self._now())
        ending = Ending(RequestState.FAILED, SxCode.VALIDATION_FAILED, reason, RUNTIME)
        for request in self._ledger.waiting():
            if request.extension == extension_id:
                change.end(request, ending)
        change.put(advanced(known, ExtensionEvent.BROKEN, reason))
        change.apply()

    def _requests_of(self, extension_id: str) -> list[Request]:
        return [r for r in self._ledger.requests.values() if r.extension == extension_id]

    def _check_removable(self, known: KnownExtension) -> None:
        kept = self._ledger.policy.keeping(known.manifest)
        if kept is not None:
            raise ProblemError(
                f"sx-{int(SxCode.FORBIDDEN_BY_SYSTEM_POLICY)}",
                f"extension {known.record.bundle_id}: expected one that may be removed, found it "
                f"kept by {ruling_words(kept)}",
            )

    def _those_in(self, *states: ExtensionState) -> list[ActiveExtension]:
        return [
            ActiveExtension(
                known.record,
                known.manifest.personalities(known.record.content_hash),
                known.manifest.entitlements(),
                known.manifest.executable,
            )
            for known in self._ledger.extensions.values()
            if known.record.state in states
        ]

    def _may_run(self, request: Request) -> bool:
        return self.developer or not request.needs_developer

    def _forget_old(self, change: Transaction) -> None:
        requests = self._ledger.requests.values()
        finished = [r.id for r in requests if r.state is not RequestState.WAITING]
        for request_id in finished[: max(0, len(finished) - KEPT_REQUESTS)]:
            change.changes.requests.setdefault(request_id, None)
