"""What all queues of a driver process share, and the Default queue, which is the main thread.

Every queue knows what it runs, since when, whether it waits for the runtime, and when it last
heard from it: that is the pulse by which the runtime tells a busy driver from a stuck one.
Invariant: one callback of a queue at a time, unless it was dispatched to run concurrently; an
exception that leaves one ends the process.
"""

import collections
from collections.abc import Callable
from typing import NoReturn

from runtime.driverkit.dispatch import IODispatchQueue, holding
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnNotPermitted,
    kIOReturnUnsupported,
)
from runtime.host.activity import Activity
from runtime.host.connection import Connection, Incoming
from runtime.wire import driver

Die = Callable[[BaseException], object]


class HostQueue(IODispatchQueue):
    """A name, threads, and their pulse."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._activities: list[Activity] = []

    def GetName(self) -> str:  # noqa: N802 - DriverKit's name
        """See `IODispatchQueue.GetName`."""
        return self._name

    def Cancel(self, handler: Callable[[], None] | None = None) -> None:  # noqa: N802 - DriverKit's name
        """See `IODispatchQueue.Cancel`."""
        del handler
        raise IOReturnError(kIOReturnNotPermitted, f"queue {self._name}: it is the system's")

    def DispatchConcurrent(self, work: Callable[[], None]) -> None:  # noqa: N802 - DriverKit's name
        """See `IODispatchQueue.DispatchConcurrent`."""
        del work
        raise self._not_reentrant()

    def Sleep(self, event: object, deadline: int = 0) -> None:  # noqa: N802 - DriverKit's name
        """See `IODispatchQueue.Sleep`."""
        del event, deadline
        raise self._not_reentrant()

    def WakeupWithOptions(self, event: object, options: int) -> None:  # noqa: N802 - DriverKit's name
        """See `IODispatchQueue.WakeupWithOptions`."""
        del event, options
        raise self._not_reentrant()

    def pulse(self, now_ns: int) -> driver.QueuePulse:
        """Its state, of several threads the one that has been quiet for longest; any thread."""
        states = [each.state for each in tuple(self._activities)]
        awake = [state for state in states if state.callback and not state.asleep]
        if not awake:
            return driver.QueuePulse(self._name, calling=any(state.calling for state in states))
        oldest = min(awake, key=lambda state: (state.calling, state.progressed))
        age, quiet = (max(0, now_ns - then) // 1000 for then in (oldest.began, oldest.progressed))
        return driver.QueuePulse(self._name, oldest.callback, age, oldest.calling, quiet)

    def _not_reentrant(self) -> IOReturnError:
        return IOReturnError(
            kIOReturnUnsupported, f"queue {self._name}: expected a kIODispatchQueueReentrant one"
        )


class DefaultQueue(HostQueue):
    """The main thread: serves packets of the runtime and posted work, in order of arrival."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(driver.DEFAULT)
        self._activity = Activity()
        self._activities.append(self._activity)
        self._connection = connection
        self._posted: collections.deque[tuple[str, Callable[[], None]]] = collections.deque()

    def post(self, name: str, work: Callable[[], None]) -> None:
        """Append work; any thread."""
        self._posted.append((name, work))
        self._connection.wake()

    def run(self, name: str, work: Callable[[], None]) -> None:
        """Run one callback now, visible in the pulse as `name`; the main thread only."""
        self._activity.run(name, work)

    def serve(self, handle: Callable[[Incoming], None], die: Die) -> NoReturn:
        """Run until the process ends; `handle` and `die` end it."""
        with holding((self,)):
            while True:
                try:
                    packet = self._connection.next(lambda: bool(self._posted))
                    if packet is not None:
                        handle(packet)
                    while self._posted:
                        self.run(*self._posted.popleft())
                except BaseException as error:  # noqa: BLE001 - the edge of the process
                    die(error)
