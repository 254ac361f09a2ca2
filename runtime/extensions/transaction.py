"""One change of the ledger in the making: steps that add to it, then all of it at once.

Invariant: nothing is remembered or told before `apply`; a step sees the steps before it.
"""

import msgspec

from runtime.extensions import audit
from runtime.extensions.contents import Changes, KnownExtension
from runtime.extensions.drafts import Ending, advanced, completed, ended
from runtime.extensions.ledger import IN_FORCE, Ledger, decision_key
from runtime.model.events import Decided, Detail
from runtime.model.extension_lifecycle import ExtensionEvent, ExtensionState
from runtime.model.identity import BundleId, RequestId
from runtime.model.records import Request, RequestState
from runtime.model.sx_code import SxCode

RUNTIME = "runtime"
"""Who decided, where nobody did."""
KEPT_REQUESTS = 500
"""Finished requests that are remembered, beside those that let run what is known."""
_UPGRADE = (ExtensionState.WAITING, ExtensionState.GIVING_WAY)


class Upgrade(msgspec.Struct, frozen=True):
    """A version that takes over, and the one that gives way to it."""

    new: KnownExtension
    old: KnownExtension


class Transaction:
    """Collects changes and events; `now` is the time of all of them, in ns since 1970."""

    def __init__(self, ledger: Ledger, now: int) -> None:
        self._ledger = ledger
        self.now = now
        self.changes = Changes()
        self.details: list[Detail] = []

    def apply(self) -> None:
        """Commit, remember, tell.

        Raises:
            UnavailableError: The store cannot be written; nothing has changed.
        """
        self._end_moot()
        self._forget_takeovers()
        if self.changes.number is not None:
            self._forget_old()
        self.changes.audit += audit.entries(self.changes, self.details, self.now)
        self._ledger.apply(self.changes, self.details)

    def extension(self, extension_id: str) -> KnownExtension:
        """An extension as the steps so far leave it."""
        changed = self.changes.extensions.get(extension_id)
        return changed or self._ledger.extensions[extension_id]

    def put(self, known: KnownExtension) -> None:
        """Write an extension."""
        self.changes.extensions[known.record.id] = known

    def complete(self, request: Request, by: str) -> Request:
        """Put a request's extension in force; a version that is active gives way to it."""
        known = self.extension(request.extension)
        event = ExtensionEvent.APPROVED
        for other in list(self._ledger.in_force(known.record.bundle_id, self.changes)):
            if other.record.id == known.record.id:
                continue
            outdone = self._outdone(other)
            self.put(outdone)
            if (known.record.state, outdone.record.state) == _UPGRADE:
                event = ExtensionEvent.TAKES_OVER
        self.put(advanced(known, event))
        return self.finish(completed(request, by, self.now))

    def settle(self, upgrade: Upgrade) -> None:
        """End an upgrade well: the new version is the only one in force."""
        self.put(self._replaced(upgrade.old))
        self.put(advanced(upgrade.new, ExtensionEvent.SETTLED))

    def roll_back(self, upgrade: Upgrade, reason: str) -> None:
        """End an upgrade badly: the old version is in force again."""
        code = SxCode.VALIDATION_FAILED
        ending = Ending(RequestState.FAILED, code, reason, RUNTIME)
        for request in self._ledger.waiting():
            if request.extension == upgrade.new.record.id:
                self.end(request, ending)
        self.put(advanced(upgrade.new, ExtensionEvent.FAILED, reason))
        self.put(advanced(upgrade.old, ExtensionEvent.RESTORED))

    def end(self, request: Request, ending: Ending) -> Request:
        """End a request; an extension that waited for nothing else goes with it."""
        if not request.activates:
            return self.finish(ended(request, ending, self.now))
        known = self.extension(request.extension)
        alone = self._waiting(request.extension) <= {request.id}
        if alone and known.record.state is ExtensionState.WAITING:
            denied = ending.state is RequestState.DENIED
            self.put(advanced(known, ExtensionEvent.DENIED if denied else ExtensionEvent.REPLACED))
        return self.finish(ended(request, ending, self.now))

    def supersede(self, request: Request) -> None:
        """End what the same user had waiting for the same bundle id, devices apart."""
        ending = Ending(
            RequestState.SUPERSEDED,
            SxCode.REQUEST_SUPERSEDED,
            f"superseded by {request.id}",
            RUNTIME,
        )
        key = (request.bundle_id, request.uid)
        for other in self._ledger.inbox():
            same = (other.bundle_id, other.uid) == key and not other.takes
            if same and other.id != request.id:
                self.end(other, ending)

    def replaces(self, known: KnownExtension) -> str:
        """Which version an extension would replace, in words; empty for none."""
        for other in self._ledger.in_force(known.record.bundle_id, self.changes):
            if other.record.id != known.record.id:
                return f"replaces {other.record.short_version} ({other.record.version})"
        return ""

    def _end_moot(self) -> None:
        """Removals of what is gone have what they want; who is not in force takes no device."""
        out = "its extension is not in force"
        ending = Ending(RequestState.CANCELED, SxCode.REQUEST_CANCELED, out, RUNTIME)
        for request in [*self._ledger.inbox(), *self.changes.requests.values()]:
            if request is None or self._state(request) is not RequestState.WAITING:
                continue
            if request.removes and not self._is_there(request.bundle_id):
                self.finish(completed(request, RUNTIME, self.now))
            elif request.takes and not self._is_in_force(request.extension):
                self.end(request, ending)

    def _forget_takeovers(self) -> None:
        """What is not in force any more has to ask anew for what the machine would miss."""
        out = {
            (known.record.bundle_id, known.record.content_hash)
            for known in self.changes.extensions.values()
            if known is not None and known.record.state not in IN_FORCE
        }
        for key in self._ledger.takeovers:
            if key[:2] in out:
                self.changes.takeovers[key] = None

    def _forget_old(self) -> None:
        """Make room for a new request."""
        requests = self._ledger.requests.values()
        lasting = {
            decision_key(each): each.id
            for each in requests
            if each.activates
            and each.state is RequestState.COMPLETED
            and each.extension in self._ledger.extensions
        }
        kept = frozenset(lasting.values())
        finished = [
            each.id
            for each in requests
            if each.state is not RequestState.WAITING and each.id not in kept
        ]
        for request_id in finished[: max(0, len(finished) - KEPT_REQUESTS)]:
            self.changes.requests.setdefault(request_id, None)

    def _is_there(self, bundle_id: BundleId) -> bool:
        after: dict[str, KnownExtension | None] = {
            **self._ledger.extensions,
            **self.changes.extensions,
        }
        return any(
            known is not None
            and known.record.bundle_id == bundle_id
            and known.record.state is not ExtensionState.REMOVED
            for known in after.values()
        )

    def _is_in_force(self, extension: str) -> bool:
        known = self.changes.extensions.get(extension, self._ledger.extensions.get(extension))
        return known is not None and known.record.state in IN_FORCE

    def _outdone(self, known: KnownExtension) -> KnownExtension:
        """What was active is kept until its successor runs; anything else goes."""
        if known.record.state is ExtensionState.GIVING_WAY:
            return known
        if known.record.state is ExtensionState.ACTIVE:
            return advanced(known, ExtensionEvent.GIVES_WAY)
        return self._replaced(known)

    def _waiting(self, extension: str) -> set[RequestId]:
        """The requests for an extension that wait once the steps so far are taken."""
        return {
            request.id
            for request in self._ledger.waiting()
            if request.extension == extension and self._state(request) is RequestState.WAITING
        }

    def _state(self, request: Request) -> RequestState:
        changed = self.changes.requests.get(request.id)
        return (changed or request).state

    def _replaced(self, known: KnownExtension) -> KnownExtension:
        """Removed, or waiting again where another user's request for it still waits."""
        replaced = advanced(known, ExtensionEvent.REPLACED)
        if self._waiting(known.record.id):
            return advanced(replaced, ExtensionEvent.REQUESTED)
        return replaced

    def finish(self, request: Request) -> Request:
        """Write a request that is over, and tell of it."""
        self.changes.requests[request.id] = request
        self.details.append(
            Decided(request.id, request.name, request.state.value, request.decided_by)
        )
        return request
