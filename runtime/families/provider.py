"""What a broker serves, of whatever family: one device, to the driver processes at it.

Everything is called in the event loop of the device's broker.
Invariant: Protocols and values only.
"""

import socket
from collections.abc import Callable
from typing import NamedTuple, Protocol

from runtime.wire import methods

Complete = Callable[[int, methods.Completion], None]
"""Called with a finished action's number and its completion."""


Answer = Callable[[object], None]
"""Called once with what `ProviderSession.call` returns of a method, or with a ReturnError."""


class Lent(NamedTuple):
    """A result with a descriptor beside it, which is the receiver's to close."""

    result: object
    descriptor: int


class ProviderSession(Protocol):
    """What one driver process may do with its provider."""

    def begin(self, target: int, method: methods.Method, answer: Answer) -> bool:
        """Carry out a method that needs no task, as those that move data; False: `call` it.

        ReturnError when it fails at once: there is no other answer then.
        """

    async def call(self, target: int, method: methods.Method) -> object:
        """Carry out a method; ReturnError when it fails.

        The result is of its RESULT type, or `Lent` with one.
        """

    def close(self) -> None:
        """Abort what is outstanding, whose completions come first, and let go; idempotent."""

    def unplug(self) -> None:
        """The device is gone: `close`, and nothing can be opened any more."""


class ServedDevice(Protocol):
    """A device that a broker holds."""

    def session(
        self, number: int, complete: Complete, opening: socket.socket | None = None
    ) -> ProviderSession:
        """Let one driver process at an interface of this number.

        Over `opening`, owned from now on, a fresh descriptor of the device's node will come.
        """

    def give_back(self, number: int) -> None:
        """Let whoever had an interface before have it again; idempotent."""

    def close(self) -> None:
        """End all I/O and give everything back; idempotent."""
