"""What profiles make of the extensions and requests that are known.

A profile that allows completes what waits; one that forbids ends it, and disables what runs.
Without the profile that allowed it an extension goes, unless somebody approved it, too; one that
was forbidden comes back if somebody had approved it.
Source: Apple, device-management `com.apple.system-extension-policy` (install, remove).
Invariant: only adds to a transaction; the state of an extension moves by its table alone.
"""

import msgspec

from runtime.extensions.contents import KnownExtension
from runtime.extensions.drafts import Ending, advanced
from runtime.extensions.ledger import Ledger
from runtime.extensions.policy import Policy
from runtime.extensions.transaction import Transaction
from runtime.model.events import Deactivated
from runtime.model.extension_lifecycle import ExtensionEvent, ExtensionState
from runtime.model.policy import Ruling, ruling_words
from runtime.model.records import Request, RequestState
from runtime.model.sx_code import SxCode

REMOVED_PROFILE = "the profile that allowed it being removed"


def ruled(known: KnownExtension, policy: Policy) -> KnownExtension:
    """An extension with what profiles say of it now."""
    record = msgspec.structs.replace(
        known.record,
        ruling=policy.ruling(known.manifest),
        kept=policy.keeping(known.manifest, in_window=True),
    )
    return KnownExtension(record, known.manifest)


def allowed(ruling: Ruling | None) -> bool:
    """Whether a profile allows it."""
    return ruling is not None and ruling.allowed


def forbidden(ruling: Ruling | None) -> bool:
    """Whether a profile forbids it."""
    return ruling is not None and not ruling.allowed


def refuse(change: Transaction, request: Request, ruling: Ruling) -> Request:
    """End a request that a profile forbids."""
    request = msgspec.structs.replace(request, ruling=ruling)
    by = ruling_words(ruling)
    code = SxCode.FORBIDDEN_BY_SYSTEM_POLICY
    return change.end(request, Ending(RequestState.FAILED, code, f"forbidden by {by}", by))


def enforce(
    change: Transaction, ledger: Ledger, before: KnownExtension, after: KnownExtension
) -> None:
    """Make an extension what its new ruling wants it to be."""
    if after.record == before.record:
        return
    change.put(after)
    ruling = after.record.ruling
    if after.record.state is ExtensionState.WAITING:
        _answer(change, ledger, after)
    elif after.record.state in (ExtensionState.ACTIVE, ExtensionState.DISABLED):
        approved = allowed(ruling) or ledger.is_approved(after)
        if forbidden(ruling):
            _disable(change, after)
        elif not approved:
            change.put(advanced(after, ExtensionEvent.DEACTIVATED))
            gone = Deactivated(after.record.id, after.record.name, REMOVED_PROFILE)
            change.details.append(gone)
        elif forbidden(before.record.ruling) and (after.manifest.trusted or ledger.developer):
            change.put(advanced(after, ExtensionEvent.PERMITTED))


def _answer(change: Transaction, ledger: Ledger, known: KnownExtension) -> None:
    """Complete, end or leave what waits for an extension."""
    ruling = known.record.ruling
    for waiting in ledger.waiting():
        if waiting.extension != known.record.id:
            continue
        request = change.changes.requests.get(waiting.id) or waiting
        if ruling is None:
            change.changes.requests[request.id] = msgspec.structs.replace(request, ruling=None)
        elif ruling.allowed:
            told = msgspec.structs.replace(request, ruling=ruling)
            change.complete(told, ruling_words(ruling))
        else:
            refuse(change, request, ruling)


def _disable(change: Transaction, known: KnownExtension) -> None:
    assert known.record.ruling is not None
    note = f"forbidden by {ruling_words(known.record.ruling)}"
    if known.record.state is ExtensionState.ACTIVE:
        known = advanced(known, ExtensionEvent.FORBIDDEN, note)
    record = msgspec.structs.replace(known.record, note=note)
    change.put(KnownExtension(record, known.manifest))
