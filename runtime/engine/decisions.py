"""The commands about what may run: requests, decisions, trust, profiles, and their audit.

Runs in the event loop; who may ask for what is `authority`'s concern, and was looked at before.
Invariant: a decision names who made it.
"""

from runtime.engine.activation import Activation
from runtime.engine.connection import ClientConnection
from runtime.engine.hub import Hub
from runtime.engine.requesters import user_name
from runtime.linux.sockets import Peer
from runtime.model.audit import AuditEntry, Deed
from runtime.model.errors import ProblemError
from runtime.model.identity import RequestId
from runtime.wire.commands.audit import CollectGarbage, ReadAudit, Removed, Reset, Shown
from runtime.wire.commands.extensions import (
    Activate,
    Deactivate,
    Decide,
    ReadIcon,
    RequestRemoval,
    Revoke,
    SetDeveloperMode,
    Submit,
    Undo,
    Withdraw,
)
from runtime.wire.commands.policy import AddProfile, ListProfiles, RemoveProfile
from runtime.wire.commands.trust import AddTrust, ListTrust, RemoveTrust

Asking = (
    Activate
    | Submit
    | Withdraw
    | RequestRemoval
    | ReadIcon
    | Shown
    | ReadAudit
    | ListTrust
    | ListProfiles
)
Deciding = (
    Decide
    | Deactivate
    | Revoke
    | Undo
    | SetDeveloperMode
    | AddTrust
    | RemoveTrust
    | AddProfile
    | RemoveProfile
    | Reset
    | CollectGarbage
)


class Decisions:
    """Carries out what apps ask for and what somebody decides."""

    def __init__(self, hub: Hub, activation: Activation) -> None:
        self._hub = hub
        self._activation = activation

    async def ask(self, command: Asking, peer: Peer) -> object:
        """What any client may ask.

        Raises:
            ProblemError: It is refused.
        """
        result: object = None
        match command:
            case Activate():
                result = await self._activation.activate(command, peer)
            case Submit():
                result = await self._activation.submit(command, peer)
            case Withdraw(request=request):
                result = self._activation.withdraw(request, peer)
            case RequestRemoval(bundle_id=bundle_id):
                result = await self._activation.retiring.request(bundle_id, peer)
            case ReadIcon(extension=extension):
                result = await self._activation.icon(extension)
            case Shown(request=request):
                self._shown(request, user_name(peer.uid))
            case ReadAudit(before=before):
                result = self._activation.audit.page(before)
            case ListTrust():
                result = await self._activation.change_trust(command, "")
            case ListProfiles():
                result = await self._activation.change_policy(command, "")
        return result

    async def decide(self, command: Deciding, client: ClientConnection) -> object:
        """What changes what may run.

        Raises:
            ProblemError: It is refused.
        """
        by = user_name(client.peer.uid)
        result: object
        match command:
            case Decide():
                result = await self._activation.decide(command, by)
            case Deactivate(bundle_id=bundle_id):
                result = await self._activation.retiring.deactivate(bundle_id, by)
            case Revoke(bundle_id=bundle_id, note=note):
                result = await self._activation.retiring.revoke(bundle_id, note, by)
            case Undo(request=request):
                result = await self._activation.retiring.undo(request, by)
            case SetDeveloperMode(on=on):
                await self._activation.set_developer(on=on, by=by)
                result = self._hub.status_for(client)
            case AddTrust() | RemoveTrust():
                result = await self._activation.change_trust(command, by)
            case AddProfile() | RemoveProfile():
                result = await self._activation.change_policy(command, by)
            case Reset():
                gone, kept = await self._activation.retiring.reset(by)
                result = Removed(tuple(gone), tuple(kept))
            case CollectGarbage():
                result = await self._activation.collect_garbage()
        return result

    def _shown(self, request_id: RequestId, by: str) -> None:
        request = self._hub.source.requests.get(request_id)
        if request is None:
            raise ProblemError(
                "not-found", f"request {request_id}: expected one that is known, found none"
            )
        entry = AuditEntry(Deed.SHOWN, request_id, request.name, by)
        self._activation.audit.record_once(entry)
