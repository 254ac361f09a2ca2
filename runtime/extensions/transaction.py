"""One change of the ledger in the making: steps that add to it, then all of it at once.

Invariant: nothing is remembered or told before `apply`; a step sees the steps before it.
"""

from runtime.extensions.codes import SxCode
from runtime.extensions.contents import Changes, KnownExtension
from runtime.extensions.drafts import Ending, advanced, completed, ended
from runtime.extensions.ledger import Ledger
from runtime.model.events import Decided, Detail
from runtime.model.extension_lifecycle import ExtensionEvent, ExtensionState
from runtime.model.records import Request, RequestState

RUNTIME = "runtime"
"""Who decided, where nobody did."""


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
        self._ledger.apply(self.changes, self.details)

    def extension(self, extension_id: str) -> KnownExtension:
        """An extension as the steps so far leave it."""
        changed = self.changes.extensions.get(extension_id)
        return changed or self._ledger.extensions[extension_id]

    def put(self, known: KnownExtension) -> None:
        """Write an extension."""
        self.changes.extensions[known.record.id] = known

    def complete(self, request: Request, by: str) -> Request:
        """Make a request's extension active; the version that was in force is replaced."""
        known = self.extension(request.extension)
        for other in list(self._ledger.in_force(known.record.bundle_id, self.changes)):
            if other.record.id != known.record.id:
                self.put(self._replaced(other))
        self.put(advanced(known, ExtensionEvent.APPROVED))
        return self._finish(completed(request, by, self.now))

    def end(self, request: Request, ending: Ending) -> Request:
        """End a request; an extension that waited for nothing else goes with it."""
        known = self.extension(request.extension)
        alone = not self._waits_besides(request)
        if alone and known.record.state is ExtensionState.WAITING:
            denied = ending.state is RequestState.DENIED
            self.put(advanced(known, ExtensionEvent.DENIED if denied else ExtensionEvent.REPLACED))
        return self._finish(ended(request, ending, self.now))

    def supersede(self, request: Request) -> None:
        """End what the same user had waiting for the same bundle id."""
        ending = Ending(
            RequestState.SUPERSEDED,
            SxCode.REQUEST_SUPERSEDED,
            f"superseded by {request.id}",
            RUNTIME,
        )
        for other in self._ledger.waiting():
            if (other.bundle_id, other.uid) == (request.bundle_id, request.uid):
                self.end(other, ending)

    def replaces(self, known: KnownExtension) -> str:
        """Which version an extension would replace, in words; empty for none."""
        for other in self._ledger.in_force(known.record.bundle_id, self.changes):
            if other.record.id != known.record.id:
                return f"replaces {other.record.short_version} ({other.record.version})"
        return ""

    def _waits_besides(self, request: Request) -> bool:
        """Whether another request for the same extension waits once the steps so far are taken."""
        return any(
            other.extension == request.extension
            and other.id != request.id
            and self._state(other) is RequestState.WAITING
            for other in self._ledger.waiting()
        )

    def _state(self, request: Request) -> RequestState:
        changed = self.changes.requests.get(request.id)
        return (changed or request).state

    def _replaced(self, known: KnownExtension) -> KnownExtension:
        """Removed, or waiting again where another user's request for it still waits."""
        replaced = advanced(known, ExtensionEvent.REPLACED)
        if any(request.extension == known.record.id for request in self._ledger.waiting()):
            return advanced(replaced, ExtensionEvent.REQUESTED)
        return replaced

    def _finish(self, request: Request) -> Request:
        self.changes.requests[request.id] = request
        self.details.append(
            Decided(request.id, request.name, request.state.value, request.decided_by)
        )
        return request
