"""Who may have which command carried out by the system service: whom polkit calls one who may.

Everybody may look, ask for an activation or a removal, and deny, undo and revoke their own; logs
and crash reports are for those who may read the machine's. What else changes something needs
polkit's yes for the process that connected, by somebody in an active, local, unlocked session, as
logind says. Root needs neither. The password dialog goes away with who asked.
Source: polkit and logind; docs/service.md has the table.
Invariant: no answer is never a yes; a command that is not known here needs authority.
"""

import asyncio
import enum
import grp
from collections.abc import Callable, Iterable

from runtime.engine.connection import ClientConnection
from runtime.engine.hub import Hub
from runtime.linux import logind, polkit
from runtime.linux.bus import Bus, BusError
from runtime.linux.sockets import Peer
from runtime.model.audit import AuditEntry, Deed
from runtime.model.errors import ProblemError, UnavailableError
from runtime.model.identity import BundleId
from runtime.wire.commands import Command
from runtime.wire.commands.audit import CollectGarbage, ReadAudit, Reset, Shown
from runtime.wire.commands.drivers import (
    CrashDriver,
    DebugDriver,
    ListCrashes,
    ReadCrash,
    ReadLog,
    ReadProcesses,
)
from runtime.wire.commands.extensions import (
    Activate,
    Deactivate,
    Decide,
    InstallSample,
    ReadIcon,
    RequestRemoval,
    Revoke,
    SetDeveloperMode,
    Submit,
    Undo,
    Withdraw,
)
from runtime.wire.commands.lifetime import Detach, Quit
from runtime.wire.commands.policy import AddProfile, ListProfiles, RemoveProfile
from runtime.wire.commands.registry import (
    Describe,
    Explain,
    ExplainExtension,
    GetRecords,
    ReadHistory,
    ReadValue,
    Subscribe,
    Topic,
)
from runtime.wire.commands.services import OpenService
from runtime.wire.commands.trust import AddTrust, ListTrust, RemoveTrust

ANSWER_SECONDS = 110.0  # for a password: less than a command waits for its answer
DETAIL = 80  # characters of a name in a password dialog


class Action(enum.StrEnum):
    """Actions of the polkit policy file."""

    APPROVE = "org.ioregistry.Inspector.approve"
    EXTENSIONS = "org.ioregistry.Inspector.manage-extensions"
    POLICY = "org.ioregistry.Inspector.manage-policy"
    DRIVERS = "org.ioregistry.Inspector.manage-drivers"
    DEVELOPER = "org.ioregistry.Inspector.developer-mode"


_FREE = (
    *(Subscribe, GetRecords, Describe, ReadHistory, ReadValue, Explain, ExplainExtension),
    *(ReadProcesses, ListTrust, ListProfiles),
    *(Activate, Submit, Withdraw, RequestRemoval, ReadIcon, Shown, ReadAudit, Detach),
    OpenService,  # by the entitlement of the app, which `user_clients` looks at
)
_LOGS = (ReadLog, ListCrashes, ReadCrash)
LOG_READERS = ("adm", "systemd-journal")  # groups that read the journal, too: systemd-journald(8)
_ACTIONS: dict[type, Action] = {
    Deactivate: Action.EXTENSIONS,
    Revoke: Action.EXTENSIONS,
    Undo: Action.EXTENSIONS,
    Reset: Action.EXTENSIONS,
    CollectGarbage: Action.EXTENSIONS,
    AddTrust: Action.POLICY,
    RemoveTrust: Action.POLICY,
    AddProfile: Action.POLICY,
    RemoveProfile: Action.POLICY,
    SetDeveloperMode: Action.DEVELOPER,
    DebugDriver: Action.DEVELOPER,
    CrashDriver: Action.DEVELOPER,
}
_NEVER: dict[type, str] = {
    Quit: "the service is ended by `systemctl stop ioregistry`",
    InstallSample: "the service writes in nobody's home; copy the sample app there",
}


class AdministratorsAuthority:
    """Asks polkit and logind.

    `removable_by` says what a profile lets a user remove alone, `approved_for` what is approved
    for a user and nobody else.
    """

    def __init__(
        self,
        hub: Hub,
        bus: Bus,
        removable_by: Callable[[BundleId, int], bool],
        approved_for: Callable[[BundleId, int], bool],
        record: Callable[[AuditEntry], None],
    ) -> None:
        """`record` takes entries for the audit."""
        self._hub = hub
        self._bus = bus
        self._removable_by = removable_by
        self._approved_for = approved_for
        self._record = record
        self._asked: set[int] = set()  # users who have a password dialog open

    async def require(self, client: ClientConnection, command: Command) -> None:
        """As `runtime.engine.authority` says; asks for a password where polkit wants one."""
        if type(command) in _NEVER:
            raise ProblemError("not-allowed", _NEVER[type(command)])
        peer = client.peer
        if peer.uid == 0 or isinstance(command, _FREE) or self._is_own(command, peer.uid):
            return
        if isinstance(command, _LOGS):
            _require_reader(peer)
            return
        action, details = self._action(command)
        by = f"user {peer.uid}, pid {peer.pid} of {peer.started}"
        what = " ".join(details.values())
        try:
            await self._authorize(client, action, details)
        except ProblemError as error:
            self._record(AuditEntry(Deed.AUTHORITY, action, what, by, str(error)))
            raise
        self._record(AuditEntry(Deed.AUTHORITY, action, what, by, "polkit's yes"))

    def topics(self, client: ClientConnection, wanted: Iterable[Topic]) -> tuple[Topic, ...]:
        """As `runtime.engine.authority` says: drivers' logs are not everybody's."""
        shown = _reads_logs(client.peer)
        return tuple(topic for topic in wanted if shown or topic is not Topic.LOGS)

    async def _authorize(
        self, client: ClientConnection, action: Action, details: dict[str, str]
    ) -> None:
        peer = client.peer
        await self._check_session(peer)
        if peer.uid in self._asked:
            raise ProblemError(
                "busy", f"user {peer.uid}: expected one question at a time, found another open"
            )
        self._asked.add(peer.uid)
        try:
            await self._ask(client, action, details)
        finally:
            self._asked.discard(peer.uid)
        await self._check_session(peer)  # a password takes time

    def _is_own(self, command: Command, uid: int) -> bool:
        """Denying, undoing and revoking one's own, and removing what a profile says one may."""
        match command:
            case Decide(approve=False, request=asked) | Undo(request=asked):
                request = self._hub.source.requests.get(asked)
                return request is not None and request.uid == uid
            case Revoke(bundle_id=bundle_id):
                return self._approved_for(bundle_id, uid)
            case Deactivate(bundle_id=bundle_id):
                return self._removable_by(bundle_id, uid)
            case _:
                return False

    def _action(self, command: Command) -> tuple[Action, dict[str, str]]:
        if not isinstance(command, Decide):
            action = _ACTIONS.get(type(command), Action.DRIVERS)
            return action, {"verb": type(command).__name__}
        request = self._hub.source.requests.get(command.request)
        name, version = (request.name, request.short_version) if request is not None else ("", "")
        details = {
            "verb": "approve" if command.approve else "deny",
            "extension": _shown(name),
            "version": _shown(version),
            "hash": command.content_hash[:12],
        }
        return (Action.APPROVE if command.approve else Action.EXTENSIONS), details

    async def _check_session(self, peer: Peer) -> None:
        try:
            session = await logind.session_of(self._bus, peer)
        except (BusError, UnavailableError) as error:
            raise _refused(f"logind to say where user {peer.uid} sits", f"{error}") from None
        if session is None or session.uid != peer.uid:
            raise _refused(f"user {peer.uid} to sit at this machine", "no session")
        for fulfilled, wanted, found in (
            (not session.remote, "a local session", "a remote one"),
            (session.active, "the session that is shown", "one in the background"),
            (not session.locked, "an unlocked session", "a locked one"),
        ):
            if not fulfilled:
                raise _refused(wanted, found)

    async def _ask(self, client: ClientConnection, action: Action, details: dict[str, str]) -> None:
        question = polkit.Question(self._bus)
        asking = asyncio.ensure_future(question.ask(client.peer, action, details, ANSWER_SECONDS))
        left = asyncio.ensure_future(client.left.wait())
        try:
            await asyncio.wait({asking, left}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise _refused("who asked to wait for the password", "that it left")
            verdict = asking.result()
        except UnavailableError as error:
            raise ProblemError("not-allowed", str(error)) from None
        finally:
            left.cancel()
            if not asking.done() or asking.exception() is not None:
                asking.cancel()
                await question.cancel()
        if not verdict.authorized:
            raise _refused("an administrator's yes", _why(verdict))


def _reads_logs(peer: Peer) -> bool:
    """Whether a peer may read what drivers say, which may be of what is typed and moved."""
    return peer.uid == 0 or any(_is_member(peer, group) for group in LOG_READERS)


def _is_member(peer: Peer, group: str) -> bool:
    try:
        return grp.getgrnam(group).gr_gid in {peer.gid, *peer.groups}
    except KeyError:  # this machine has no such group
        return False


def _require_reader(peer: Peer) -> None:
    if not _reads_logs(peer):
        raise ProblemError(
            "not-allowed",
            f"logs and crash reports: expected root or a member of {' or '.join(LOG_READERS)}, "
            f"found user {peer.uid}",
        )


def _why(verdict: polkit.Verdict) -> str:
    if verdict.dismissed:
        return "that the password dialog was closed"
    if verdict.challenge:
        return "nobody to ask for a password: no polkit agent runs in this session"
    return "polkit's no"


def _refused(expected: str, found: str) -> ProblemError:
    return ProblemError("not-allowed", f"authority: expected {expected}, found {found}")


def _shown(text: str) -> str:
    """A name from outside for a password dialog."""
    return "".join(char for char in text if char.isprintable())[:DETAIL]
