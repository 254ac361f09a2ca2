"""One side of one connection: handshake, then typed messages, then a goodbye. Sans-I/O.

The same class serves the client protocol (payloads of frames) and the driver protocol
(packets); only the message unions differ.
Invariant: bytes in, messages out; never touches a socket or a clock.
"""

import enum
import functools
from typing import Any, Generic, TypeVar

from runtime.model.errors import BreachError
from runtime.wire import client, codec, driver, limits

In = TypeVar("In")
Out = TypeVar("Out")


class Phase(enum.Enum):
    """Where a session stands."""

    GREETING = "greeting"  # the peer's Hello has not come
    OPEN = "open"
    CLOSED = "closed"  # the peer said goodbye; nothing may follow


class Session(Generic[In, Out]):
    """Decodes what the peer sends and holds it to the order of the protocol."""

    def __init__(self, incoming: object, version: int, name: str) -> None:
        self._decode: codec.Decoder[In] = _decoder(incoming, name)
        self._version = version
        self._name = name
        self.phase = Phase.GREETING
        self.peer = ""

    def receive(self, payload: bytes | memoryview) -> In:
        """Decode one message of the peer.

        `Hello` and `Goodbye` are returned too, after they moved the session on.

        Raises:
            BreachError: Not a message of this protocol, out of order, or another version.
        """
        if self.phase is Phase.CLOSED:
            raise BreachError(f"{self._name}: expected nothing after a goodbye, found a message")
        message = self._decode(payload)
        if isinstance(message, client.Hello | driver.Hello):
            self._greet(message)
        elif self.phase is Phase.GREETING:
            raise BreachError(f"{self._name}: expected Hello first, found {type(message).__name__}")
        elif isinstance(message, client.Goodbye | driver.Goodbye):
            self.phase = Phase.CLOSED
        return message

    def encode(self, message: Out) -> bytes:
        """Encode one message of this side."""
        return codec.encode(message)

    def _greet(self, hello: client.Hello | driver.Hello) -> None:
        if self.phase is not Phase.GREETING:
            raise BreachError(f"{self._name}: expected one Hello, found a second")
        if hello.version != self._version:
            raise BreachError(
                f"{self._name}: expected protocol version {self._version}, found {hello.version}"
            )
        self.peer = hello.who if isinstance(hello, client.Hello) else "driver"
        self.phase = Phase.OPEN


@functools.cache
def _decoder(incoming: object, name: str) -> codec.Decoder[Any]:
    """One decoder for all sessions of a kind: it is costly to make, and keeps no state."""
    return codec.Decoder(incoming, name)


def runtime_of_client() -> Session[client.ToRuntime, client.ToClient]:
    """The runtime's side of a client's connection."""
    return Session(client.ToRuntime, limits.CLIENT_VERSION, "message of a client")


def client_of_runtime() -> Session[client.ToClient, client.ToRuntime]:
    """A client's side of its connection."""
    return Session(client.ToClient, limits.CLIENT_VERSION, "message of the runtime")


def runtime_of_driver() -> Session[driver.ToRuntime, driver.ToDriver]:
    """The runtime's side of a driver's control socket."""
    return Session(driver.ToRuntime, limits.DRIVER_VERSION, "packet of a driver")


def driver_of_runtime() -> Session[driver.ToDriver, driver.ToRuntime]:
    """The driver's side of its control socket."""
    return Session(driver.ToDriver, limits.DRIVER_VERSION, "packet of the runtime")


def runtime_of_watcher() -> Session[driver.FromWatcher, driver.ToWatcher]:
    """The runtime's side of a driver's watch socket."""
    return Session(driver.FromWatcher, limits.DRIVER_VERSION, "packet of a driver's watcher")


def watcher_of_runtime() -> Session[driver.ToWatcher, driver.FromWatcher]:
    """The driver's side of its watch socket."""
    return Session(driver.ToWatcher, limits.DRIVER_VERSION, "packet of the runtime")
