"""Notices that the kernel has other modules, and has everything matched again.

depmod writes the lists of modules anew; nothing tells of that, so their stamps are compared every
few seconds. Runs in the event loop; the index is built in a worker.
Invariant: at most one index is being built.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from runtime.engine.kernel_drivers import KernelDrivers
from runtime.engine.workers import Workers
from runtime.model.errors import InspectorError

SECONDS = 5.0  # between looks


class ModuleWatch:
    """Looks regularly once started.

    Args:
        kernel: Given the new index.
        workers: Build it.
        state_dir: Where it is cached.
        on_change: Called after `kernel` has it.
        on_trouble: Told one sentence when it could not be built.
    """

    def __init__(
        self,
        kernel: KernelDrivers,
        workers: Workers,
        state_dir: Path,
        on_change: Callable[[], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._kernel = kernel
        self._workers = workers
        self._state_dir = state_dir
        self._on_change = on_change
        self._on_trouble = on_trouble
        self._watching: asyncio.Task[None] | None = None

    def start(self, seconds: float = SECONDS) -> None:
        """Begin to look."""
        self._watching = asyncio.get_running_loop().create_task(self._watch(seconds))

    def close(self) -> None:
        """Stop looking; idempotent."""
        if self._watching is not None:
            self._watching.cancel()

    async def _watch(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            if not self._kernel.changed():
                continue
            try:
                index = await self._workers.index_modules(
                    str(self._state_dir), str(self._kernel.folder)
                )
            except InspectorError as error:
                self._on_trouble(str(error))
            else:
                if self._kernel.take(index):
                    self._on_change()
