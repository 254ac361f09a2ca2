"""A simulated endpoint: a queue of transfers, served one every interval.

Invariant: every transfer finishes exactly once, in the order in which it was queued.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from runtime.families.usb.provider import Transfer
from runtime.model.kern_return import IOReturn
from runtime.model.usb import EndpointDescriptor

Produce = Callable[[int], bytes]
"""Makes the next packet of an IN endpoint, at most so many bytes."""

Consume = Callable[[bytes], None]
"""Takes one packet of an OUT endpoint."""


class SimulatedPipe:
    """One endpoint for one opener; runs in the event loop and never blocks."""

    def __init__(self, endpoint: EndpointDescriptor, produce: Produce, consume: Consume) -> None:
        self.endpoint = endpoint
        self._produce = produce
        self._consume = consume
        self._queue: deque[Transfer] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def submit(self, transfer: Transfer, timeout_ms: int) -> None:
        """Queue a transfer; a timeout of 0 means none."""
        loop = asyncio.get_running_loop()
        if timeout_ms:
            transfer.timeout = loop.call_later(timeout_ms / 1000, self._expire, transfer)
        self._queue.append(transfer)
        self._arm()

    def abort(self) -> None:
        """End every queued transfer with ABORTED."""
        self._disarm()
        while self._queue:
            self._queue.popleft().finish(IOReturn.ABORTED)

    def clear_stall(self) -> None:
        """Nothing to clear: a simulated endpoint never halts."""

    def _arm(self) -> None:
        if self._queue and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.endpoint.interval / 1000, self._serve)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _serve(self) -> None:
        self._timer = None
        transfer = self._queue.popleft()
        if self.endpoint.is_input:
            data = self._produce(transfer.length)
            transfer.finish(IOReturn.SUCCESS, len(data), data)
        else:
            self._consume(transfer.data)
            transfer.finish(IOReturn.SUCCESS, len(transfer.data))
        self._arm()

    def _expire(self, transfer: Transfer) -> None:
        self._queue.remove(transfer)
        transfer.finish(IOReturn.USB_TRANSACTION_TIMEOUT)
        if not self._queue:
            self._disarm()
