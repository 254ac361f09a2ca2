"""One connection to a runtime, without an event loop of its own.

The owner watches `fileno()` for reading always and for writing while `wants_write`, and calls
`on_readable` and `on_writable`. Nothing here blocks; nothing here is safe from two threads.
Invariant: never waits, and calls nobody but from `on_readable` and `close`.
"""

import os
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from runtime.linux import sockets
from runtime.model.errors import BreachError
from runtime.wire import client as wire
from runtime.wire import codec, framing, limits, session
from runtime.wire.commands.base import CommandOf

R = TypeVar("R")

RECEIVE_BYTES = 64 << 10  # a larger buffer would be mapped and unmapped for every message

StateMessage = wire.SnapshotBegin | wire.Part | wire.SnapshotEnd | wire.Delta
"""What a subscription brings, in the order in which it has to be applied."""


class Client:
    """A front end's side of a connection.

    Attributes:
        closed: Empty while the connection stands, then one sentence why it does not.
    """

    def __init__(self, sock: socket.socket, who: str) -> None:
        """Take ownership of a connected stream socket; `who` names the program in the log."""
        sock.setblocking(False)
        self._sock = sock
        self._session = session.client_of_runtime()
        self._frames = framing.FrameReader(limits.ANSWER)
        self._received: deque[bytes] = deque()
        self._descriptors: deque[int] = deque()
        self._outgoing = bytearray()
        self._asked: dict[int, _Asked] = {}
        self._number = 0
        self.closed = ""
        self._send(wire.Hello(limits.CLIENT_VERSION, who))

    def fileno(self) -> int:
        """The descriptor to watch; -1 once closed."""
        return self._sock.fileno()

    @property
    def wants_write(self) -> bool:
        """Whether bytes wait for the socket to take them."""
        return bool(self._outgoing) and not self.closed

    @property
    def has_received(self) -> bool:
        """Whether whole messages wait that `on_readable` had no time for: call it again."""
        return bool(self._received)

    def ask(
        self,
        command: CommandOf[R],
        on_answer: Callable[[R], None] | None = None,
        on_refusal: Callable[[wire.Refusal], None] | None = None,
    ) -> int:
        """Send a command; exactly one of the callbacks is called, from `on_readable`.

        When the connection ends first, `on_refusal` gets code ``disconnected``.
        """
        self._number += 1
        number = self._number
        decode: codec.Decoder[Any] = codec.Decoder(command.RESULT, type(command).__name__)
        self._asked[number] = _Asked(decode, on_answer, on_refusal)
        self._send(wire.Ask(number, command))  # type: ignore[arg-type]  # every CommandOf is one
        return number

    def on_readable(self, budget_s: float | None = None) -> list[StateMessage]:
        """Receive, call the callbacks of answers, and return the state's messages in order.

        With a budget it returns when that is used up (what is left comes with the next call:
        the socket stays readable, or `has_received` is true).
        """
        deadline = None if budget_s is None else time.monotonic() + budget_s
        messages: list[StateMessage] = []
        while not self.closed:
            while self._received:
                self._take(self._received.popleft(), messages)
                if deadline is not None and time.monotonic() > deadline:
                    return messages
            if not self._receive():
                break
        return messages

    def take_descriptor(self) -> int:
        """The descriptor that came beside an answer, the oldest first; the caller's to close.

        Raises:
            BreachError: None came.
        """
        if not self._descriptors:
            raise BreachError("answer: expected a descriptor beside it, found none")
        return self._descriptors.popleft()

    def on_writable(self) -> None:
        """Send what waits, as far as the socket takes it."""
        while self._outgoing and not self.closed:
            try:
                sent = self._sock.send(self._outgoing)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._end(f"connection to the runtime was lost: {error.strerror}")
                return
            del self._outgoing[:sent]

    def close(self) -> None:
        """Say goodbye as far as the socket takes it, and close; idempotent."""
        if not self.closed:
            self._send(wire.Goodbye())
            self._end("connection was closed by this program")
        self._sock.close()
        while self._descriptors:
            os.close(self._descriptors.popleft())

    def _receive(self) -> bool:
        """Read once; return whether whole messages came."""
        try:
            data, descriptors = sockets.receive_stream(self._sock, RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self._end(f"connection to the runtime was lost: {error.strerror}")
            return False
        except BreachError as error:
            self._end(str(error))
            return False
        self._descriptors += descriptors
        if not data:
            self._end("runtime ended the connection")
            return False
        try:
            self._received.extend(self._frames.feed(data))
        except BreachError as error:
            self._end(str(error))
        return True

    def _take(self, payload: bytes, messages: list[StateMessage]) -> None:
        try:
            message = self._session.receive(payload)
            if isinstance(message, wire.Answer):
                self._answered(message)
            elif isinstance(message, wire.Refusal):
                self._refused(message)
            elif isinstance(message, wire.Goodbye):
                self._end(message.reason or "runtime ended the connection")
            elif not isinstance(message, wire.Hello):
                messages.append(message)
        except BreachError as error:
            self._end(str(error))

    def _answered(self, answer: wire.Answer) -> None:
        asked = self._asked.pop(answer.number, None)
        if asked is None:
            raise BreachError(f"answer: expected one to an open command, found {answer.number}")
        result = asked.decode(answer.result)
        if asked.on_answer is not None:
            asked.on_answer(result)

    def _refused(self, refusal: wire.Refusal) -> None:
        asked = self._asked.pop(refusal.number, None)
        if asked is not None and asked.on_refusal is not None:
            asked.on_refusal(refusal)

    def _send(self, message: wire.ToRuntime) -> None:
        if not self.closed:
            self._outgoing += framing.frame(self._session.encode(message))
            self.on_writable()

    def _end(self, reason: str) -> None:
        self.closed = self.closed or reason  # a goodbye's reason outlives the end of file
        self._outgoing.clear()
        asked, self._asked = self._asked, {}
        for number, open_ask in asked.items():
            if open_ask.on_refusal is not None:
                open_ask.on_refusal(wire.Refusal(number, "disconnected", reason))


class _Asked:
    """An open command: how to decode its answer and whom to tell."""

    __slots__ = ("decode", "on_answer", "on_refusal")

    def __init__(
        self,
        decode: codec.Decoder[Any],
        on_answer: Callable[[Any], None] | None,
        on_refusal: Callable[[wire.Refusal], None] | None,
    ) -> None:
        self.decode = decode
        self.on_answer = on_answer
        self.on_refusal = on_refusal
