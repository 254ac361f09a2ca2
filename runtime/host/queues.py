"""The queues of a driver process: the Default queue is the main thread, each other one a thread.

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
from typing import NoReturn

from runtime.driverkit.dispatch import IODispatchQueue
from runtime.host.connection import Connection, Incoming
from runtime.wire import driver

Die = Callable[[BaseException], object]

_of_thread = threading.local()


class HostQueue(IODispatchQueue):
    """What both kinds of queue share: a name, a thread, and its pulse."""

    def __init__(self, name: str) -> None:
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
    """The main thread: serves packets of the runtime and posted work, in order of arrival."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(driver.DEFAULT)
        self._adopt_thread()
        self._connection = connection
        self._posted: collections.deque[tuple[str, Callable[[], None]]] = collections.deque()

    def post(self, name: str, work: Callable[[], None]) -> None:
        """Append work; any thread."""
        self._posted.append((name, work))
        self._connection.wake()

    def serve(self, handle: Callable[[Incoming], None], die: Die) -> NoReturn:
        """Run until the process ends; `handle` and `die` end it."""
        while True:
            try:
                packet = self._connection.next(lambda: bool(self._posted))
                if packet is not None:
                    handle(packet)
                while self._posted:
                    self.run(*self._posted.popleft())
            except BaseException as error:  # noqa: BLE001 - the edge of the process
                die(error)


class ThreadQueue(HostQueue):
    """A queue with a thread of its own, started at once."""

    def __init__(self, name: str, die: Die) -> None:
        super().__init__(name)
        self._work: queue.SimpleQueue[tuple[str, Callable[[], None]]] = queue.SimpleQueue()
        self._die = die
        threading.Thread(target=self._serve, name=name, daemon=True).start()

    def post(self, name: str, work: Callable[[], None]) -> None:
        """Append work; any thread."""
        self._work.put((name, work))

    def _serve(self) -> None:
        self._adopt_thread()
        while True:
            name, work = self._work.get()
            try:
                self.run(name, work)
            except BaseException as error:  # noqa: BLE001 - the edge of the process
                self._die(error)
