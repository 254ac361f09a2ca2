"""Developer mode: while it is on, extensions may run that nobody vouches for, once approved.

Invariant: only adds to a transaction; the state of an extension moves by its table alone.
"""

from runtime.extensions.drafts import advanced
from runtime.extensions.enforcing import forbidden
from runtime.extensions.ledger import Ledger
from runtime.extensions.transaction import Transaction
from runtime.extensions.upgrades import conclude
from runtime.model.events import DeveloperMode
from runtime.model.extension_lifecycle import ExtensionEvent, ExtensionState


def switch(change: Transaction, ledger: Ledger, *, on: bool, by: str) -> None:
    """Turn it on or off: what is not trusted is enabled or disabled, what waited for it runs."""
    change.changes.developer = on
    change.details.append(DeveloperMode(on, by))
    state = ExtensionState.DISABLED if on else ExtensionState.ACTIVE
    event = ExtensionEvent.DEVELOPER_ON if on else ExtensionEvent.DEVELOPER_OFF
    conclude(change, ledger)
    for extension_id in ledger.extensions:
        known = change.extension(extension_id)
        held = known.manifest.trusted or forbidden(known.record.ruling)
        if known.record.state is state and not held:
            change.put(advanced(known, event))
    for request in ledger.waiting() if on else []:
        approval = ledger.approval(request)
        if approval is not None:
            change.complete(request, approval.by)
