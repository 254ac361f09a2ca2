"""Removing extensions: in all their versions, with their approvals and what waits.

An app that asks for it gets an item of the inbox, as for an activation, unless a profile lets its
user remove the extension alone.
Source: Apple SystemExtensions (deactivation asks an administrator), RemovableSystemExtensions.
Invariant: nothing is removed that a profile keeps.
"""

from collections.abc import Callable

import msgspec

from runtime.extensions.admission import check_limits
from runtime.extensions.contents import KnownExtension
from runtime.extensions.drafts import Asked, Ending, advanced, completed, new_request
from runtime.extensions.ledger import IN_FORCE, Ledger
from runtime.extensions.transaction import Transaction
from runtime.model.errors import ProblemError
from runtime.model.events import Deactivated, Requested
from runtime.model.extension_lifecycle import ExtensionEvent
from runtime.model.identity import BundleId
from runtime.model.policy import ruling_words
from runtime.model.records import DeviceHit, Extension, Request, Requester, RequestState
from runtime.model.sx_code import SxCode


class Removals:
    """Removals from one ledger, and requests for them.

    `now` returns nanoseconds since 1970, `nonce` an unguessable word.
    """

    def __init__(self, ledger: Ledger, now: Callable[[], int], nonce: Callable[[], str]) -> None:
        self._ledger = ledger
        self._now = now
        self._nonce = nonce

    def remove(self, bundle_id: BundleId, by: str) -> Extension:
        """Remove an extension in all its versions, with its approvals and waiting requests.

        Raises:
            ProblemError: ``not-found``: there is none; ``sx-10``: a profile keeps it.
        """
        change = Transaction(self._ledger, self._now())
        gone = remove(change, self._ledger, bundle_id, by)
        change.apply()
        return gone

    def remove_all(self, by: str) -> tuple[list[Extension], list[Extension]]:
        """Remove all extensions that no profile keeps; returns what went and what is kept."""
        change = Transaction(self._ledger, self._now())
        gone, kept = remove_all(change, self._ledger, by)
        change.apply()
        return gone, kept

    def ask(
        self, bundle_id: BundleId, requester: Requester, devices: tuple[DeviceHit, ...]
    ) -> Request:
        """Take a request for the removal of an extension; return it as it now stands.

        The same request again is counted, not added; it supersedes what the same user had waiting
        for the extension. `devices` are those that it matches.

        Raises:
            ProblemError: ``not-found``: there is no such extension; ``sx-10``: a profile keeps it;
                ``busy``: too many requests wait.
        """
        known = foremost(self._ledger, bundle_id)
        change = Transaction(self._ledger, self._now())
        for waiting in self._ledger.inbox():
            if waiting.removes and (waiting.bundle_id, waiting.uid) == (bundle_id, requester.uid):
                again = msgspec.structs.replace(waiting, count=waiting.count + 1, devices=devices)
                change.changes.requests[again.id] = again
                change.apply()
                return again
        number = self._ledger.number + 1
        asked = Asked(requester, requester.uid, (devices, ()), self._nonce(), change.now)
        request = msgspec.structs.replace(
            new_request(known, number, asked), removes=True, needs_developer=False
        )
        change.changes.number = number
        change.details.append(Requested(request.id, request.name, requester.app, removes=True))
        ruling = self._ledger.policy.removable(known.manifest)
        if ruling is not None and self.removable_by(bundle_id, requester.uid):
            request = remove_as_asked(change, self._ledger, request, ruling_words(ruling))
        else:
            check_limits(self._ledger, request)
            change.supersede(request)
            change.changes.requests[request.id] = request
        change.apply()
        return self._ledger.requests[request.id]

    def removable_by(self, bundle_id: BundleId, uid: int) -> bool:
        """Whether a profile lets this user, who asked for an extension, remove it alone."""
        return any(
            known.record.bundle_id == bundle_id
            and self._ledger.policy.removable(known.manifest) is not None
            and all(
                request.uid == uid
                for request in self._ledger.requests.values()
                if request.extension == known.record.id and request.activates
            )
            for known in self._ledger.extensions.values()
        )


def foremost(ledger: Ledger, bundle_id: BundleId) -> KnownExtension:
    """The version in force of an extension that may be removed, else its first one.

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
    first = max(versions, key=lambda known: known.record.state in IN_FORCE)
    check_removable(first, ledger)
    return first


def remove(change: Transaction, ledger: Ledger, bundle_id: BundleId, by: str) -> Extension:
    """Remove an extension; returns its version in force as it then stands, else its first.

    Raises:
        ProblemError: ``not-found``: there is none; ``sx-10``: a profile keeps it.
    """
    first = foremost(ledger, bundle_id).record
    change.details.append(Deactivated(first.id, first.name, by))
    ending = Ending(RequestState.CANCELED, SxCode.REQUEST_CANCELED, f"removed by {by}", by)
    for request in ledger.waiting():
        if request.bundle_id == bundle_id:
            change.end(request, ending)
    for known in ledger.extensions.values():
        if known.record.bundle_id == bundle_id:
            change.put(advanced(known, ExtensionEvent.DEACTIVATED))
    for key in ledger.decisions:
        if key[0] == bundle_id:
            change.changes.decisions[key] = None
    return change.extension(first.id).record


def remove_as_asked(change: Transaction, ledger: Ledger, request: Request, by: str) -> Request:
    """Remove what a request asks to remove; returns the request as it then stands.

    Raises:
        ProblemError: As `remove`.
    """
    remove(change, ledger, request.bundle_id, by)
    return change.finish(completed(request, by, change.now))


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


def check_removable(known: KnownExtension, ledger: Ledger) -> None:
    """Hold an extension to not being kept by a profile.

    Raises:
        ProblemError: ``sx-10``: one keeps it.
    """
    kept = ledger.policy.keeping(known.manifest)
    if kept is not None:
        raise ProblemError(
            f"sx-{int(SxCode.FORBIDDEN_BY_SYSTEM_POLICY)}",
            f"extension {known.record.bundle_id}: expected one that may be removed, found it "
            f"kept by {ruling_words(kept)}",
        )
