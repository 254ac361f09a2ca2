"""What the SDK needs of the process around it; the driver host provides it.

A process may have several services: what concerns one of them goes by its own `Transport`.
Invariant: the SDK itself opens no socket and starts no thread.
"""

import functools
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, get_args

import msgspec

from runtime.model.errors import BreachError
from runtime.wire.codec import Decoder
from runtime.wire.driver import ServiceNotification
from runtime.wire.methods import AsyncIO, Completion, Method

if TYPE_CHECKING:
    from runtime.driverkit.dispatch import IODispatchQueue
    from runtime.driverkit.service import IOService
    from runtime.driverkit.usb_node import Node

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

    def watch(
        self,
        descriptor: int,
        ready: Callable[[], None],
        *,
        writable: bool = False,
        once: bool = False,
    ) -> None:
        """Call `ready`, which reads from it, whenever a descriptor has something to read.

        `writable`: whenever it can be written, instead. `once`: not again until it is watched anew.
        """

    def unwatch(self, descriptor: int) -> None:
        """Watch it no more; before it is closed."""


class Memory(Protocol):
    """Memory that other processes can map too; let go with the object."""

    @property
    def mapped(self) -> memoryview:
        """The bytes."""
        ...

    def fileno(self) -> int:
        """A descriptor of it; valid as long as this object is. OSError where there is none."""
        ...

    def keep_for_reading(self) -> None:
        """Let nobody map it for writing any more; OSError where that is impossible."""


class DataQueue(Protocol):
    """A ring in shared memory: this process puts into it, or takes from it."""

    @property
    def consumes(self) -> bool:
        """Whether it takes."""
        ...

    def fileno(self) -> int:
        """Readable when the other side has something to tell."""
        ...

    def settle(self) -> bool:
        """Take what it told; False when it is gone."""
        ...

    def wake(self) -> None:
        """Tell it that something is there, or that there is room."""

    def put(self, data: bytes | bytearray | memoryview, *, wake: bool = True) -> bool | None:
        """Copy an entry in; whether the other side may wait, None where it is full.

        Raises:
            BreachError: The other side wrote nonsense.
            ValueError: The entry is too large.
        """
        ...

    def has_room(self, size: int, count: int) -> bool:
        """Whether so many entries of a size fit; BreachError for nonsense."""
        ...

    def peek(self) -> memoryview | None:
        """The next entry in place, until `drop`; BreachError for nonsense."""
        ...

    def drop(self, *, wake: bool = True) -> bool:
        """Take it out; whether the other side waits."""
        ...

    def share(self) -> tuple[int, int]:
        """Descriptors for the other side: of the memory, and of its end of the socket.

        The second is the caller's to close. ValueError for the second time.
        """
        ...

    def close(self) -> None:
        """Let go of everything."""


class Transport(Protocol):
    """One service's way to the runtime and to its provider, and its Default queue."""

    def call(self, handle: int, method: Method) -> msgspec.Raw:
        """Call the runtime or the provider and wait for the encoded result.

        Args:
            handle: What the provider gave out, 0 for itself; of a method of an own entry, that
                entry, 0 for the service's.
            method: Whose type says which of the two it is for.

        Raises:
            IOReturnError: The answer is an error.
        """
        ...

    def begin(self, handle: int, method: AsyncIO) -> None:
        """Have the provider begin a transfer, and do not wait; `expect` has given its action.

        Its completion tells how it ended, also when it was refused.

        Raises:
            IOReturnError: kIOReturnNoResources, too much is under way; kIOReturnOffline, the
                provider cannot be reached.
        """

    def expect(
        self,
        name: str,
        queue: "IODispatchQueue",
        done: Callable[[Completion], None],
        *,
        repeated: bool = False,
    ) -> int:
        """A number for one asynchronous I/O; its completion runs `done` on `queue`.

        Args:
            name: What the pulse shows while `done` runs.
            queue: Any of this process.
            done: Called exactly once, unless `forget` is called first.
            repeated: Called for each completion until then, or until the provider is lost, which
                is the last.
        """
        ...

    def forget(self, number: int) -> None:
        """The I/O was refused: no completion will come."""

    def lent(self, method: Method) -> tuple[msgspec.Raw, int]:
        """Call the provider for a descriptor: the encoded result, and the descriptor, the caller's.

        Raises:
            IOReturnError: The answer is an error.
        """
        ...

    def open_direct(self) -> "Node | None":
        """A node for the open USB interface that is the provider; None: its broker moves data."""
        ...

    def watch(self, heard: Callable[[ServiceNotification], None]) -> int:
        """A number for one watch; `heard` takes its notifications on the Default queue."""
        ...

    def unwatch(self, number: int) -> None:
        """Forget a watch, if there is one."""

    def publish(self, nub: "IOService") -> None:
        """Serve the drivers that will have a nub as their provider."""

    def withdraw(self, service: "IOService") -> "tuple[IOService, ...]":
        """Let go of the clients of a service that is to end, if it is a nub, and of nubs below it.

        Returns those of them that were published, to be stopped in this order.
        """
        ...

    def new_entry(self) -> int:
        """The entry of the user client that is being opened, once.

        Raises:
            IOReturnError: kIOReturnNotReady, none is.
        """
        ...

    def default_queue(self) -> "IODispatchQueue":
        """The queue on which the service's methods run."""
        ...


class Process(Protocol):
    """The driver process: what is of no service alone."""

    def create_queue(self, name: str, *, reentrant: bool) -> "IODispatchQueue":
        """A new queue with a thread of its own; several when it is reentrant.

        It ends at the latest with the service on whose queue it was made.
        """
        ...

    def default_queue(self) -> "IODispatchQueue":
        """The Default queue of the service on whose queue this is called; else the process's."""
        ...

    def current_transport(self) -> Transport | None:
        """That of the service on whose queue this is called; None on nobody's."""
        ...

    def sources(self) -> Sources:
        """Where dispatch sources wait."""
        ...

    def allocate(self, size: int) -> Memory:
        """Zeroed memory; OSError where there is none."""
        ...

    def adopt(self, descriptor: int) -> Memory:
        """Memory that another process made, whose descriptor is owned from now on.

        Raises:
            BreachError: It is no memory of a fixed size, or cannot be mapped.
        """
        ...

    def join(self, ranges: Sequence[tuple[int, int, int]]) -> Memory:
        """Ranges of memory (descriptor, offset, length) mapped as one; OSError where impossible."""
        ...

    def create_data_queue(self, size: int) -> DataQueue:
        """A ring with `size` bytes for entries; OSError where there is no memory."""
        ...

    def log(self, text: str) -> None:
        """One log line; never blocks."""


_attached: list[Process] = []


def attach(process: Process) -> None:
    """Give the SDK its process; called once by the driver host before a driver is imported."""
    _attached[:] = [process]


def process() -> Process:
    """The attached process.

    Raises:
        RuntimeError: This process is no driver: a driver runs in a driver process only.
    """
    if not _attached:
        raise RuntimeError("DriverKit: expected to run in a driver process, found none around it")
    return _attached[0]


def prepare() -> None:
    """Make what `invoke` decodes results with, where driver processes are forked from."""
    for method in get_args(Method):
        _decoder(method.RESULT, method.__name__)


def invoke(transport: Transport, handle: int, method: Method, kind: type[T]) -> T:
    """Call by a service's transport and decode the result as `kind`, the method's RESULT.

    Raises:
        IOReturnError: The answer is an error.
    """
    result: object = kind
    decode: Decoder[T] = _decoder(result, type(method).__name__)
    return decode(transport.call(handle, method))


def borrow(transport: Transport, method: Method, kind: type[T]) -> tuple[T, int]:
    """Call the provider for a descriptor: the result as `kind`, and the descriptor, the caller's.

    Raises:
        BreachError: The answer is no such result.
        IOReturnError: The answer is an error.
    """
    encoded, descriptor = transport.lent(method)
    result: object = kind
    decode: Decoder[T] = _decoder(result, type(method).__name__)
    try:
        return decode(encoded), descriptor
    except BreachError:
        os.close(descriptor)
        raise


@functools.cache
def _decoder(kind: object, name: str) -> Decoder[Any]:
    """One decoder for all calls of a method: it is costly to make, and keeps no state."""
    return Decoder(kind, name)
