"""The queues of a driver process: the first one is the main thread, each other one a thread.

The Default queue of a service is on the main thread; in a process that several share, each
service has a thread for its own.
Every queue knows what it runs, since when, whether it waits for the runtime, and when it last
heard from it: that is the pulse by which the runtime tells a busy driver from a stuck one.
Invariant: one callback of a queue at a time; an exception that leaves one ends the process.
"""

import collections
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterator

import msgspec

from runtime.driverkit.dispatch import IODispatchQueue
from runtime.host.connection import Connection
from runtime.host.lines import Inbox, Incoming
from runtime.wire import driver

Die = Callable[[BaseException], object]

_of_thread = threading.local()


class HostQueue(IODispatchQueue):
    """What both kinds of queue share: a name, a thread, and its pulse.

    Attributes:
        service: Whose it is; 0: nobody's alone.
    """

    def __init__(self, name: str, service: int = 0) -> None:
        self.service = service
        self._name = name
        self._thread = 0
        self._running = ("", 0)  # callback and when it began; one value, so that no lock is needed
        self._calling = False
        self._progressed = 0  # when the callback began, or a call of it last returned

    def GetName(self) -> str:  # noqa: N802 - DriverKit's name
        """The name that it was made with."""
        return self._name

    def OnQueue(self) -> bool:  # noqa: N802 - DriverKit's name
        """Whether the calling code runs on this queue."""
        return threading.get_ident() == self._thread

    @staticmethod
    def current() -> "HostQueue | None":
        """The queue that the calling code runs on; None on a thread of the driver's own."""
        queue: HostQueue | None = getattr(_of_thread, "queue", None)
        return queue

    def _adopt_thread(self) -> None:
        self._thread = threading.get_ident()
        _of_thread.queue = self

    def run(self, name: str, work: Callable[[], None]) -> None:
        """Run one callback on this queue's own thread, visible in the pulse as `name`."""
        before = self._running
        self._progressed = time.monotonic_ns()
        self._running = (name, self._progressed)
        try:
            work()
        finally:
            self._running = before

    @contextlib.contextmanager
    def calling(self) -> Iterator[None]:
        """While in here, this queue waits for the runtime."""
        self._calling = True
        try:
            yield
        finally:
            self._progressed = time.monotonic_ns()
            self._calling = False

    def pulse(self, now_ns: int) -> driver.QueuePulse:
        """Its state; any thread."""
        name, since = self._running
        if not name:
            return driver.QueuePulse(self._name, calling=self._calling)
        age, quiet = (max(0, now_ns - then) // 1000 for then in (since, self._progressed))
        return driver.QueuePulse(self._name, name, age, self._calling, quiet)


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

    def post(self, name: str, work: Callable[[], None]) -> None:
        """Append work; any thread."""
        self._posted.append((name, work))
        self._connection.wake()

    def serve(self, handle: Callable[[Incoming], None], die: Die) -> None:
        """Run in the calling thread, until `end` or the end of the process."""
        self._adopt_thread()
        while not self._over:
            try:
                packet = self._connection.next(self._inbox, lambda: bool(self._posted))
                if packet is not None:
                    handle(packet)
                while self._posted:
                    self.run(*self._posted.popleft())
            except BaseException as error:  # noqa: BLE001 - the edge of the process
                die(error)

    def end(self) -> None:
        """Serve nothing after the present callback; called on the queue itself."""
        self._over = True

    def pulse(self, now_ns: int) -> driver.QueuePulse:
        """Its state, and whose Default queue it is; any thread."""
        return msgspec.structs.replace(super().pulse(now_ns), service=self.service)


class ThreadQueue(HostQueue):
    """A queue with a thread of its own, started at once."""

    def __init__(self, name: str, service: int, die: Die) -> None:
        super().__init__(name, service)
        self._work: queue.SimpleQueue[tuple[str, Callable[[], None]] | None] = queue.SimpleQueue()
        self._die = die
        threading.Thread(target=self._serve, name=name, daemon=True).start()

    def post(self, name: str, work: Callable[[], None]) -> None:
        """Append work; any thread."""
        self._work.put((name, work))

    def end(self) -> None:
        """Run what was posted so far, and nothing after it; any thread."""
        self._work.put(None)

    def _serve(self) -> None:
        self._adopt_thread()
        while (item := self._work.get()) is not None:
            try:
                self.run(*item)
            except BaseException as error:  # noqa: BLE001 - the edge of the process
                self._die(error)
