"""When a process that waits in advance is made: a while after the last one was taken.

Runs in the event loop.
Invariant: one is being made at a time; none is begun when memory is short, or after `close`.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from runtime.linux import memory

REFILL_SECONDS = 0.05  # after one was taken: the driver that it is for starts first
RETRY_SECONDS = 5.0  # after one could not be made, or died
SPARE_BYTES = 256 << 20  # one is made only while this much memory is available


class Refill:
    """Has one made whenever one is missing.

    Args:
        missing: Whether one is.
        make: Makes it; calls `later` when that fails.
    """

    def __init__(
        self, missing: Callable[[], bool], make: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        self._missing = missing
        self._make = make
        self._waiting: asyncio.TimerHandle | None = None
        self._making: asyncio.Task[None] | None = None
        self._closed = False

    def soon(self) -> None:
        """One was taken, or asked for in vain."""
        self._after(REFILL_SECONDS)

    def later(self) -> None:
        """One could not be made, or has died."""
        self._after(RETRY_SECONDS)

    async def close(self) -> None:
        """Make none any more; what is being made is made when this returns. Idempotent."""
        self._closed = True
        if self._waiting is not None:
            self._waiting.cancel()
        if self._making is not None:
            await asyncio.gather(self._making, return_exceptions=True)

    def _after(self, seconds: float) -> None:
        if self._waiting is None and not self._closed:
            self._waiting = asyncio.get_running_loop().call_later(seconds, self._begin)

    def _begin(self) -> None:
        self._waiting = None
        busy = self._making is not None and not self._making.done()
        if self._missing() and not busy and memory.available() > SPARE_BYTES:
            self._making = asyncio.get_running_loop().create_task(self._make())
