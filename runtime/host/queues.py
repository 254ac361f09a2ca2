"""What all queues of a driver process share, and the Default queues.

The Default queue of a service is the main thread, which while it is idle waits itself for whatever
its work is about; in a process that several share, each service has a thread for its own.
Every queue knows what it runs, since when, whether it waits for the runtime, and when it last
heard from it: that is the pulse by which the runtime tells a busy driver from a stuck one.
Invariant: one callback of a queue at a time, unless it was dispatched to run concurrently; an
exception that leaves one ends the process.
"""

import collections
import threading
from collections.abc import Callable

import msgspec

from runtime.driverkit.dispatch import IODispatchQueue, held, holding
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnNotPermitted,
    kIOReturnUnsupported,
)
from runtime.driverkit.transport import process
from runtime.host.activity import Activity
from runtime.host.connection import Connection
from runtime.host.lines import Inbox, Incoming
from runtime.linux import fault
from runtime.wire import driver

Die = Callable[[BaseException], object]


class HostQueue(IODispatchQueue):
    """A name, threads, and their pulse.

    Attributes:
        service: Whose it is; 0: nobody's alone.
    """

    def __init__(self, name: str, service: int = 0) -> None:
        self.service = service
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

    def watch(self, descriptor: int, ready: Callable[[], None], *, writable: bool = False) -> None:
        """See `IODispatchQueue.watch`."""
        process().sources().watch(descriptor, ready, writable=writable, once=True)

    def unwatch(self, descriptor: int) -> None:
        """See `IODispatchQueue.unwatch`."""
        process().sources().unwatch(descriptor)

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


def current_service() -> int:
    """The service on whose queue the calling code runs; 0: on none's."""
    queue = held()[-1] if held() else None
    return queue.service if isinstance(queue, HostQueue) else 0


class DefaultQueue(HostQueue):
    """Serves packets of an inbox and posted work, in order of arrival."""

    def __init__(
        self, connection: Connection, inbox: Inbox, name: str = driver.DEFAULT, service: int = 0
    ) -> None:
        super().__init__(name, service)
        self._connection = connection
        self._inbox = inbox
        self._posted: collections.deque[tuple[str, Callable[[], None]]] = collections.deque()
        self._over = False
        self._thread = 0

    def post(self, name: str, work: Callable[[], None]) -> None:
        """Append work; any thread."""
        self._posted.append((name, work))
        # Where more is posted, the queue will look again; so it does before it waits itself.
        if len(self._posted) == 1 and threading.get_ident() != self._thread:
            self._connection.wake()

    def watch(self, descriptor: int, ready: Callable[[], None], *, writable: bool = False) -> None:
        """See `IODispatchQueue.watch`; the queue itself waits, unless others share its process."""
        if self._connection.shared:
            super().watch(descriptor, ready, writable=writable)
        else:
            self._connection.attend(descriptor, ready, writable=writable)
            if threading.get_ident() != self._thread:
                self._connection.wake()

    def unwatch(self, descriptor: int) -> None:
        """See `IODispatchQueue.unwatch`."""
        if self._connection.shared:
            super().unwatch(descriptor)
        else:
            self._connection.neglect(descriptor)

    def run(self, name: str, work: Callable[[], None]) -> None:
        """Run one callback now, visible in the pulse as `name`; the queue's own thread only."""
        self._activities[0].run(name, work)

    def serve(self, handle: Callable[[Incoming], None], die: Die) -> None:
        """Run in the calling thread, until `end` or the end of the process."""
        self._activities.append(Activity())
        self._thread = threading.get_ident()
        with holding((self,)), fault.working_for(self.service):
            while not self._over:
                try:
                    packet = self._connection.next(self._inbox, lambda: bool(self._posted))
                    if packet is not None:
                        handle(packet)
                    for _ in range(len(self._posted)):
                        if not self._over:
                            self.run(*self._posted.popleft())
                    # Work that posts work without end must not keep the runtime from being heard.
                    if self._posted and (packet := self._connection.glance(self._inbox)):
                        handle(packet)
                except BaseException as error:  # noqa: BLE001 - the edge of the process
                    die(error)

    def end(self) -> None:
        """Serve nothing after the present callback; called on the queue itself."""
        self._over = True

    def pulse(self, now_ns: int) -> driver.QueuePulse:
        """Its state, and whose Default queue it is; any thread."""
        return msgspec.structs.replace(super().pulse(now_ns), service=self.service)
