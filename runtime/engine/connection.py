"""One client's connection: bytes to commands, answers and state to bytes.

Runs in the event loop and never blocks: what the socket does not take waits here as bytes up
to a limit, and behind that in the outbox.
A command goes on when its client leaves: what was approved is made to run, what was unplugged
goes. Only the answer is dropped.
Invariant: a client that does not read costs a bounded amount of memory.
"""

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec

from runtime.engine.outbox import Outbox
from runtime.linux.sockets import Peer
from runtime.model.errors import BreachError, InspectorError, ProblemError
from runtime.wire import client as wire
from runtime.wire import codec, framing, limits, session
from runtime.wire.commands import Command

RECEIVE_BYTES = 64 << 10  # a larger buffer would be mapped and unmapped for every command
HIGH_WATER = 256 << 10  # bytes that wait for the socket before the outbox is left to coalesce
TURN_MESSAGES = 4  # parts or deltas made in one turn of the loop: about 1 ms

_log = logging.getLogger("runtime.client")


class Beside(NamedTuple):
    """An answer with a descriptor beside it, which is closed when it is sent, or cannot be."""

    result: object
    descriptor: int


Handler = Callable[["ClientConnection", Command], Awaitable[object]]


class ClientConnection:
    """A client, from its connection to its end.

    Attributes:
        peer: Who it is, as the kernel says.
        owner: Whether it is the window that started this runtime.
        outbox: Its subscription, once it has one.
        left: Set when the connection is over.
    """

    def __init__(
        self,
        sock: socket.socket,
        peer: Peer,
        handler: Handler,
        on_end: Callable[["ClientConnection"], None],
        *,
        owner: bool = False,
    ) -> None:
        """Take ownership of a connected stream socket."""
        sock.setblocking(False)
        self.peer = peer
        self.owner = owner
        self.outbox: Outbox | None = None
        self._sock = sock
        self._handler = handler
        self._on_end = on_end
        self._session = session.runtime_of_client()
        self._frames = framing.FrameReader()
        self._outgoing = bytearray()
        self._beside: deque[tuple[int, int]] = deque()  # descriptors, by the byte that they go with
        self._asked: dict[int, asyncio.Task[None]] = {}
        self._closed = False
        self._paused = False  # nothing is done for it until it has read what waits for it
        self._resumed = asyncio.Event()
        self.left = asyncio.Event()
        self._pumping: asyncio.Handle | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock, self._on_readable)
        self._send(wire.Hello(limits.CLIENT_VERSION, "runtime"))

    @property
    def who(self) -> str:
        """What the client calls itself, for sentences only."""
        return self._session.peer or "client"

    @property
    def has_commands(self) -> bool:
        """Whether commands of it are being carried out; they go on when it leaves."""
        return bool(self._asked)

    def wake(self) -> None:
        """Something waits in the outbox: send it in the next turn of the loop."""
        if self._pumping is None and not self._closed:
            self._pumping = self._loop.call_soon(self._pump)

    def close(self, reason: str = "") -> None:
        """Say goodbye as far as the socket takes it, and close; idempotent."""
        if self._closed:
            return
        self._send(wire.Goodbye(reason[: limits.TEXT]))
        self._end()

    def _pump(self) -> None:
        self._pumping = None
        if self._closed or self.outbox is None:
            return
        for _ in range(TURN_MESSAGES):
            if len(self._outgoing) > HIGH_WATER:
                return  # `_flush` wakes this again
            message = self.outbox.next_message()
            if message is None:
                return
            self._send(message)
        self.wake()

    def _on_readable(self) -> None:
        try:
            data = self._sock.recv(RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._end()
            return
        if not data:
            self._end()
            return
        try:
            for payload in self._frames.feed(data):
                self._take(self._session.receive(payload))
        except BreachError as error:
            _log.warning("client pid %d: %s", self.peer.pid, error)
            self.close(str(error))

    def _take(self, message: wire.ToRuntime) -> None:
        if isinstance(message, wire.Goodbye):
            self._end()
        elif isinstance(message, wire.Ask):
            if message.number in self._asked or len(self._asked) >= limits.OUTSTANDING:
                raise BreachError(f"ask: expected a free number, found {message.number}")
            task = self._loop.create_task(self._answer(message))
            self._asked[message.number] = task
            task.add_done_callback(self._answered)

    async def _answer(self, ask: wire.Ask) -> None:
        try:
            while self._paused:
                await self._resumed.wait()
            result = await self._handler(self, ask.command)
        except ProblemError as error:
            self._send(wire.Refusal(ask.number, error.code, str(error)))
        except InspectorError as error:
            self._send(wire.Refusal(ask.number, "failed", str(error)))
        except OSError as error:  # no descriptor, memory or disk left
            text = f"{type(ask.command).__name__}: expected to be able to do it, found: {error}"
            self._send(wire.Refusal(ask.number, "failed", text))
        else:
            if isinstance(result, Beside):
                self._put_beside(result.descriptor)
                result = result.result
            self._send(wire.Answer(ask.number, msgspec.Raw(codec.encode(result))))
        finally:
            self._asked.pop(ask.number, None)

    def _answered(self, task: asyncio.Task[None]) -> None:
        """A command that ended with a defect of ours leaves nobody waiting for its answer."""
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("client pid %d: a command failed", self.peer.pid, exc_info=error)
            self.close(f"runtime failed to carry out a command: {error}")

    def _send(self, message: wire.ToClient) -> None:
        if not self._closed:
            self._outgoing += framing.frame(self._session.encode(message), limits.ANSWER)
            self._flush()
            self._throttle()

    def _throttle(self) -> None:
        """Take no more commands from a client that does not read its answers."""
        paused = len(self._outgoing) > HIGH_WATER
        if paused is self._paused or self._closed:
            return
        self._paused = paused
        if paused:
            self._resumed.clear()
            self._loop.remove_reader(self._sock)
        else:
            self._resumed.set()
            self._loop.add_reader(self._sock, self._on_readable)

    def _flush(self) -> None:
        while self._outgoing:
            try:
                sent = self._send_some()
            except (BlockingIOError, InterruptedError):
                self._loop.add_writer(self._sock, self._flush)
                return
            except OSError:
                self._end()
                return
            del self._outgoing[:sent]
            if self._beside:
                self._beside = deque((at - sent, fd) for at, fd in self._beside)
        self._loop.remove_writer(self._sock)
        self._throttle()
        self.wake()

    def _put_beside(self, descriptor: int) -> None:
        """Have a descriptor go with the next message."""
        if self._closed:
            os.close(descriptor)
        else:
            self._beside.append((len(self._outgoing), descriptor))

    def _send_some(self) -> int:
        """Send up to the next byte that a descriptor goes with, or from that byte on."""
        if not self._beside:
            return self._sock.send(self._outgoing)
        at, descriptor = self._beside[0]
        if at:
            return self._sock.send(memoryview(self._outgoing)[:at])
        end = self._beside[1][0] if len(self._beside) > 1 else len(self._outgoing)
        sent = socket.send_fds(self._sock, [memoryview(self._outgoing)[:end]], [descriptor])
        self._beside.popleft()
        os.close(descriptor)
        return sent

    def _end(self) -> None:
        if self._closed:
            return
        for _, descriptor in self._beside:
            os.close(descriptor)
        self._beside.clear()
        self._closed = True
        self._paused = False
        self._resumed.set()
        self.left.set()
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        self._on_end(self)
