"""A queue with threads of its own: one, or where it is reentrant as many as it takes.

A callback holds the queue while it runs, alone or beside other concurrent ones. One that sleeps
gives it up, so that another thread can serve the queue meanwhile.
Invariant: whoever holds the queue does so alone, or all holders are concurrent.
"""

import collections
import threading
from collections.abc import Callable
from typing import NamedTuple

from runtime.driverkit.clock import mach_absolute_time
from runtime.driverkit.dispatch import holding, kIODispatchQueueWakeupAll
from runtime.driverkit.kern_return import IOReturnError, kIOReturnNotPermitted, kIOReturnTimeout
from runtime.host.activity import Activity
from runtime.host.queues import Die, HostQueue
from runtime.linux import fault

THREADS = 8  # of one reentrant queue: 64 are all that a driver has


class _Work(NamedTuple):
    name: str
    call: Callable[[], None]
    concurrent: bool = False
    last: bool = False


class _Sleeper:
    woken = False


class ThreadQueue(HostQueue):
    """A queue whose first thread starts with its first work.

    Args:
        name: For people.
        die: Ends the process for an exception that leaves a callback.
        ended: Called when it was cancelled and has run its last.
        reentrant: Whether callbacks may sleep and run concurrently.
        service: On whose queue it was made; 0: on none.
    """

    def __init__(
        self,
        name: str,
        die: Die,
        ended: Callable[["ThreadQueue"], None],
        *,
        reentrant: bool = False,
        service: int = 0,
    ) -> None:
        super().__init__(name, service)
        self._die = die
        self._ended = ended
        self._most = THREADS if reentrant else 1
        self._turn = threading.Condition()
        self._work: collections.deque[_Work] = collections.deque()
        self._sleepers: dict[object, list[_Sleeper]] = {}
        self._threads = 0
        self._idle = 0
        self._holders = 0
        self._concurrent = False  # what the holders are
        self._asleep = 0
        self._returning = 0  # sleepers that are awake and wait for the queue
        self._cancelled = False
        self._over = False

    def post(self, name: str, work: Callable[[], None]) -> None:
        """Append work; any thread."""
        self._append(_Work(name, work))

    def DispatchConcurrent(self, work: Callable[[], None]) -> None:  # noqa: N802 - DriverKit's name
        """See `IODispatchQueue.DispatchConcurrent`."""
        if self._most == 1:
            raise self._not_reentrant()
        self._append(_Work(str(getattr(work, "__name__", "work")), work, concurrent=True))

    def Cancel(self, handler: Callable[[], None] | None = None) -> None:  # noqa: N802 - DriverKit's name
        """See `IODispatchQueue.Cancel`."""
        with self._turn:
            if self._cancelled:
                return
            self._work.clear()
            self._append(_Work("Cancel", handler or _nothing, last=True))
            self._cancelled = True

    def Sleep(self, event: object, deadline: int = 0) -> None:  # noqa: N802 - DriverKit's name
        """See `IODispatchQueue.Sleep`."""
        activity = self._own_activity()
        sleeper = _Sleeper()
        with self._turn, activity.asleep():
            concurrent = self._concurrent
            self._sleepers.setdefault(event, []).append(sleeper)
            self._asleep += 1
            self._give_up()
            left = max(0, deadline - mach_absolute_time()) / 1e9 if deadline else None
            self._turn.wait_for(lambda: sleeper.woken, left)
            self._returning += 1
            self._turn.wait_for(lambda: self._is_free(concurrent=concurrent))
            self._returning -= 1
            self._asleep -= 1
            self._hold(concurrent=concurrent)
            if not sleeper.woken:
                self._forget(event, sleeper)
        if not sleeper.woken:
            raise IOReturnError(kIOReturnTimeout, f"queue {self._name}: nobody woke {event!r}")

    def WakeupWithOptions(self, event: object, options: int) -> None:  # noqa: N802 - DriverKit's name
        """See `IODispatchQueue.WakeupWithOptions`."""
        if not self.OnQueue():
            raise self._not_on_queue()
        with self._turn:
            sleeping = self._sleepers.get(event, [])
            woken = sleeping if options & kIODispatchQueueWakeupAll else sleeping[:1]
            for sleeper in tuple(woken):
                sleeper.woken = True
                self._forget(event, sleeper)
            self._turn.notify_all()

    # --- its threads -----------------------------------------------------------------------------

    def _serve(self) -> None:
        activity = Activity()
        self._activities.append(activity)
        with holding((self,)), fault.working_for(self.service):
            while (work := self._next()) is not None:
                try:
                    activity.run(work.name, work.call)
                except BaseException as error:  # noqa: BLE001 - the edge of the process
                    self._die(error)
                with self._turn:
                    self._over = self._over or work.last
                    self._give_up()
                if work.last:
                    self._ended(self)
        self._activities.remove(activity)

    def _next(self) -> _Work | None:
        """Wait for work, and hold the queue for it; None when the queue is over."""
        with self._turn:
            self._idle += 1
            self._turn.wait_for(lambda: self._over or self._may_begin())
            self._idle -= 1
            if self._over:
                return None
            work = self._work.popleft()
            self._hold(concurrent=work.concurrent)
            return work

    # --- under the lock --------------------------------------------------------------------------

    def _append(self, work: _Work) -> None:
        with self._turn:
            if not self._cancelled:
                self._work.append(work)
                self._hire()
                self._turn.notify_all()

    def _hold(self, *, concurrent: bool) -> None:
        self._holders += 1
        self._concurrent = concurrent
        self._hire()

    def _give_up(self) -> None:
        self._holders -= 1
        self._hire()
        self._turn.notify_all()

    def _hire(self) -> None:
        """Start another thread, if there is work that nobody is there for."""
        if self._idle == 0 and self._threads < self._most and self._may_begin():
            self._threads += 1
            threading.Thread(target=self._serve, name=self._name, daemon=True).start()

    def _may_begin(self) -> bool:
        if not self._work or self._returning or (self._cancelled and self._asleep):
            return False
        return self._is_free(concurrent=self._work[0].concurrent)

    def _is_free(self, *, concurrent: bool) -> bool:
        return self._holders == 0 or (self._concurrent and concurrent)

    def _forget(self, event: object, sleeper: _Sleeper) -> None:
        self._sleepers[event].remove(sleeper)
        if not self._sleepers[event]:
            del self._sleepers[event]

    # --- who calls -------------------------------------------------------------------------------

    def _own_activity(self) -> Activity:
        if self._most == 1:
            raise self._not_reentrant()
        activity = Activity.current()
        if activity is None or activity not in self._activities:
            raise self._not_on_queue()
        return activity

    def _not_on_queue(self) -> IOReturnError:
        return IOReturnError(kIOReturnNotPermitted, f"queue {self._name}: expected to be on it")


def _nothing() -> None:
    """What a cancelled queue ends with when nobody wants to know."""
