"""What the SDK needs of the process around it; the driver host provides it.

Invariant: the SDK itself opens no socket and starts no thread.
"""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from runtime.wire.codec import Decoder
from runtime.wire.methods import Completion, Method

if TYPE_CHECKING:
    from runtime.driverkit.dispatch import IODispatchQueue

T = TypeVar("T")


class Sources(Protocol):
    """What dispatch sources wait for. All from any thread; what they call must not block."""

    def set_alarm(
        self, key: object, clock: int, deadline: int, leeway: int, ring: Callable[[int], None]
    ) -> None:
        """Call `ring` once with the time, when a CLOCK_* reaches `deadline` (ns).

        At most `leeway` ns late by intent. Replaces the alarm of the same key.
        """

    def clear_alarm(self, key: object) -> None:
        """Forget the alarm of a key, if there is one."""

    def watch(self, descriptor: int, ready: Callable[[], None]) -> None:
        """Call `ready`, which reads from it, whenever a descriptor has something to read."""

    def unwatch(self, descriptor: int) -> None:
        """Watch it no more; before it is closed."""


class Transport(Protocol):
    """The driver's way to the runtime, its queues and sources."""

    def call(self, target: int, method: Method) -> msgspec.Raw:
        """Call the runtime and wait for the encoded result.

        Raises:
            IOReturnError: The runtime answered with an error.
        """

    def expect(
        self, name: str, queue: "IODispatchQueue", done: Callable[[Completion], None]
    ) -> int:
        """A number for one asynchronous I/O; its completion runs `done` on `queue`.

        Args:
            name: What the pulse shows while `done` runs.
            queue: Any of this process.
            done: Called exactly once, unless `forget` is called first.
        """

    def forget(self, number: int) -> None:
        """The I/O was refused: no completion will come."""

    def create_queue(self, name: str, *, reentrant: bool) -> "IODispatchQueue":
        """A new queue with a thread of its own; several when it is reentrant."""

    def default_queue(self) -> "IODispatchQueue":
        """The queue on which the service's methods run."""

    def sources(self) -> Sources:
        """Where dispatch sources wait."""

    def log(self, text: str) -> None:
        """One log line; never blocks."""


_attached: list[Transport] = []


def attach(transport: Transport) -> None:
    """Give the SDK its process; called once by the driver host before a driver is imported."""
    _attached[:] = [transport]


def transport() -> Transport:
    """The attached transport.

    Raises:
        RuntimeError: This process is no driver: a driver runs in a driver process only.
    """
    if not _attached:
        raise RuntimeError("DriverKit: expected to run in a driver process, found none around it")
    return _attached[0]


def invoke(target: int, method: Method, kind: type[T]) -> T:
    """Call the runtime and decode the result as `kind`, the method's RESULT.

    Raises:
        IOReturnError: The runtime answered with an error.
    """
    result: object = kind
    decode: Decoder[T] = _decoder(result, type(method).__name__)
    return decode(transport().call(target, method))


@functools.cache
def _decoder(kind: object, name: str) -> Decoder[Any]:
    """One decoder for all calls of a method: it is costly to make, and keeps no state."""
    return Decoder(kind, name)
