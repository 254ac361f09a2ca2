"""What signatures are worth now, and what follows: trust changes, certificates expire.

What is not trusted any more is disabled, and says why; what is trusted again runs again. Requests
that wait show the new verdict.
Invariant: verdicts come from a worker; the state of an extension moves by its table alone.
"""

from collections.abc import Callable, Iterable

import msgspec

from runtime.extensions.contents import KnownExtension
from runtime.extensions.drafts import advanced
from runtime.extensions.enforcing import enforce, forbidden, ruled
from runtime.extensions.ledger import Ledger
from runtime.extensions.manifest import NOT_SIGNED
from runtime.extensions.transaction import Transaction
from runtime.extensions.upgrades import conclude
from runtime.model.events import Noted
from runtime.model.extension_lifecycle import ExtensionEvent, ExtensionState
from runtime.model.identity import ContentHash


class Verdict(msgspec.Struct, frozen=True, array_like=True):
    """What an extension's signature is worth now, as `Signature` says it."""

    content_hash: ContentHash
    words: str
    team_id: str
    trusted: bool
    reason: str


class Verdicts:
    """Applies verdicts to one ledger; `now` in ns since 1970, `nonce` an unguessable word."""

    def __init__(self, ledger: Ledger, now: Callable[[], int], nonce: Callable[[], str]) -> None:
        self._ledger = ledger
        self._now = now
        self._nonce = nonce

    def judgeable(self) -> list[ContentHash]:
        """The content of everything that is signed, and so may be worth something else now."""
        return [
            known.record.content_hash
            for known in self._ledger.extensions.values()
            if known.manifest.signature != NOT_SIGNED
        ]

    def apply(self, verdicts: Iterable[Verdict]) -> None:
        """Take verdicts over; does nothing where they are the old ones.

        Raises:
            UnavailableError: The store cannot be written; nothing has changed.
        """
        found = {verdict.content_hash: verdict for verdict in verdicts}
        others = [
            (known.record.id, verdict)
            for known in self._ledger.extensions.values()
            if (verdict := found.get(known.record.content_hash)) and _differs(known, verdict)
        ]
        if not others:
            return
        change = Transaction(self._ledger, self._now())
        conclude(change, self._ledger)
        for extension_id, verdict in others:
            self._apply(change, change.extension(extension_id), verdict)
        change.apply()

    def _apply(self, change: Transaction, before: KnownExtension, verdict: Verdict) -> None:
        manifest = msgspec.structs.replace(
            before.manifest,
            signature=verdict.words,
            team_id=verdict.team_id,
            trusted=verdict.trusted,
        )
        record = msgspec.structs.replace(
            before.record, signature=verdict.words, team_id=verdict.team_id
        )
        after = ruled(KnownExtension(record, manifest), self._ledger.policy)
        change.put(after)
        if after.record.ruling != before.record.ruling:
            enforce(change, self._ledger, before, after)
        self._show(change, after)
        after = change.extension(before.record.id)
        state, may_run = after.record.state, verdict.trusted or self._ledger.developer
        name = f"{after.record.name} {after.record.short_version}"
        if state is ExtensionState.ACTIVE and not may_run:
            change.put(advanced(after, ExtensionEvent.DISTRUSTED, verdict.reason))
            change.details.append(Noted(f"{name} may not run any more: {verdict.reason}"))
        elif state is ExtensionState.DISABLED and may_run and not forbidden(after.record.ruling):
            change.put(advanced(after, ExtensionEvent.TRUSTED))
            change.details.append(Noted(f"{name} may run again: {verdict.words}"))

    def _show(self, change: Transaction, known: KnownExtension) -> None:
        """What waits for it shows the verdict, and has to be read again."""
        for waiting in self._ledger.waiting():
            if waiting.extension != known.record.id:
                continue
            request = msgspec.structs.replace(
                change.changes.requests.get(waiting.id) or waiting,
                signature=known.record.signature,
                needs_developer=not known.manifest.trusted,
                nonce=self._nonce(),
            )
            change.changes.requests[request.id] = request
            may_run = known.manifest.trusted or self._ledger.developer
            answer = self._ledger.answer(request)
            if may_run and answer is not None and not forbidden(known.record.ruling):
                change.complete(request, answer.by)


def _differs(known: KnownExtension, verdict: Verdict) -> bool:
    manifest = known.manifest
    old = (manifest.signature, manifest.team_id, manifest.trusted)
    return old != (verdict.words, verdict.team_id, verdict.trusted)
