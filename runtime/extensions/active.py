"""Extensions with what the launch of their drivers needs, and the apps that they came in.

Invariant: a view of the ledger; says nothing of whether they may run.
"""

import msgspec

from runtime.extensions.ledger import Ledger
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import BundleId
from runtime.model.personality import Personality
from runtime.model.properties import Properties
from runtime.model.records import Extension, RequestState

_LASTING = (RequestState.WAITING, RequestState.COMPLETED)


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


def apps_of(ledger: Ledger) -> dict[BundleId, frozenset[str]]:
    """The paths of the apps that asked for each extension, for any user and version."""
    found = {known.record.id: {known.record.app_path} for known in ledger.extensions.values()}
    for request in ledger.requests.values():
        if request.extension in found and request.state in _LASTING:
            found[request.extension].add(request.requester.app_path)
    apps: dict[BundleId, frozenset[str]] = {}
    for known in ledger.extensions.values():
        bundle_id = known.record.bundle_id
        apps[bundle_id] = apps.get(bundle_id, frozenset()) | found[known.record.id]
    return apps
