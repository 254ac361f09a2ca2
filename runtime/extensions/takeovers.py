"""Devices that the machine would miss: which extension may take which, and asking for it.

The approval of an activation is one for the devices that it warned of. What comes to be the only
keyboard, the root disk or the network link later is asked for by itself, and the extension does
without it until somebody has answered.
Invariant: an answer belongs to (bundle id, content hash, path of the device), and goes when that
content is in force no more; a profile's word is none.
"""

import enum
from collections.abc import Callable

import msgspec

from runtime.extensions.contents import KnownExtension, StoredDecision
from runtime.extensions.drafts import Asked, Ending, new_request
from runtime.extensions.ledger import Ledger
from runtime.extensions.transaction import RUNTIME, Transaction
from runtime.model.events import Requested
from runtime.model.extension_lifecycle import RUNNABLE
from runtime.model.identity import BundleId, ContentHash
from runtime.model.records import DeviceHit, Request, Requester, RequestState
from runtime.model.sx_code import SxCode

MOST = 8  # devices that one extension may be asked about at once; then the oldest question goes


class Answer(enum.Enum):
    """Whether a device may be taken."""

    GRANTED = enum.auto()
    DENIED = enum.auto()
    WAITING = enum.auto()  # somebody is asked


class Takeovers:
    """Answers and questions in one ledger.

    `now` returns nanoseconds since 1970, `nonce` an unguessable word. What changes the ledger
    raises `UnavailableError` when the store cannot be written.
    """

    def __init__(self, ledger: Ledger, now: Callable[[], int], nonce: Callable[[], str]) -> None:
        self._ledger = ledger
        self._now = now
        self._nonce = nonce

    def ask(self, bundle_id: BundleId, content_hash: ContentHash, device: DeviceHit) -> Answer:
        """Whether an extension may take a device, whose `warning` says what would be lost.

        Where nobody has answered yet, there is a request for it from now on.
        """
        decision = self._ledger.takeovers.get((bundle_id, content_hash, device.path))
        if decision is not None:
            return Answer.GRANTED if decision.approved else Answer.DENIED
        known = self._runnable(bundle_id, content_hash)
        if known is not None and not self._asked(bundle_id, device.path):
            self._request(known, device)
        return Answer.WAITING

    def needless(self, bundle_id: BundleId, path: str) -> None:
        """End what asks for a device that the machine can do without."""
        for request in self._asked(bundle_id, path):
            change = Transaction(self._ledger, self._now())
            reason = "the machine can do without it now"
            code = SxCode.REQUEST_CANCELED
            change.end(request, Ending(RequestState.CANCELED, code, reason, RUNTIME))
            change.apply()

    def _runnable(self, bundle_id: BundleId, content_hash: ContentHash) -> KnownExtension | None:
        for known in self._ledger.extensions.values():
            record = known.record
            if (record.bundle_id, record.content_hash) == (bundle_id, content_hash):
                return known if record.state in RUNNABLE else None
        return None

    def _asked(self, bundle_id: BundleId, path: str = "") -> list[Request]:
        """What waits for an extension, for one device or for all."""
        return [
            request
            for request in self._ledger.inbox()
            if request.takes
            and request.bundle_id == bundle_id
            and path in ("", request.devices[0].path)
        ]

    def _request(self, known: KnownExtension, device: DeviceHit) -> None:
        change = Transaction(self._ledger, self._now())
        number = self._ledger.number + 1
        requester = self._requester(known)
        asked = Asked(requester, requester.uid, ((device,), ()), self._nonce(), change.now)
        request = msgspec.structs.replace(
            new_request(known, number, asked), takes=True, needs_developer=False
        )
        change.changes.number = number
        waiting = self._asked(request.bundle_id)
        for other in waiting[: max(0, len(waiting) + 1 - MOST)]:
            reason, code = f"superseded by {request.id}", SxCode.REQUEST_SUPERSEDED
            change.end(other, Ending(RequestState.SUPERSEDED, code, reason, RUNTIME))
        change.changes.requests[request.id] = request
        taken = f"{device.title} ({device.warning})"
        change.details.append(Requested(request.id, request.name, requester.app, takes=taken))
        change.apply()

    def _requester(self, known: KnownExtension) -> Requester:
        """Who asked for the extension last; of one that nobody remembers, its app."""
        for request in reversed(self._ledger.requests.values()):
            if request.extension == known.record.id and request.activates:
                return request.requester
        return Requester(known.record.app, known.record.app_path)


def answer(change: Transaction, request: Request, decision: StoredDecision) -> None:
    """Make a decision on a request one on the devices that it warns of, too."""
    for hit in request.devices:
        if hit.warning:
            key = request.bundle_id, request.content_hash, hit.path
            change.changes.takeovers[key] = decision


def take_back(change: Transaction, request: Request) -> None:
    """Have the devices that a request asks for unanswered again."""
    for hit in request.devices:
        change.changes.takeovers[request.bundle_id, request.content_hash, hit.path] = None
