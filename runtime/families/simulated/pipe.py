"""A simulated endpoint: a queue of transfers, served one every interval.

Invariant: every transfer finishes exactly once, in the order in which it was queued.
"""

import asyncio
from collections import deque
from typing import Protocol

from runtime.families.usb.provider import Transfer
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.model.usb import EndpointDescriptor, IsochronousFrame, TransferType


class Endpoint(Protocol):
    """The device's side of an endpoint."""

    halted: bool

    def produce(self, length: int) -> bytes | None:
        """What comes next, at most so many bytes; None: nothing yet, `Pipe.resume` says when."""

    def consume(self, data: bytes) -> None:
        """Take what was sent."""


class SimulatedPipe:
    """One endpoint for one opener; runs in the event loop and never blocks."""

    def __init__(self, descriptor: EndpointDescriptor, end: Endpoint) -> None:
        self.endpoint = descriptor
        self._end = end
        self._queue: deque[Transfer] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def submit(self, transfer: Transfer, timeout_ms: int) -> None:
        """Queue a transfer; a timeout of 0 means none."""
        if self._end.halted:
            raise ReturnError(IOReturn.USB_PIPE_STALLED, "endpoint is halted")
        loop = asyncio.get_running_loop()
        if timeout_ms:
            transfer.timeout = loop.call_later(timeout_ms / 1000, self._expire, transfer)
        self._queue.append(transfer)
        self.resume()

    def withdraw(self, transfer: Transfer) -> None:
        """Forget a transfer that is queued; it does not finish."""
        self._queue.remove(transfer)
        if not self._queue and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def abort(self) -> None:
        """End every queued transfer with ABORTED."""
        self._end_all(IOReturn.ABORTED)

    def clear_stall(self) -> None:
        """Let a halted endpoint go on."""
        self._end.halted = False

    def resume(self) -> None:
        """Serve what is queued from now on: there may be something to read, or a halt."""
        if self._queue and self._timer is None:
            loop = asyncio.get_running_loop()
            kind = self.endpoint.transfer_type
            delay = 0 if kind is TransferType.BULK else self.endpoint.interval
            self._timer = loop.call_later(delay / 1000, self._serve)

    def _end_all(self, status: IOReturn) -> None:
        while self._queue:
            transfer = self._queue[0]
            self.withdraw(transfer)
            transfer.finish(status)

    def _serve(self) -> None:
        self._timer = None
        if self._end.halted:
            self._end_all(IOReturn.USB_PIPE_STALLED)
        elif self._queue and self._move(self._queue[0]):
            self.resume()

    def _move(self, transfer: Transfer) -> bool:
        """Move one transfer's bytes; False when there is nothing to read yet."""
        if transfer.frames:
            self._queue.popleft()
            self._move_frames(transfer)
        elif self.endpoint.is_input:
            data = self._end.produce(transfer.length)
            if data is None:
                return False
            self._queue.popleft().finish(IOReturn.SUCCESS, len(data), data)
        else:
            self._queue.popleft()
            self._end.consume(transfer.data)
            transfer.finish(IOReturn.SUCCESS, len(transfer.data))
        return True

    def _move_frames(self, transfer: Transfer) -> None:
        """Each frame carries what there is at its time, which may be nothing."""
        moved, at, counts = b"", 0, []
        for length in transfer.frames:
            if self.endpoint.is_input:
                data = self._end.produce(length) or b""
                moved += data.ljust(length, b"\0")
                counts.append(len(data))
            else:
                self._end.consume(transfer.data[at : at + length])
                counts.append(length)
            at += length
        frames = tuple(IsochronousFrame(IOReturn.SUCCESS, count) for count in counts)
        transfer.finish(IOReturn.SUCCESS, sum(counts), moved, frames)

    def _expire(self, transfer: Transfer) -> None:
        self.withdraw(transfer)
        transfer.finish(IOReturn.USB_TRANSACTION_TIMEOUT)
