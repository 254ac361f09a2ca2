"""`IODispatchSource` and `IOTimerDispatchSource`: what calls a driver back by itself.

Source: DriverKit's IODispatchSource.iig, IOTimerDispatchSource.h.
Invariant: a handler runs on its action's queue, and does not begin once the source is cancelled.
"""

import threading
from collections.abc import Callable
from typing import ClassVar

from runtime.driverkit.action import CallbackType, OSAction
from runtime.driverkit.clock import linux_clock
from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.kern_return import IOReturnError, kIOReturnAborted, kIOReturnBadArgument
from runtime.driverkit.object import OSObject
from runtime.driverkit.transport import process


class IODispatchSource(OSObject):
    """Something that happens, and the action that is called for it. Enabled when made.

    The action's method runs on its own queue, as `QUEUENAME` says.
    """

    def __init__(self, queue: IODispatchQueue) -> None:
        self._queue = queue
        self._lock = threading.Lock()
        self._enabled = True
        self._cancelled = False
        self._missed: tuple[OSAction, tuple[object, ...]] | None = None

    def SetEnable(self, enable: bool) -> None:
        """Call handlers, or do not. What happened meanwhile is told once, when enabled again."""
        self.SetEnableWithCompletion(enable)

    def SetEnableWithCompletion(
        self, enable: bool, handler: Callable[[], None] | None = None
    ) -> None:
        """`SetEnable`; `handler` runs on the source's queue when it has taken effect."""
        with self._lock:
            self._enabled = enable
            missed = self._missed if enable else None
            self._missed = None if enable else self._missed
        if missed is not None:
            self._deliver(missed[0], *missed[1])
        if handler is not None:
            self._queue.post("SetEnable", handler)

    def Cancel(self, handler: Callable[[], None] | None = None) -> None:
        """Call no handler any more; `handler` runs on the source's queue when that is so."""
        with self._lock:
            self._cancelled = True
        self._release()
        if handler is not None:
            self._queue.post("Cancel", handler)

    def _release(self) -> None:
        """Let go of what the source waits for; may be called again."""

    def _deliver(self, action: OSAction, *values: object) -> None:
        """Something happened: call the action on its queue. Any thread."""
        action.queue.post(action.name, lambda: self._happened(action, values))

    def _happened(self, action: OSAction, values: tuple[object, ...]) -> None:
        with self._lock:
            if self._cancelled:
                return
            if not self._enabled:
                self._missed = (action, values)
                return
        action.complete(*values)

    def _alive(self) -> None:
        if self._cancelled:
            raise IOReturnError(kIOReturnAborted, f"{type(self).__name__} was cancelled")


class IOTimerDispatchSource(IODispatchSource):
    """A timer that calls its handler once for each `WakeAtTime`."""

    TimerOccurred: ClassVar[CallbackType[[int]]] = CallbackType(
        "IOTimerDispatchSource::TimerOccurred", time=int
    )
    """`(action, time)`: when the timer fired, in nanoseconds of its own clock."""

    _handler: OSAction | None = None

    @staticmethod
    def Create(queue: IODispatchQueue) -> "IOTimerDispatchSource":
        """A timer; what `Cancel` and `SetEnableWithCompletion` are given runs on `queue`."""
        return IOTimerDispatchSource(queue)

    def SetHandler(self, action: OSAction) -> None:
        """Call this action of type `TimerOccurred` from now on.

        Raises:
            IOReturnError: kIOReturnBadArgument, it is of another type.
        """
        action.expect(IOTimerDispatchSource.TimerOccurred, "SetHandler")
        self._handler = action

    def WakeAtTime(self, options: int, deadline: int, leeway: int = 0) -> None:
        """Call the handler once at `deadline`, or up to `leeway` later; replaces the last call.

        Args:
            options: The clock, ``kIOTimerClock…``.
            deadline: Nanoseconds of that clock; a past one is due now.
            leeway: Nanoseconds by which it may be late, so that several fire together.

        Raises:
            IOReturnError: kIOReturnBadArgument, kIOReturnAborted after `Cancel`.
        """
        clock = linux_clock(options)
        if leeway < 0:
            raise IOReturnError(kIOReturnBadArgument, f"leeway: expected 0 or more, found {leeway}")
        self._alive()
        process().sources().set_alarm(self, clock, deadline, leeway, self._fired)

    def _release(self) -> None:
        process().sources().clear_alarm(self)

    def _fired(self, now: int) -> None:
        handler = self._handler
        if handler is not None:
            self._deliver(handler, now)
