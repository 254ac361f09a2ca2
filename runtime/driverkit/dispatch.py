"""`IODispatchQueue`: where a driver's code runs, one callback at a time.

Source: DriverKit's IODispatchQueue.iig. Invariant: a queue is serial.
"""

import abc
import threading
from collections.abc import Callable
from typing import TypeVar

from runtime.driverkit.transport import process

T = TypeVar("T")


class IODispatchQueue(abc.ABC):
    """A serial queue. Every service has one named ``Default``; more are made by `Create`."""

    @staticmethod
    def Create(name: str) -> "IODispatchQueue":
        """Make a queue with a thread of its own; `name` is shown in the inspector."""
        return process().create_queue(name)

    @abc.abstractmethod
    def GetName(self) -> str:
        """The name that it was made with."""

    @abc.abstractmethod
    def OnQueue(self) -> bool:
        """Whether the calling code runs on this queue."""

    @abc.abstractmethod
    def post(self, name: str, work: Callable[[], None]) -> None:
        """Append work; `name` is shown while it runs. Any thread."""

    def DispatchAsync(self, work: Callable[[], None]) -> None:
        """Run `work` on this queue later; returns at once. Any thread.

        An exception that leaves `work` ends the driver, as it does in any callback.
        """
        self.post(getattr(work, "__name__", "work"), work)

    def DispatchSync(self, work: Callable[[], T]) -> T:
        """Run `work` on this queue and return its result; at once when already on it.

        Two queues that wait for each other wait for ever; the inspector shows both as not
        responding.

        Raises:
            Exception: Whatever `work` raised.
        """
        if self.OnQueue():
            return work()
        done = threading.Event()
        results: list[T] = []
        errors: list[BaseException] = []

        def carry_out() -> None:
            try:
                results.append(work())
            except BaseException as error:  # noqa: BLE001 - raised again in the waiting thread
                errors.append(error)
            finally:
                done.set()

        self.post(getattr(work, "__name__", "work"), carry_out)
        done.wait()
        if errors:
            raise errors[0]
        return results[0]
