"""Whether a request may come in, and whether a decision is about what was shown.

Invariant: reads the ledger and changes nothing; every refusal is one sentence with a code.
"""

from runtime.extensions.contents import KnownExtension
from runtime.extensions.drafts import advanced, judged, new_extension
from runtime.extensions.ledger import Ledger
from runtime.extensions.staging import Staged
from runtime.model.errors import ProblemError
from runtime.model.extension_lifecycle import ExtensionEvent
from runtime.model.identity import ContentHash, RequestId
from runtime.model.records import Request, RequestState
from runtime.model.sx_code import SxCode

PENDING_OF_ONE = 3  # requests that one app of one user may have waiting
PENDING_OF_ALL = 100


def extension_id(staged: Staged) -> str:
    """The id of a staged bundle's extension."""
    return f"{staged.manifest.bundle_id}@{staged.content_hash[:12]}"


def requested(ledger: Ledger, staged: Staged) -> KnownExtension:
    """The extension of a staged bundle as a fresh request leaves it.

    Raises:
        ProblemError: ``sx-6``: its short id belongs to other content.
    """
    known = ledger.extensions.get(extension_id(staged))
    if known is None:
        return new_extension(extension_id(staged), staged)
    if known.record.content_hash != staged.content_hash:
        raise ProblemError(
            f"sx-{int(SxCode.DUPLICATE_EXTENSION_IDENTIFIER)}",
            f"{extension_id(staged)}: expected an identifier that is free, found other content",
        )
    return advanced(judged(known, staged), ExtensionEvent.REQUESTED)


def known_request(ledger: Ledger, request_id: RequestId) -> Request:
    """The request of an id.

    Raises:
        ProblemError: ``not-found``.
    """
    request = ledger.requests.get(request_id)
    if request is None:
        raise ProblemError(
            "not-found", f"request {request_id}: expected one that is known, found none"
        )
    return request


def shown(ledger: Ledger, request_id: RequestId, content_hash: ContentHash, nonce: str) -> Request:
    """The request that a decision means, if it is still what was shown.

    Raises:
        ProblemError: ``not-found``, or ``stale``: it asks for something else by now.
    """
    request = known_request(ledger, request_id)
    if (request.content_hash, request.nonce) != (content_hash, nonce):
        raise ProblemError(
            "stale", f"request {request_id}: expected what it asks for now, found another"
        )
    return request


def holds(ledger: Ledger, request: Request) -> bool:
    """Whether the decision on a request still stands; a removal takes approvals back."""
    approved = request.state is RequestState.COMPLETED and request.activates
    return not approved or ledger.approval(request) is not None


def check_waiting(ledger: Ledger, request: Request) -> None:
    """Hold a request to waiting for an answer.

    Raises:
        ProblemError: ``decided``: it has one; ``stale``: it is over for another reason.
    """
    if request.state is RequestState.WAITING:
        return
    if not holds(ledger, request):
        raise ProblemError(
            "stale",
            f"request {request.id}: expected it to wait for approval, found its extension "
            "removed since it was approved",
        )
    answered = request.state in (RequestState.COMPLETED, RequestState.DENIED)
    raise ProblemError(
        "decided" if answered else "stale",
        f"request {request.id}: expected it to wait for approval, found it "
        f"{request.state.value} by {request.decided_by}",
    )


def check_limits(ledger: Ledger, request: Request) -> None:
    """Count what waits beside what this request supersedes.

    Raises:
        ProblemError: ``busy``: too many wait, of its app or in all.
    """
    asked = (request.uid, request.requester.app_path)
    waiting = [
        other
        for other in ledger.inbox()
        if (other.bundle_id, other.uid) != (request.bundle_id, request.uid)
    ]
    mine = [other for other in waiting if (other.uid, other.requester.app_path) == asked]
    if len(mine) >= PENDING_OF_ONE or len(waiting) >= PENDING_OF_ALL:
        raise ProblemError(
            "busy",
            f"{request.requester.app}: expected at most {PENDING_OF_ONE} of its requests and "
            f"{PENDING_OF_ALL} in all to wait, found {len(mine)} and {len(waiting)}",
        )
