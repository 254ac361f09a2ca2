"""A connection for programs that may wait: the commands, and apps that ask for activation.

Blocks the calling thread; one thread only.
Invariant: never used by the window, which must not wait.
"""

import select
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from runtime.client.client import Client, StateMessage
from runtime.client.start import find_runtime
from runtime.linux import places
from runtime.model.errors import ProblemError, UnavailableError
from runtime.wire import client as wire

R = TypeVar("R")

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 120.0  # staging a large bundle is the longest that a command takes


def connect(who: str, path: Path | None = None) -> "Connection":
    """Connect to the runtime at a socket path, by default this user's, else the system's.

    Raises:
        UnavailableError: No runtime listens there.
    """
    sock = find_runtime(path, CONNECT_SECONDS)
    if sock is None:
        raise UnavailableError(
            f"runtime: expected one listening at {path or places.socket_path()}, found none; "
            "open the window or run `python -m runtime`"
        )
    return Connection(Client(sock, who))


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

    def call(self, command: wire.CommandOf[R], timeout_s: float = ANSWER_SECONDS) -> R:
        """Send a command and wait for its answer.

        Raises:
            ProblemError: The runtime refused; `code` says why.
            UnavailableError: The connection ended, or no answer came in time.
        """
        outcome: list[Any] = []
        self._client.ask(command, lambda answer: outcome.append((answer,)), outcome.append)
        deadline = time.monotonic() + timeout_s
        while not outcome:
            self._wait(deadline, f"answer to {type(command).__name__}")
        if isinstance(outcome[0], wire.Refusal):
            refusal = outcome[0]
            if refusal.code == "disconnected":
                raise UnavailableError(refusal.text)
            raise ProblemError(refusal.code, refusal.text)
        result: R = outcome[0][0]
        return result

    def messages(self, timeout_s: float | None = None) -> Iterator[StateMessage]:
        """Yield the messages of a subscription as they come, until the connection ends.

        Raises:
            UnavailableError: None came for `timeout_s`, or the connection ended.
        """
        while True:
            while self._state:
                yield self._state.pop(0)
            deadline = None if timeout_s is None else time.monotonic() + timeout_s
            self._wait(deadline, "news from the runtime")

    def _wait(self, deadline: float | None, what: str) -> None:
        if self._client.closed:
            raise UnavailableError(self._client.closed)
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        writers = [self._client] if self._client.wants_write else []
        readable, writable, _ = select.select([self._client], writers, [], left)
        if writable:
            self._client.on_writable()
        if readable:
            self._state += self._client.on_readable()
        elif not writable and deadline is not None and time.monotonic() >= deadline:
            raise UnavailableError(f"{what}: expected it in time, found nothing")
