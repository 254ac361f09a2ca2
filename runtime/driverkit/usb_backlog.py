"""Long transfers of a pipe through a broker: in parts, with nothing of the same pipe in between.

Parts are as long as a message may be. While a long transfer is under way, what is queued behind it
waits here; everything else goes to the broker at once.
Invariant: transfers end in the order in which they were queued, each exactly once.
"""

import functools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from runtime.driverkit.action import OSAction
from runtime.driverkit.kern_return import IOReturnError, kIOReturnAborted
from runtime.driverkit.usb_node import Ended
from runtime.wire.limits import TRANSFER

Done = Callable[[Ended, int], None]
"""Called on the action's queue with how a transfer ended, and when (ns, monotonic)."""

Begin = Callable[[memoryview, OSAction, Done, int], None]
"""Queues one part at the broker; IOReturnError: it was not queued."""


@dataclass(slots=True)
class _Transfer:
    memory: memoryview
    action: OSAction
    done: Done
    timeout_ms: int
    moved: int = 0

    @property
    def is_long(self) -> bool:
        return len(self.memory) > TRANSFER

    def end(self, status: int) -> None:
        """It never began; its end is told on its queue."""
        work = functools.partial(self.done, Ended(status, self.moved), time.monotonic_ns())
        self.action.queue.post(self.action.name, work)


class Backlog:
    """The transfers of one pipe; all from any thread."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._lock = threading.Lock()
        self._waiting: deque[_Transfer] = deque()  # behind the first, which is under way

    def queue(self, memory: memoryview, action: OSAction, done: Done, timeout_ms: int) -> None:
        """Queue a transfer of any length; the timeout is of each part.

        Raises:
            IOReturnError: It was not queued.
        """
        transfer = _Transfer(memory, action, done, timeout_ms)
        with self._lock:
            waits = bool(self._waiting)
            if waits or transfer.is_long:
                self._waiting.append(transfer)
        if waits:
            return
        try:
            self._start(transfer)
        except IOReturnError:
            if transfer.is_long:
                self._leave()
            raise

    def drop(self) -> list[Callable[[], None]]:
        """Forget what has not begun; what is returned is called when the rest was aborted."""
        with self._lock:
            dropped = list(self._waiting)[1:]
            while len(self._waiting) > 1:
                self._waiting.pop()
        return [functools.partial(each.end, kIOReturnAborted) for each in dropped]

    def _start(self, transfer: _Transfer) -> None:
        part = transfer.memory[transfer.moved : transfer.moved + TRANSFER]
        over = functools.partial(self._over, transfer, len(part))
        self._begin(part, transfer.action, over, transfer.timeout_ms)

    def _over(self, transfer: _Transfer, length: int, end: Ended, when_ns: int) -> None:
        """A part has ended; the last one ends the transfer, and so does a short or failed one."""
        transfer.moved += end.count
        status = end.status
        if not status and end.count == length and transfer.moved < len(transfer.memory):
            try:
                self._start(transfer)
            except IOReturnError as error:
                status = error.code
            else:
                return
        transfer.done(Ended(status, transfer.moved), when_ns)
        if transfer.is_long:
            self._leave()

    def _leave(self) -> None:
        """The first is over: begin what waits, up to the next long one."""
        while True:
            with self._lock:
                self._waiting.popleft()
                if not self._waiting:
                    return
                first = self._waiting[0]
            try:
                self._start(first)
            except IOReturnError as error:
                first.end(error.code)
            else:
                if first.is_long:
                    return
