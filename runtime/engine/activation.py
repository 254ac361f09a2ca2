"""From an app's request to drivers that may run: staging, decisions, the catalogue.

Runs in the event loop; what blocks runs in workers. An activation is answered when the
decision is on disk, the staged copy is verified and sealed, and matching is finished.
Invariant: nothing runs that the store does not hold as active.
"""

import asyncio
import functools
import logging
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from runtime.engine import worker
from runtime.engine.app_watch import AppWatch
from runtime.engine.auditing import Auditing
from runtime.engine.binding import Binding
from runtime.engine.bundles import Bundles
from runtime.engine.crowding import Crowding
from runtime.engine.hub import Hub
from runtime.engine.judging import Judging
from runtime.engine.readying import Readying
from runtime.engine.requesters import requester, user_name
from runtime.engine.retiring import Retiring
from runtime.engine.trusting import ChangeTrust
from runtime.engine.workers import Workers
from runtime.extensions.active import ActiveExtension
from runtime.extensions.location import applications_folders
from runtime.extensions.requests import Extensions
from runtime.extensions.staging import Staged
from runtime.extensions.store import Store
from runtime.linux import places
from runtime.linux.sockets import Peer
from runtime.model.audit import AuditEntry, Deed
from runtime.model.errors import ProblemError
from runtime.model.events import Detail, Noted
from runtime.model.icon import Icon
from runtime.model.identity import BundleId, RequestId
from runtime.model.records import DeviceHit, Request
from runtime.wire.commands.extensions import Activate, Decide, Replacing, Submit
from runtime.wire.commands.policy import AddProfile, ListProfiles, ProfileList, RemoveProfile
from runtime.wire.commands.trust import AddTrust, ListTrust, RemoveTrust, Trusted

_log = logging.getLogger("runtime.activation")


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
        self._workers = workers
        self._crowding = Crowding()
        self._staging = asyncio.Lock()  # what is staged and not yet recorded must not be swept
        store = Store(state_dir)
        self._close_store: Callable[[], None] = store.close
        self._keeps_broken = store.keeps_broken
        self._extensions = Extensions(
            store, time.time_ns, lambda: secrets.token_hex(16), self._emit, hub.record
        )
        load = functools.partial(workers.load, str(state_dir))
        self.audit = Auditing(store)
        self._readying = Readying(self._extensions, binding, bundles, load, self._emit)
        judge = functools.partial(workers.judge, str(state_dir))
        self._judging = Judging(
            self._extensions.verdicts, judge, self._readying.refresh, self._note
        )
        self._apps = AppWatch(
            self._extensions.apps, workers.missing_apps, self._app_removed, self._note
        )
        self.retiring = Retiring(
            state_dir, self._extensions, binding, workers, self._readying.refresh
        )
        self.takeovers = self._extensions.takeovers
        self.approved_for = self._extensions.retractions.approved_for
        self.removable_by = self._extensions.removals.removable_by
        self.driver_changed = self._readying.upgrading.driver_changed
        for extension in self._extensions.extensions():
            hub.record(extension)
        for request in self._extensions.requests():
            hub.record(request)
        hub.set_status(developer=self._extensions.developer)
        for note in store.notes:
            _log.warning("%s", note)  # a service has no window to tell it in
            hub.note(note)

    def close(self) -> None:
        """Close the store; idempotent."""
        self._apps.close()
        self._judging.close()
        self._readying.close()
        self._close_store()

    async def start(self) -> None:
        """Make ready what was approved in an earlier run, and drop what nothing refers to."""
        await self._judging.start()
        await self._readying.refresh()
        await self._apps.start()
        if self._keeps_broken():
            return  # what it approved is to be there when somebody mends it; `gc` deletes it
        try:
            await self.collect_garbage()
        except ProblemError as error:
            self._hub.note(str(error))  # it costs room, and nothing else

    async def collect_garbage(self) -> int:
        """Delete staged bundles that no extension refers to; returns how many there were.

        Raises:
            ProblemError: They could not be deleted.
        """
        async with self._staging:
            keep = tuple(self._extensions.referenced())
            return await self._workers.sweep(str(self._state_dir), keep)

    async def activate(self, command: Activate, peer: Peer) -> Request:
        """Stage an app's extension and take its request, whatever it would replace.

        Raises:
            ProblemError: The bundle is refused, or too many requests wait.
        """
        request = await self._submitted(command, peer, None)
        assert isinstance(request, Request)
        return request

    async def submit(self, command: Submit, peer: Peer) -> Request | Replacing:
        """`activate` for an app that is asked before another version is replaced.

        Raises:
            ProblemError: As `activate`.
        """
        return await self._submitted(command, peer, command.replaces)

    def withdraw(self, request: RequestId, peer: Peer) -> Request:
        """Take back what waits, for the user who asked.

        Raises:
            ProblemError: ``not-found``, ``not-allowed`` or ``decided``.
        """
        return self._extensions.withdraw(request, peer.uid, user_name(peer.uid))

    async def _submitted(
        self, command: Activate | Submit, peer: Peer, replaces: str | None
    ) -> Request | Replacing:
        """Stage and take a request; `replaces` None asks nobody."""
        folders = None
        if not self._extensions.developer:
            folders = tuple(
                str(folder) for folder in applications_folders(places.home_of(peer.uid))
            )
        job = worker.Stage(
            command.app_path, command.bundle_id, str(self._state_dir), folders, peer.uid
        )
        with self._crowding.let_in(peer):
            return await self._staged(job, peer, replaces)

    async def _staged(
        self, job: worker.Stage, peer: Peer, replaces: str | None
    ) -> Request | Replacing:
        async with self._staging:
            staged = await self._workers.stage(job)
            replacing = self._extensions.replacing(staged)
            if replacing is not None and replaces not in (None, replacing.existing.id):
                return replacing
            asker = requester(peer, staged.app, staged.app_path)
            personalities = staged.manifest.personalities(staged.content_hash)
            devices = self._binding.hits(personalities)
            request = self._extensions.activate(
                staged, asker, peer.uid, devices, self._hits_before(staged)
            )
        self._apps.follow()
        await self._readying.refresh()
        return request

    def _hits_before(self, staged: Staged) -> tuple[DeviceHit, ...]:
        """The devices that the active version of a staged extension matches."""
        for item in self._extensions.active():
            if item.extension.bundle_id == staged.manifest.bundle_id:
                return self._binding.hits(item.personalities)
        return ()

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
        if request.takes:
            self._binding.reconsider(request)
        await self._readying.refresh()
        return request

    async def icon(self, extension: str) -> Icon:
        """The icon of an extension.

        Raises:
            ProblemError: ``not-found``: it has none; ``sx-9``: it is no small PNG.
        """
        content_hash, path = self._extensions.icon_of(extension)
        return await self._workers.read_icon(str(self._state_dir), content_hash, path)

    def idle(self) -> list[ActiveExtension]:
        """Extensions that could run, if they were approved or developer mode were on."""
        return self._extensions.idle()

    async def _app_removed(self, bundle_id: BundleId) -> None:
        try:
            await self.retiring.deactivate(bundle_id, "the removal of its app")
        except ProblemError as error:  # a profile keeps it
            self._note(f"its app is gone: {error}")

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
                self.audit.record(
                    AuditEntry(Deed.TRUST, item.fingerprint, f"{item.name}{purpose}", by, what)
                )
            await self._judging.judge()
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
                read = await self._workers.read_profile(data, label, str(self._state_dir))
                profile = profiles.add(read, by)
            case RemoveProfile(identifier=identifier):
                profile = profiles.remove(identifier, by)
        await self._readying.refresh()
        return ProfileList((profile,))

    async def set_developer(self, *, on: bool, by: str) -> None:
        """Turn developer mode on or off."""
        self._extensions.set_developer(on=on, by=by)
        self._hub.set_status(developer=self._extensions.developer)
        await self._readying.refresh()

    def _note(self, text: str) -> None:
        self._emit(Noted(text))

    def _emit(self, detail: Detail) -> None:
        self._hub.event(detail)
