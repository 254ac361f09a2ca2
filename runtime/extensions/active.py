"""Extensions with what the launch of their drivers needs.

Invariant: a view of the ledger; says nothing of whether they may run.
"""

import msgspec

from runtime.extensions.ledger import Ledger
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.personality import Personality
from runtime.model.properties import Properties
from runtime.model.records import Extension


class ActiveExtension(msgspec.Struct, frozen=True):
    """An extension that may run, or could, with what its launch needs of the manifest."""

    extension: Extension
    personalities: tuple[Personality, ...]
    entitlements: Properties
    executable: str


def those_in(ledger: Ledger, *states: ExtensionState) -> list[ActiveExtension]:
    """The extensions in these states, oldest first."""
    return [
        ActiveExtension(
            known.record,
            known.manifest.personalities(known.record.content_hash),
            known.manifest.entitlements(),
            known.manifest.executable,
        )
        for known in ledger.extensions.values()
        if known.record.state in states
    ]
