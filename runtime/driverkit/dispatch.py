"""`IODispatchQueue`: where a driver's code runs, one callback at a time.

Source: DriverKit's IODispatchQueue.iig. Invariant: a queue is serial, but for what was given to
`DispatchConcurrent`, which runs beside its like and beside nothing else.
"""

import abc
import contextlib
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

from runtime.driverkit.clock import mach_absolute_time
from runtime.driverkit.transport import process

T = TypeVar("T")

kIODispatchQueueReentrant = 1
"""Option of `Create`: callbacks may give the queue up by `Sleep`, and run concurrently."""

kIODispatchQueueWakeupAll = 1
"""Option of `WakeupWithOptions`: wake all that sleep on the event, not only the first."""

_thread = threading.local()


def held() -> "tuple[IODispatchQueue, ...]":
    """The queues that the calling code runs on; several inside a `DispatchSync`."""
    queues: tuple[IODispatchQueue, ...] = getattr(_thread, "held", ())
    return queues


@contextlib.contextmanager
def holding(queues: "tuple[IODispatchQueue, ...]") -> Generator[None, None, None]:
    """While in here, the calling code runs on these queues."""
    before = held()
    _thread.held = queues
    try:
        yield
    finally:
        _thread.held = before


class IODispatchQueue(abc.ABC):
    """A serial queue. Every service has one named ``Default``; more are made by `Create`."""

    @staticmethod
    def Create(name: str, options: int = 0, priority: int = 0) -> "IODispatchQueue":
        """Make a queue with a thread of its own.

        Args:
            name: Shown in the inspector, at most 256 characters of it.
            options: 0 or `kIODispatchQueueReentrant`, which may take up to 8 threads.
            priority: 0: DriverKit defines no other.
        """
        del priority
        return process().create_queue(name, reentrant=bool(options & kIODispatchQueueReentrant))

    @abc.abstractmethod
    def GetName(self) -> str:
        """The name that it was made with."""

    def OnQueue(self) -> bool:
        """Whether the calling code runs on this queue, or on behalf of code that does.

        That is, it was given to another queue's `DispatchSync` by such code.
        """
        return self in held()

    @abc.abstractmethod
    def post(self, name: str, work: Callable[[], None]) -> None:
        """Append work; `name` is shown while it runs. Any thread."""

    @abc.abstractmethod
    def watch(self, descriptor: int, ready: Callable[[], None], *, writable: bool = False) -> None:
        """Call `ready`, which posts work here, once when a descriptor can be read, or written.

        On the queue; called on any thread.
        """

    @abc.abstractmethod
    def unwatch(self, descriptor: int) -> None:
        """Watch it no more, before it is closed; idempotent."""

    @abc.abstractmethod
    def Cancel(self, handler: Callable[[], None] | None = None) -> None:
        """Run nothing further: what waits is dropped. Any thread; returns at once.

        `handler` is the last thing to run on the queue, after what runs now. A second call
        changes nothing.

        Raises:
            IOReturnError: kIOReturnNotPermitted on the Default queue, which is the system's.
        """

    def DispatchAsync(self, work: Callable[[], None]) -> None:
        """Run `work` on this queue later; returns at once. Any thread.

        An exception that leaves `work` ends the driver, as it does in any callback.
        """
        self.post(_name_of(work), work)

    @abc.abstractmethod
    def DispatchConcurrent(self, work: Callable[[], None]) -> None:
        """Run `work` on this queue later, beside other work given to this method. Any thread.

        Raises:
            IOReturnError: kIOReturnUnsupported, the queue is not `kIODispatchQueueReentrant`.
        """

    def DispatchSync(self, work: Callable[[], T]) -> T:
        """Run `work` on this queue and return its result; at once when already on it.

        Two queues that wait for each other wait for ever; the inspector shows both as not
        responding. A cancelled queue never runs it.

        Raises:
            Exception: Whatever `work` raised.
        """
        if self.OnQueue():
            return work()
        done = threading.Event()
        results: list[T] = []
        errors: list[BaseException] = []
        queues = (*held(), self)

        def carry_out() -> None:
            try:
                with holding(queues):
                    results.append(work())
            except BaseException as error:  # noqa: BLE001 - raised again in the waiting thread
                errors.append(error)
            finally:
                done.set()

        self.post(_name_of(work), carry_out)
        done.wait()
        if errors:
            raise errors[0]
        return results[0]

    def RunAction(self, action: Callable[[], T]) -> T:
        """DriverKit's `DispatchSync` for work that has a result."""
        return self.DispatchSync(action)

    @abc.abstractmethod
    def Sleep(self, event: object, deadline: int = 0) -> None:
        """Give the queue up until somebody wakes `event`, then have it again and return.

        Args:
            event: Any hashable value.
            deadline: On `mach_absolute_time`'s clock; 0: none.

        Raises:
            IOReturnError: kIOReturnTimeout at the deadline, kIOReturnUnsupported when the queue
                is not `kIODispatchQueueReentrant`, kIOReturnNotPermitted outside of it.
        """

    def SleepWithDeadline(self, event: object, deadline: int) -> None:
        """`Sleep` with a deadline."""
        self.Sleep(event, deadline)

    def SleepWithTimeout(self, event: object, timeout: int) -> None:
        """`Sleep` for at most `timeout` nanoseconds."""
        self.Sleep(event, mach_absolute_time() + timeout)

    def Wakeup(self, event: object) -> None:
        """Wake the first that sleeps on `event`; nobody is woken later for it.

        Raises:
            IOReturnError: kIOReturnNotPermitted outside of the queue.
        """
        self.WakeupWithOptions(event, 0)

    @abc.abstractmethod
    def WakeupWithOptions(self, event: object, options: int) -> None:
        """`Wakeup`, of all that sleep on the event with `kIODispatchQueueWakeupAll`."""

    @staticmethod
    def Log(message: str, output: Callable[[str], None]) -> None:
        """Give `output`, for one `IOLog`, a line that names the queues of the calling code."""
        names = ", ".join(queue.GetName() for queue in held()) or "no queue"
        output(f"{message}: on {names}")


def _name_of(work: Callable[[], object]) -> str:
    return str(getattr(work, "__name__", "work"))
