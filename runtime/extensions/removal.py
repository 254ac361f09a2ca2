"""Removing extensions: in all their versions, with their approvals and what waits.

Invariant: only adds to a transaction; nothing is removed that a profile keeps.
"""

from runtime.extensions.contents import KnownExtension
from runtime.extensions.drafts import Ending, advanced
from runtime.extensions.ledger import IN_FORCE, Ledger
from runtime.extensions.transaction import Transaction
from runtime.model.errors import ProblemError
from runtime.model.events import Deactivated
from runtime.model.extension_lifecycle import ExtensionEvent
from runtime.model.identity import BundleId
from runtime.model.policy import ruling_words
from runtime.model.records import Extension, RequestState
from runtime.model.sx_code import SxCode


def remove(change: Transaction, ledger: Ledger, bundle_id: BundleId, by: str) -> Extension:
    """Remove an extension; returns its version in force as it then stands, else its first.

    Raises:
        ProblemError: ``not-found``: there is none; ``sx-10``: a profile keeps it.
    """
    versions = [
        known for known in ledger.extensions.values() if known.record.bundle_id == bundle_id
    ]
    if not versions:
        raise ProblemError(
            "not-found", f"extension {bundle_id}: expected one of that identifier, found none"
        )
    foremost = max(versions, key=lambda known: known.record.state in IN_FORCE)
    _check_removable(foremost, ledger)
    change.details.append(Deactivated(foremost.record.id, foremost.record.name, by))
    ending = Ending(RequestState.CANCELED, SxCode.REQUEST_CANCELED, f"removed by {by}", by)
    for request in ledger.waiting():
        if request.bundle_id == bundle_id:
            change.end(request, ending)
    for known in versions:
        change.put(advanced(known, ExtensionEvent.DEACTIVATED))
    for key in ledger.decisions:
        if key[0] == bundle_id:
            change.changes.decisions[key] = None
    return change.extension(foremost.record.id).record


def remove_all(
    change: Transaction, ledger: Ledger, by: str
) -> tuple[list[Extension], list[Extension]]:
    """Remove every extension that no profile keeps; returns what goes and what is kept."""
    gone: list[Extension] = []
    kept: list[Extension] = []
    for known in list(ledger.extensions.values()):
        record = known.record
        if ledger.policy.keeping(known.manifest) is not None:
            kept.append(record)
        elif record.bundle_id not in [each.bundle_id for each in gone]:
            gone.append(remove(change, ledger, record.bundle_id, by))
    return gone, kept


def removable_by(ledger: Ledger, bundle_id: BundleId, uid: int) -> bool:
    """Whether a profile lets this user, who asked for an extension, remove it alone."""
    return any(
        known.record.bundle_id == bundle_id
        and ledger.policy.removable(known.manifest) is not None
        and all(
            request.uid == uid
            for request in ledger.requests.values()
            if request.extension == known.record.id
        )
        for known in ledger.extensions.values()
    )


def _check_removable(known: KnownExtension, ledger: Ledger) -> None:
    kept = ledger.policy.keeping(known.manifest)
    if kept is not None:
        raise ProblemError(
            f"sx-{int(SxCode.FORBIDDEN_BY_SYSTEM_POLICY)}",
            f"extension {known.record.bundle_id}: expected one that may be removed, found it "
            f"kept by {ruling_words(kept)}",
        )
