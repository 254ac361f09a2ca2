"""Activation requests and what they lead to: which extensions may run.

An approval belongs to (bundle id, content hash, uid) and outlives whoever asked. Nothing here
runs anything, reads a bundle or decides by itself: the caller stages first, and afterwards
hands `active()` to the catalogue.
Source: Apple SystemExtensions (supersede, replace, deactivate).
Invariant: a change is committed to the store before anybody hears of it.
"""

from collections.abc import Callable

import msgspec

from runtime.extensions import takeovers
from runtime.extensions.active import ActiveExtension, apps_of, those_in
from runtime.extensions.admission import (
    check_limits,
    check_waiting,
    extension_id,
    holds,
    known_request,
    requested,
    shown,
)
from runtime.extensions.contents import Changes, StoredDecision
from runtime.extensions.developer_mode import switch
from runtime.extensions.drafts import (
    Asked,
    Ending,
    advanced,
    completed,
    judged,
    new_extension,
    new_request,
    repeat,
)
from runtime.extensions.enforcing import enforce, refuse, ruled
from runtime.extensions.ledger import Ledger, decision_key
from runtime.extensions.profiles import Profiles
from runtime.extensions.removal import Removals, remove_as_asked
from runtime.extensions.retractions import Retractions
from runtime.extensions.staging import Staged
from runtime.extensions.store import Store
from runtime.extensions.takeovers import Takeovers
from runtime.extensions.transaction import RUNTIME, Transaction
from runtime.extensions.upgrades import Upgrades, roll_back
from runtime.extensions.verdicts import Verdicts
from runtime.model.errors import ProblemError
from runtime.model.events import Detail, Requested
from runtime.model.extension_lifecycle import RUNNABLE, ExtensionEvent, ExtensionState
from runtime.model.identity import BundleId, ContentHash, RequestId
from runtime.model.policy import ruling_words
from runtime.model.records import DeviceHit, Extension, Request, Requester, RequestState
from runtime.model.sx_code import SxCode
from runtime.wire.commands.extensions import Replacing

_OUT = (ExtensionState.INVALID, ExtensionState.DENIED, ExtensionState.REVOKED)


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
        self.upgrades = Upgrades(self._ledger, now)
        self.verdicts = Verdicts(self._ledger, now, nonce)
        self.profiles = Profiles(self._ledger, now)
        self.removals = Removals(self._ledger, now, nonce)
        self.retractions = Retractions(self._ledger, now, nonce)
        self.takeovers = Takeovers(self._ledger, now, nonce)
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
        return those_in(self._ledger, *RUNNABLE)

    def idle(self) -> list[ActiveExtension]:
        """What could run, if it were approved or developer mode were on."""
        return those_in(self._ledger, ExtensionState.WAITING, ExtensionState.DISABLED)

    def apps(self) -> dict[BundleId, frozenset[str]]:
        """The paths of the apps that asked for each extension, for any user and version."""
        return apps_of(self._ledger)

    def icon_of(self, extension_id: str) -> tuple[ContentHash, str]:
        """The content that has an extension's icon, and the icon's path in it; empty: its app's.

        Raises:
            ProblemError: ``not-found``: there is none.
        """
        known = self._ledger.extensions.get(extension_id)
        if known is None or not known.record.icon:
            raise ProblemError(
                "not-found", f"extension {extension_id}: expected an icon, found none"
            )
        return known.record.content_hash, known.manifest.icon

    def referenced(self) -> frozenset[ContentHash]:
        """The content that has to stay staged."""
        return frozenset(known.record.content_hash for known in self._ledger.extensions.values())

    def activate(
        self,
        staged: Staged,
        requester: Requester,
        uid: int,
        devices: tuple[DeviceHit, ...],
        devices_before: tuple[DeviceHit, ...] = (),
    ) -> Request:
        """Take a request for a staged extension; return it as it now stands.

        The same request again is counted, not added. Other content for the same bundle id of
        the same user supersedes what was waiting. Approved before, it is completed at once.
        `devices` are those that it would match, `devices_before` those that the version in
        force does.

        Raises:
            ProblemError: ``busy``: too many requests wait; ``sx-6``: its short id is taken.
        """
        key = (staged.manifest.bundle_id, staged.content_hash, uid)
        repeated = self._ledger.repeated(key)
        if repeated is not None:
            before = self._ledger.extensions[repeated.extension]
            known = ruled(judged(before, staged), self._ledger.policy)
            again = repeat(repeated, known, (devices, devices_before), self._nonce())
            change = Transaction(self._ledger, self._now())
            change.put(known)
            change.supersede(again)
            change.changes.requests[again.id] = again
            enforce(change, self._ledger, before, known)
            change.apply()
            return self._ledger.requests[again.id]
        known = ruled(requested(self._ledger, staged), self._ledger.policy)
        number = self._ledger.number + 1
        asked = Asked(requester, uid, (devices, devices_before), self._nonce(), self._now())
        request = new_request(known, number, asked)
        change = Transaction(self._ledger, asked.wall_ns)
        change.changes.number = number
        change.put(known)
        change.details.append(Requested(request.id, request.name, requester.app))
        ruling = known.record.ruling
        approval = self._ledger.answer(request)
        if ruling is not None and ruling.allowed:
            change.supersede(request)
            request = change.complete(request, ruling_words(ruling))
        elif ruling is not None:
            request = refuse(change, request, ruling)
        elif approval is not None and self._may_run(request):
            change.supersede(request)
            request = change.complete(request, approval.by)
        else:
            check_limits(self._ledger, request)
            change.supersede(request)
            request = msgspec.structs.replace(request, reason=change.replaces(known))
            change.changes.requests[request.id] = request
        change.apply()
        return request

    def replacing(self, staged: Staged) -> Replacing | None:
        """What a staged extension would replace that its app has to be asked about; or None."""
        new = new_extension(extension_id(staged), staged).record
        for known in self._ledger.in_force(new.bundle_id, Changes()):
            old = known.record
            if old.state is ExtensionState.GIVING_WAY:
                continue
            other = (old.short_version, old.version) != (new.short_version, new.version)
            if other or (self.developer and old.content_hash != new.content_hash):
                return Replacing(old, new)
        return None

    def withdraw(self, request_id: RequestId, uid: int, by: str) -> Request:
        """End a request that waits, for the user who made it.

        Raises:
            ProblemError: ``not-found``, ``not-allowed`` or ``decided``.
        """
        request = known_request(self._ledger, request_id)
        if request.uid != uid:
            raise ProblemError(
                "not-allowed",
                f"request {request_id}: expected the user who made it, found {by}",
            )
        check_waiting(self._ledger, request)
        change = Transaction(self._ledger, self._now())
        code = SxCode.REQUEST_CANCELED
        ending = Ending(RequestState.CANCELED, code, f"taken back by {by}", by)
        request = change.end(request, ending)
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
        if request.activates:
            change.changes.decisions[decision_key(request)] = decision
        if request.takes or (approve and request.activates):
            takeovers.answer(change, request, decision)
        if approve and request.takes:
            request = change.finish(completed(request, by, change.now))
        elif approve and request.removes:
            request = remove_as_asked(change, self._ledger, request, by)
        elif approve:
            request = change.complete(request, by)
        else:
            reason = note or f"denied by {by}"
            code = SxCode.AUTHORIZATION_REQUIRED
            request = change.end(request, Ending(RequestState.DENIED, code, reason, by))
        change.apply()
        return request

    def set_developer(self, *, on: bool, by: str) -> None:
        """Turn developer mode on or off; what is not trusted is enabled or disabled with it."""
        if on != self.developer:
            change = Transaction(self._ledger, self._now())
            switch(change, self._ledger, on=on, by=by)
            change.apply()

    def broken(self, extension_id: str, reason: str) -> None:
        """Mark an extension whose staged copy is missing or another; its requests fail."""
        known = self._ledger.extensions.get(extension_id)
        if known is None or known.record.state in _OUT:
            return
        change = Transaction(self._ledger, self._now())
        upgrade = self.upgrades.of(known.record.bundle_id)
        if upgrade is not None and known is upgrade.new:
            roll_back(change, self._ledger, upgrade, reason)
            change.apply()
            return
        if upgrade is not None and known is upgrade.old:
            change.put(advanced(upgrade.new, ExtensionEvent.SETTLED))
        ending = Ending(RequestState.FAILED, SxCode.VALIDATION_FAILED, reason, RUNTIME)
        for request in self._ledger.waiting():
            if request.extension == extension_id:
                change.end(request, ending)
        change.put(advanced(known, ExtensionEvent.BROKEN, reason))
        change.apply()

    def _may_run(self, request: Request) -> bool:
        return self.developer or not request.needs_developer
