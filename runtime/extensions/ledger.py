"""What is known of extensions, requests and decisions: the store's content, kept in memory.

Invariant: a change is committed to the store before it is remembered, and remembered before
anybody hears of it.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from runtime.extensions.contents import Changes, DecisionKey, KnownExtension, StoredDecision
from runtime.extensions.policy import Policy
from runtime.extensions.store import Store
from runtime.model.events import Detail
from runtime.model.extension_lifecycle import RUNNABLE, ExtensionState
from runtime.model.identity import BundleId
from runtime.model.policy import ruling_words
from runtime.model.records import Extension, Request, RequestState

K = TypeVar("K")
V = TypeVar("V")

IN_FORCE = frozenset(
    {
        ExtensionState.ACTIVE,
        ExtensionState.DISABLED,
        ExtensionState.UPGRADING,
        ExtensionState.GIVING_WAY,
    }
)
"""Approved now, enabled or not: at most one version of a bundle id, and the one it replaces."""


class Ledger:
    """The records, and the one way to change them.

    `emit` gets events, `changed` every record that is new or another.
    """

    def __init__(
        self,
        store: Store,
        emit: Callable[[Detail], None],
        changed: Callable[[Extension | Request], None],
    ) -> None:
        contents = store.read()
        self._store = store
        self._emit = emit
        self._changed = changed
        self.extensions = contents.extensions
        self.requests = contents.requests
        self.decisions = contents.decisions
        self.takeovers = contents.takeovers
        self.profiles = contents.profiles
        self.policy = Policy(self.profiles.values())
        self.developer = contents.developer
        self.number = contents.number

    def apply(self, changes: Changes, details: list[Detail]) -> None:
        """Commit changes, then remember them, then tell. A removed extension leaves the store.

        Raises:
            UnavailableError: The store cannot be written; nothing has changed.
        """
        told: list[Extension | Request] = [
            *(known.record for known in changes.extensions.values() if known is not None),
            *(request for request in changes.requests.values() if request is not None),
        ]
        for extension_id, known in changes.extensions.items():
            if known is not None and known.record.state is ExtensionState.REMOVED:
                changes.extensions[extension_id] = None
        self._store.commit(changes)
        _merge(self.extensions, changes.extensions)
        _merge(self.requests, changes.requests)
        _merge(self.decisions, changes.decisions)
        _merge(self.takeovers, changes.takeovers)
        for identifier in changes.profiles:
            self.profiles.pop(identifier, None)  # an exchanged one goes to the end, as in the store
        _merge(self.profiles, changes.profiles)
        self.policy = Policy(self.profiles.values())
        self.developer = self.developer if changes.developer is None else changes.developer
        self.number = self.number if changes.number is None else changes.number
        for record in told:
            self._changed(record)
        for detail in details:
            self._emit(detail)

    def inbox(self) -> list[Request]:
        """All requests that wait for a decision, oldest first."""
        return [r for r in self.requests.values() if r.state is RequestState.WAITING]

    def waiting(self) -> list[Request]:
        """The activation requests that wait for a decision, oldest first."""
        return [request for request in self.inbox() if request.activates]

    def repeated(self, key: DecisionKey) -> Request | None:
        """The newest activation request of a key, if it waits or is completed and still holds."""
        for request in reversed(self.requests.values()):
            if decision_key(request) == key and request.activates:
                break
        else:
            return None
        known = self.extensions.get(request.extension)
        active = known is not None and known.record.state in RUNNABLE
        approved = self.approval(request) is not None  # a removal takes approvals back
        holds = request.state is RequestState.COMPLETED and active and approved
        return request if holds or request.state is RequestState.WAITING else None

    def in_force(self, bundle_id: BundleId, changes: Changes) -> Iterator[KnownExtension]:
        """The versions of a bundle that are in force once `changes` are applied."""
        after: dict[str, KnownExtension | None] = {**self.extensions, **changes.extensions}
        for known in after.values():
            if (
                known is not None
                and known.record.bundle_id == bundle_id
                and known.record.state in IN_FORCE
            ):
                yield known

    def approval(self, request: Request) -> StoredDecision | None:
        """The approval that already holds for a request: a profile's, else somebody's."""
        known = self.extensions.get(request.extension)
        ruling = known.record.ruling if known is not None else request.ruling
        if ruling is not None:
            return StoredDecision(True, ruling_words(ruling), "", 0) if ruling.allowed else None
        return self.answer(request)

    def answer(self, request: Request) -> StoredDecision | None:
        """The approval that somebody gave to what a request is about, whatever profiles say."""
        decision = self.decisions.get(decision_key(request))
        return decision if decision is not None and decision.approved else None

    def is_approved(self, known: KnownExtension) -> bool:
        """Whether somebody approved an extension in this content."""
        record = known.record
        content = (record.bundle_id, record.content_hash)
        return any(key[:2] == content and each.approved for key, each in self.decisions.items())


def decision_key(request: Request) -> DecisionKey:
    """What a decision on a request belongs to."""
    return request.bundle_id, request.content_hash, request.uid


def _merge(into: dict[K, V], changes: dict[K, V | None]) -> None:
    for key, value in changes.items():
        if value is None:
            into.pop(key, None)
        else:
            into[key] = value
