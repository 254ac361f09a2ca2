"""Makes catalogue and bundles equal to what may run.

Runs in the event loop; what blocks runs in workers.
Invariant: nothing runs that the ledger of extensions does not hold as runnable.
"""

import asyncio
from collections.abc import Awaitable, Callable

from runtime.engine.binding import Binding
from runtime.engine.bundles import Bundles, Runnable
from runtime.engine.upgrading import Upgrading
from runtime.extensions.active import ActiveExtension
from runtime.extensions.requests import Extensions
from runtime.linux import memfd
from runtime.model.errors import ProblemError, SpawnError
from runtime.model.events import Detail, Noted
from runtime.model.identity import BundleId, ContentHash
from runtime.model.intent import Intent

LOST = frozenset({"not-found", "changed"})
"""Codes of a staged copy that will not come back: its extension is invalid."""

RETRY_SECONDS = 5.0  # until a bundle that could not be loaded for another reason is tried again


class Readying:
    """Loads what may run, drops what may not.

    Args:
        extensions: Say what may run.
        binding: Is told of it.
        bundles: Holds what was loaded.
        load: Makes a sealed memfd of staged content, and of its native modules, or raises
            `ProblemError`.
        emit: Gets events.

    Attributes:
        upgrading: Watches the versions that take over from others.
    """

    def __init__(
        self,
        extensions: Extensions,
        binding: Binding,
        bundles: Bundles,
        load: Callable[[ContentHash], Awaitable[tuple[int, memfd.Shared | None]]],
        emit: Callable[[Detail], None],
    ) -> None:
        self._extensions = extensions
        self._binding = binding
        self._bundles = bundles
        self._load = load
        self._emit = emit
        self._refreshing = asyncio.Lock()
        self._retry: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.upgrading = Upgrading(extensions.upgrades, binding.drivers, self.refresh_soon)

    def close(self) -> None:
        """Refresh no more; idempotent."""
        if self._retry is not None:
            self._retry.cancel()
        for task in self._tasks:
            task.cancel()

    def refresh_soon(self) -> None:
        """`refresh`, without waiting for it."""
        task = asyncio.get_running_loop().create_task(self.refresh())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def refresh(self) -> None:
        """Make catalogue and bundles equal to what may run."""
        async with self._refreshing:
            active = {item.extension.bundle_id: item for item in self._extensions.active()}
            for bundle_id, content_hash in self._bundles.hashes().items():
                item = active.get(BundleId(bundle_id))
                if item is None or item.extension.content_hash != content_hash:
                    intent = Intent.WITHDRAW if item is None else Intent.UPGRADE
                    self._binding.remove(BundleId(bundle_id), intent)
                    self._bundles.drop(bundle_id)
            for bundle_id, item in active.items():
                if self._bundles.get(bundle_id) is None:
                    await self._make_runnable(item)
            self._binding.tidy()

    async def _make_runnable(self, item: ActiveExtension) -> None:
        extension = item.extension
        try:
            bundle, modules = await self._load(extension.content_hash)
            await self._put(item, bundle, modules)
        except (ProblemError, SpawnError) as error:
            if isinstance(error, ProblemError) and error.code in LOST:
                self._extensions.broken(extension.id, str(error))
                self.refresh_soon()  # a version that gave way to it may run again
            else:
                self._emit(Noted(f"{extension.name} cannot run for now: {error}"))
                self._again()
            return
        self._binding.add(extension.bundle_id, item.personalities)
        self.upgrading.begin(extension.bundle_id)

    async def _put(self, item: ActiveExtension, bundle: int, modules: memfd.Shared | None) -> None:
        extension = item.extension
        runnable = Runnable(
            extension.bundle_id,
            extension.content_hash,
            item.executable,
            item.entitlements,
            bundle,
        )
        await self._bundles.put(runnable, modules)

    def _again(self) -> None:
        """Try later to make what may run run; approved things are not lost to a bad minute."""
        if self._retry is not None:
            self._retry.cancel()
        loop = asyncio.get_running_loop()
        self._retry = loop.call_later(RETRY_SECONDS, self.refresh_soon)
