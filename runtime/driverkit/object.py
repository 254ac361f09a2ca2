"""`OSObject`: the root of DriverKit's classes, and which queue each method of one runs on.

Source: DriverKit's OSObject.iig. Invariant: a method runs on the queue that its name leads to,
and on the Default queue when that leads nowhere.
"""

from collections.abc import Callable
from typing import TypeVar

from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.transport import process
from runtime.wire.limits import NAME

F = TypeVar("F", bound=Callable[..., object])

kIOServiceDefaultQueueName = "Default"
_QUEUE = "__driverkit_queue__"


def QUEUENAME(name: str) -> Callable[[F], F]:
    """Declare the name of the queue that a callback runs on; `SetDispatchQueue` says which it is.

    @QUEUENAME("Slow")
    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def ReadComplete(self, action, status, actualByteCount, completionTimestamp): ...
    """

    def declare(method: F) -> F:
        setattr(method, _QUEUE, name)
        return method

    return declare


def queue_name(method: Callable[..., object]) -> str:
    """The queue name that a method was declared with, ``Default`` without one."""
    return str(getattr(method, _QUEUE, kIOServiceDefaultQueueName))


class OSObject:
    """Root of DriverKit's classes."""

    _queues: dict[str, IODispatchQueue] | None = None

    def init(self) -> bool:
        """Prepare the object; allocate `ivars` here. False refuses the provider.

        An override calls ``super().init()`` first and returns False when that does.
        """
        return True

    def free(self) -> None:
        """The last call to the object; an override releases its `ivars`."""

    def SetDispatchQueue(self, name: str, queue: IODispatchQueue) -> None:
        """Run the callbacks declared with ``QUEUENAME(name)`` on `queue` from now on.

        ``Default`` is the name of every callback without a declaration.
        """
        if self._queues is None:
            self._queues = {}
        self._queues[name] = queue

    def CopyDispatchQueue(self, name: str = kIOServiceDefaultQueueName) -> IODispatchQueue:
        """The queue that was set by this name; else the Default queue."""
        queues = self._queues or {}
        return queues.get(name) or queues.get(kIOServiceDefaultQueueName) or self._default_queue()

    def _default_queue(self) -> IODispatchQueue:
        return process().default_queue()


def class_chain(cls: type[OSObject]) -> tuple[str, ...]:
    """The names of a class and its bases up to OSObject, leaf first."""
    return tuple(base.__name__[:NAME] for base in cls.__mro__ if issubclass(base, OSObject))
