"""A connection for programs that may wait: the commands, and apps that ask for activation.

Blocks the calling thread; one thread only.
Invariant: never used by the window, which must not wait.
"""

import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from runtime.client.client import Client, StateMessage
from runtime.linux import places
from runtime.model.errors import BreachError, ProblemError, UnavailableError
from runtime.wire import client as wire
from runtime.wire import codec
from runtime.wire.commands.base import CommandOf

R = TypeVar("R")

CONNECT_SECONDS = 5
ANSWER_SECONDS = 120.0  # staging a large bundle is the longest that a command takes


def connect(who: str, path: Path | None = None) -> "Connection":
    """Connect to the runtime at a socket path, by default this user's, else the system's.

    Raises:
        UnavailableError: No runtime listens there.
    """
    candidates = [path] if path is not None else [places.socket_path(), places.SYSTEM_SOCKET]
    for candidate in candidates:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _CONNECT_TIME)  # of connect, too
        try:
            sock.connect(str(candidate))
        except BlockingIOError:
            sock.close()
            raise UnavailableError(
                f"runtime at {candidate}: expected it to take a client within "
                f"{CONNECT_SECONDS} s, found it busy"
            ) from None
        except (OSError, ValueError):  # a path with a zero byte is a ValueError
            sock.close()
            continue
        return Connection(Client(sock, who))
    raise UnavailableError(
        f"runtime: expected one listening at {candidates[0]}, found none; "
        "open the window or run `python -m runtime`"
    )


def _check(command: object) -> None:
    """Hold a command to the protocol's bounds, which would else end the connection."""
    name = type(command).__name__
    decode: codec.Decoder[object] = codec.Decoder(type(command), name)
    try:
        decode(codec.encode(command))
    except UnicodeEncodeError:
        raise ProblemError(
            "bad-argument", f"{name}: expected text in UTF-8, found other bytes"
        ) from None
    except BreachError as error:
        raise ProblemError("bad-argument", str(error)) from None


_CONNECT_TIME = struct.pack("@ll", CONNECT_SECONDS, 0)  # struct timeval, socket(7)


class Connection:
    """A connection whose calls wait for their answer."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._state: list[StateMessage] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye and close; idempotent."""
        self._client.close()

    def call(self, command: CommandOf[R], timeout_s: float = ANSWER_SECONDS) -> R:
        """Send a command and wait for its answer.

        Raises:
            ProblemError: The runtime refused; `code` says why. ``bad-argument``: it was not
                asked, as its protocol cannot carry an argument.
            UnavailableError: The connection ended, or no answer came in time.
        """
        _check(command)
        outcome: list[Any] = []
        self._client.ask(command, lambda answer: outcome.append((answer,)), outcome.append)
        deadline = time.monotonic() + timeout_s
        while not outcome:
            if not self._wait(deadline):
                raise UnavailableError(
                    f"answer to {type(command).__name__}: expected it in time, found nothing"
                )
        if isinstance(outcome[0], wire.Refusal):
            refusal = outcome[0]
            if refusal.code == "disconnected":
                raise UnavailableError(refusal.text)
            raise ProblemError(refusal.code, refusal.text)
        result: R = outcome[0][0]
        return result

    def ask(
        self,
        command: CommandOf[R],
        on_answer: Callable[[R], None] | None = None,
        on_refusal: Callable[[wire.Refusal], None] | None = None,
    ) -> int:
        """Send a command without waiting; exactly one callback is called, from a later call.

        Raises:
            ProblemError: ``bad-argument``: the protocol cannot carry an argument.
        """
        _check(command)
        return self._client.ask(command, on_answer, on_refusal)

    def take(self, timeout_s: float | None = None) -> list[StateMessage]:
        """Wait once for news: call back for answers, return what a subscription brought.

        Raises:
            UnavailableError: The connection ended.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        if not self._state:
            self._wait(deadline)
        state, self._state = self._state, []
        return state

    def take_descriptor(self) -> int:
        """See `Client.take_descriptor`."""
        return self._client.take_descriptor()

    def messages(self, timeout_s: float | None = None) -> Iterator[StateMessage]:
        """Yield the messages of a subscription as they come, until the connection ends.

        Raises:
            UnavailableError: None came for `timeout_s`, or the connection ended.
        """
        while True:
            message = self.message(timeout_s)
            if message is None:
                raise UnavailableError("news from the runtime: expected it in time, found nothing")
            yield message

    def message(self, timeout_s: float | None = None) -> StateMessage | None:
        """The next message of a subscription; None where none came in time.

        Raises:
            UnavailableError: The connection ended.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._state:
            if not self._wait(deadline):
                return None
        return self._state.pop(0)

    def _wait(self, deadline: float | None) -> bool:
        """Wait for news and take it; False where the time is over."""
        if self._client.closed:
            raise UnavailableError(self._client.closed)
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        writers = [self._client] if self._client.wants_write else []
        readable, writable, _ = select.select([self._client], writers, [], left)
        if writable:
            self._client.on_writable()
        if readable:
            self._state += self._client.on_readable()
        return bool(readable or writable) or deadline is None or time.monotonic() < deadline
