"""A process around the SDK for tests: the host's queues and sources, and no runtime.

Invariant: `close` ends what it started.
"""

from collections.abc import Callable, Sequence

import msgspec

from runtime.driverkit.dispatch import IODispatchQueue
from runtime.host.sources import Sources
from runtime.host.thread_queue import ThreadQueue
from runtime.linux.data_queue import DataQueue
from runtime.linux.shared_memory import JoinedMemory, SharedMemory
from runtime.wire.methods import Completion, Method
from tests.unit.host.engine import Queues


class FakeProcess:
    """A `Transport` whose calls fail and whose Default queue is a thread.

    Attributes:
        lines: What was logged.
    """

    def __init__(self) -> None:
        self.queues = Queues()
        self.lines: list[str] = []
        self._default = self.queues.make("Default")
        self._sources = Sources(self.queues.died.append)

    def close(self) -> None:
        """End all threads; what left a callback fails the test."""
        self._sources.close()
        self.queues.close()
        assert self.queues.died == []

    def call(self, target: int, method: Method) -> msgspec.Raw:
        """Nobody is there."""
        raise AssertionError(f"{method} of {target}: expected no call")

    def expect(
        self,
        name: str,
        queue: IODispatchQueue,
        done: Callable[[Completion], None],
        *,
        repeated: bool = False,
    ) -> int:
        """Nobody is there."""
        raise AssertionError(f"{name} on {queue}: expected no I/O, found {done}, {repeated}")

    def forget(self, number: int) -> None:
        """Nothing was expected."""

    def create_queue(self, name: str, *, reentrant: bool) -> ThreadQueue:
        """A queue of the host's."""
        return self.queues.make(name, reentrant=reentrant)

    def default_queue(self) -> ThreadQueue:
        """A thread like the others."""
        return self._default

    def current_transport(self) -> None:
        """No service has one."""

    def sources(self) -> Sources:
        """The host's."""
        return self._sources

    def allocate(self, size: int) -> SharedMemory:
        """See `Transport.allocate`."""
        return SharedMemory.create(size)

    def join(self, ranges: Sequence[tuple[int, int, int]]) -> JoinedMemory:
        """See `Process.join`."""
        return JoinedMemory(ranges)

    def adopt(self, descriptor: int) -> SharedMemory:
        """As the host does."""
        return SharedMemory.adopt(descriptor)

    def create_data_queue(self, size: int) -> DataQueue:
        """See `Transport.create_data_queue`."""
        return DataQueue.create(size)

    def log(self, text: str) -> None:
        """Keep it."""
        self.lines.append(text)
