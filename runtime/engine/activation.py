"""From an app's request to drivers that may run: staging, decisions, the catalogue.

Runs in the event loop; what blocks runs in workers. An activation is answered when the
decision is on disk, the staged copy is verified and sealed, and matching is finished.
Invariant: nothing runs that the store does not hold as active.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from runtime.engine import worker
from runtime.engine.binding import Binding
from runtime.engine.bundles import Bundles, Runnable
from runtime.engine.hub import Hub
from runtime.engine.trusting import ChangeTrust
from runtime.engine.workers import Workers
from runtime.extensions.location import applications_folders
from runtime.extensions.requests import ActiveExtension, Extensions
from runtime.extensions.store import Store
from runtime.linux import places
from runtime.linux.sockets import Peer
from runtime.model.driver_lifecycle import Intent
from runtime.model.errors import ProblemError
from runtime.model.events import Detail, Noted
from runtime.model.identity import BundleId
from runtime.model.records import Extension, Request, Requester
from runtime.wire.commands.extensions import Activate, Decide
from runtime.wire.commands.policy import AddProfile, ListProfiles, ProfileList, RemoveProfile
from runtime.wire.commands.trust import AddTrust, ListTrust, RemoveTrust, Trusted

LOST = frozenset({"not-found", "changed"})
"""Codes of a staged copy that will not come back: its extension is invalid."""

RETRY_SECONDS = 5.0  # until a bundle that could not be loaded for another reason is tried again


class Activation:
    """Connects requests and decisions with what runs."""

    def __init__(
        self, state_dir: Path, hub: Hub, binding: Binding, bundles: Bundles, workers: Workers
    ) -> None:
        """Open the store.

        Raises:
            UnavailableError: It cannot be opened or written.
        """
        self._state_dir = state_dir
        self._hub = hub
        self._binding = binding
        self._bundles = bundles
        self._workers = workers
        self._refreshing = asyncio.Lock()
        self._staging = asyncio.Lock()  # what is staged and not yet recorded must not be swept
        self._retry: asyncio.TimerHandle | None = None
        self._retrying: asyncio.Task[None] | None = None
        store = Store(state_dir)
        self._close_store: Callable[[], None] = store.close
        self._extensions = Extensions(
            store, time.time_ns, lambda: secrets.token_hex(16), self._emit, hub.record
        )
        for extension in self._extensions.extensions():
            hub.record(extension)
        for request in self._extensions.requests():
            hub.record(request)
        hub.set_status(developer=self._extensions.developer)
        for note in store.notes:
            hub.note(note)

    def close(self) -> None:
        """Close the store; idempotent."""
        if self._retry is not None:
            self._retry.cancel()
        self._close_store()

    async def start(self) -> None:
        """Make ready what was approved in an earlier run, and drop what nothing refers to."""
        await self._refresh()
        async with self._staging:
            keep = tuple(self._extensions.referenced())
            try:
                await self._workers.sweep(str(self._state_dir), keep)
            except ProblemError as error:
                self._hub.note(str(error))  # it costs room, and nothing else

    async def activate(self, command: Activate, peer: Peer) -> Request:
        """Stage an app's extension and take its request.

        Raises:
            ProblemError: The bundle is refused, or too many requests wait.
        """
        folders = None
        if not self._extensions.developer:
            folders = tuple(
                str(folder) for folder in applications_folders(places.home_of(peer.uid))
            )
        job = worker.Stage(command.app_path, command.bundle_id, str(self._state_dir), folders)
        async with self._staging:
            staged = await self._workers.stage(job)
            requester = Requester(
                app=staged.app,
                app_path=staged.app_path,
                pid=peer.pid,
                uid=peer.uid,
                user=user_name(peer.uid),
                program=_program(peer.pid),
            )
            personalities = staged.manifest.personalities(staged.content_hash)
            devices = self._binding.hits(personalities)
            request = self._extensions.activate(staged, requester, peer.uid, devices)
        await self._refresh()
        return request

    async def decide(self, command: Decide, by: str) -> Request:
        """Apply a decision and everything that follows from it.

        Raises:
            ProblemError: It does not fit what is asked for now.
        """
        request = self._extensions.decide(
            command.request,
            command.content_hash,
            command.nonce,
            approve=command.approve,
            note=command.note,
            by=by,
        )
        await self._refresh()
        return request

    def idle(self) -> list[ActiveExtension]:
        """Extensions that could run, if they were approved or developer mode were on."""
        return self._extensions.idle()

    async def deactivate(self, bundle_id: BundleId, by: str) -> Extension:
        """Remove an extension; its drivers are being stopped when this returns.

        Raises:
            ProblemError: There is none.
        """
        extension = self._extensions.deactivate(bundle_id, by)
        await self._refresh()
        return extension

    async def change_trust(self, command: ListTrust | AddTrust | RemoveTrust, by: str) -> Trusted:
        """Carry out a command about trust; changes are journaled with who made them.

        Raises:
            ProblemError: It is refused.
        """
        done = await self._workers.change_trust(ChangeTrust(str(self._state_dir), command))
        if not isinstance(command, ListTrust):
            what = "trusted" if isinstance(command, AddTrust) else "no longer trusted"
            for item in done.items:
                purpose = f" ({item.purpose})" if item.purpose else ""
                self._emit(Noted(f"{item.name}{purpose} {what}, by {by}: {item.fingerprint}"))
        return done

    async def change_policy(
        self, command: ListProfiles | AddProfile | RemoveProfile, by: str
    ) -> ProfileList:
        """Carry out a command about profiles, and everything that follows from it.

        Raises:
            ProblemError: It is refused.
        """
        profiles = self._extensions.profiles
        match command:
            case ListProfiles():
                return ProfileList(tuple(profiles.all()))
            case AddProfile(data=data, label=label):
                profile = profiles.add(await self._workers.read_profile(data, label), by)
            case RemoveProfile(identifier=identifier):
                profile = profiles.remove(identifier, by)
        await self._refresh()
        return ProfileList((profile,))

    async def set_developer(self, *, on: bool, by: str) -> None:
        """Turn developer mode on or off."""
        self._extensions.set_developer(on=on, by=by)
        self._hub.set_status(developer=self._extensions.developer)
        await self._refresh()

    async def _refresh(self) -> None:
        """Make catalogue and bundles equal to what may run."""
        async with self._refreshing:
            active = {item.extension.bundle_id: item for item in self._extensions.active()}
            for bundle_id, content_hash in self._bundles.hashes().items():
                item = active.get(BundleId(bundle_id))
                if item is None or item.extension.content_hash != content_hash:
                    intent = Intent.STOP if item is None else Intent.UPGRADE
                    self._binding.remove(BundleId(bundle_id), intent)
                    self._bundles.drop(bundle_id)
            for bundle_id, item in active.items():
                if self._bundles.get(bundle_id) is None:
                    await self._make_runnable(item)

    async def _make_runnable(self, item: ActiveExtension) -> None:
        extension = item.extension
        try:
            memfd = await self._workers.load(str(self._state_dir), extension.content_hash)
        except ProblemError as error:
            if error.code in LOST:
                self._extensions.broken(extension.id, str(error))
            else:
                self._emit(Noted(f"{extension.name} cannot run for now: {error}"))
                self._again()
            return
        self._bundles.put(
            Runnable(
                extension.bundle_id,
                extension.content_hash,
                item.executable,
                item.entitlements,
                memfd,
            )
        )
        self._binding.add(extension.bundle_id, item.personalities)

    def _again(self) -> None:
        """Try later to make what may run run; approved things are not lost to a bad minute."""
        loop = asyncio.get_running_loop()

        def refresh() -> None:
            self._retrying = loop.create_task(self._refresh())

        if self._retry is not None:
            self._retry.cancel()
        self._retry = loop.call_later(RETRY_SECONDS, refresh)

    def _emit(self, detail: Detail) -> None:
        self._hub.event(detail)


def user_name(uid: int) -> str:
    """A user's name for sentences; a container may run as a user without an account."""
    try:
        return places.account(uid).pw_name
    except ProblemError:
        return f"user {uid}"


def _program(pid: int) -> str:
    """The executable of a process, empty when it cannot be seen."""
    with contextlib.suppress(OSError):
        return str(Path(f"/proc/{pid}/exe").readlink())
    return ""
