"""Taking out of force what may run: removal on request, deactivation, revocation, undo.

Runs in the event loop; who may ask for what is `authority`'s concern, and was looked at before.
Invariant: when a method returns, the drivers of what may not run any more are being stopped.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

from runtime.engine.binding import Binding
from runtime.engine.requesters import requester
from runtime.engine.worker import Identify
from runtime.engine.workers import Workers
from runtime.extensions.requests import Extensions
from runtime.linux.sockets import Peer
from runtime.model.identity import BundleId, RequestId
from runtime.model.records import DeviceHit, Extension, Request


class Retiring:
    """Carries it out on the ledger, and then on what runs.

    Args:
        state_dir: Where trust is, by which programs are judged.
        extensions: The ledger.
        binding: Knows which devices an extension matches.
        workers: Look which app a program is of.
        refresh: Makes what runs equal to the ledger.
    """

    def __init__(
        self,
        state_dir: Path,
        extensions: Extensions,
        binding: Binding,
        workers: Workers,
        refresh: Callable[[], Awaitable[None]],
    ) -> None:
        self._state_dir = state_dir
        self._extensions = extensions
        self._binding = binding
        self._workers = workers
        self._refresh = refresh

    async def request(self, bundle_id: BundleId, peer: Peer) -> Request:
        """Take a program's request for the removal of an extension.

        Raises:
            ProblemError: ``not-found``, ``sx-10`` or ``busy``; ``gone``: the program has ended.
        """
        developer = self._extensions.developer
        job = Identify(peer.pid, peer.started, str(self._state_dir), developer)
        program = await self._workers.identify(job)
        name = Path(program.app).stem or program.name
        asker = requester(peer, name, program.app)
        request = self._extensions.removals.ask(bundle_id, asker, self._hits(bundle_id))
        await self._refresh()
        return request

    async def deactivate(self, bundle_id: BundleId, by: str) -> Extension:
        """Remove an extension.

        Raises:
            ProblemError: There is none, or a profile keeps it.
        """
        extension = self._extensions.removals.remove(bundle_id, by)
        await self._refresh()
        return extension

    async def reset(self, by: str) -> tuple[list[Extension], list[Extension]]:
        """Remove all extensions that no profile keeps; returns what went and what is kept."""
        removed = self._extensions.removals.remove_all(by)
        await self._refresh()
        return removed

    async def undo(self, request: RequestId, by: str) -> Request:
        """Undo the decision on a request.

        Raises:
            ProblemError: It has none that can be undone.
        """
        undone = self._extensions.retractions.undo(request, by)
        if undone.takes:
            self._binding.reconsider(undone)
        await self._refresh()
        return undone

    async def revoke(self, bundle_id: BundleId, note: str, by: str) -> Extension:
        """Revoke the approvals of an extension.

        Raises:
            ProblemError: None of it is approved, or a profile decides.
        """
        extension = self._extensions.retractions.revoke(bundle_id, note, by)
        await self._refresh()
        return extension

    def _hits(self, bundle_id: BundleId) -> tuple[DeviceHit, ...]:
        """The devices that the version in force matches."""
        for item in self._extensions.active():
            if item.extension.bundle_id == bundle_id:
                return self._binding.hits(item.personalities)
        return ()
