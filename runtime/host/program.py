"""One program at a user client: its calls come in, their results and completions go out.

Calls run on the queue that the user client names for them, one after the other. The program may be
anybody: what is not of the protocol ends its connection, and one that does not read its answers is
not listened to until it has.
Invariant: nothing here blocks; the program is gone once, and everything that it waits for with it.
"""

import contextlib
import os
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from runtime.driverkit.action import OSAction
from runtime.driverkit.data_queue import IODataQueueDispatchSource
from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.memory import kIOMemoryMapReadOnly
from runtime.driverkit.transport import Sources
from runtime.driverkit.user_client import (
    IOUserClient,
    IOUserClientMethodArguments,
    kIOUserClientQueueNameExternalMethod,
)
from runtime.linux.sockets import receive_packet, send_packet
from runtime.model.errors import BreachError
from runtime.model.kern_return import IOReturn
from runtime.wire import codec, limits
from runtime.wire import user_client as wire

PACKETS_A_TURN = 64  # so that no program keeps the queue from its other work

_decode: codec.Decoder[wire.FromProgram] = codec.Decoder(wire.FromProgram, "packet of a program")


class _Answer(NamedTuple):
    packet: bytes
    descriptors: tuple[int, ...]  # closed when it is sent, or never will be


class ProgramLink:
    """Serves one program until it closes, ends, breaks the protocol, or is let go.

    Args:
        sock: The driver's end; owned from now on.
        client: Whom it calls.
        sources: Waits for it.
        gone: Called once, on the queue: empty, or what the program did wrong.
    """

    def __init__(
        self,
        sock: socket.socket,
        client: IOUserClient,
        sources: Sources,
        gone: Callable[[str], None],
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._client = client
        self._sources = sources
        self._gone = gone
        self._lock = threading.Lock()
        self._outgoing: deque[_Answer] = deque()
        self._open: dict[int, OSAction] = {}
        self._over = False

    def listen(self) -> None:
        """Wait for its next packet, or until it takes what waits for it."""
        with self._lock:
            blocked = bool(self._outgoing)
            if not self._over:
                self._sources.watch(self._sock.fileno(), self._ready, writable=blocked)

    def complete(self, completion: int, status: int, values: tuple[int, ...]) -> None:
        """See `runtime.driverkit.user_client.Program.complete`."""
        if len(values) > wire.ASYNC_VALUES or not all(0 <= value < 1 << 64 for value in values):
            raise IOReturnError(
                IOReturn.BAD_ARGUMENT, f"asyncData: expected 16 numbers of 64 bits, found {values}"
            )
        if self._open.pop(completion, None) is not None:
            self._send(wire.Completed(completion, status, values))

    def close(self) -> None:
        """See `runtime.driverkit.user_client.Program.close`."""
        with contextlib.suppress(OSError):  # it is gone
            self._sock.shutdown(socket.SHUT_RDWR)

    def abandon(self) -> None:
        """Let go of it at once, without a word to anybody."""
        self._finish()

    def _ready(self) -> None:
        with self._lock:
            if self._over:
                return
            self._sources.unwatch(self._sock.fileno())
        queue = self._client.CopyDispatchQueue(kIOUserClientQueueNameExternalMethod)
        queue.post("ExternalMethod", self._serve)

    def _serve(self) -> None:
        try:
            if self._outgoing:
                self._flush()
            for _ in range(PACKETS_A_TURN):
                if self._outgoing:
                    break
                packet, _ = receive_packet(self._sock)
                if not packet:
                    self._end("")
                    return
                self._take(_decode(packet))
        except BlockingIOError:
            pass
        except BreachError as error:
            self._end(str(error))
            return
        except OSError:
            self._end("")
            return
        self.listen()

    def _take(self, message: wire.FromProgram) -> None:
        try:
            if isinstance(message, wire.Invoke):
                self._send(self._invoke(message))
            else:
                self._send(*self._map(message))
        except IOReturnError as error:
            self._send(wire.Failed(message.number, error.code, error.text[: limits.TEXT]))

    def _invoke(self, call: wire.Invoke) -> wire.Returned:
        arguments = IOUserClientMethodArguments(
            call.selector,
            self._completion(call) if call.completion else None,
            call.scalars,
            call.structure,
            call.scalar_outputs,
            call.structure_output,
        )
        try:
            self._client.ExternalMethod(call.selector, arguments)
            return _returned(call, arguments)
        except IOReturnError:
            self._open.pop(call.completion, None)
            raise

    def _completion(self, call: wire.Invoke) -> OSAction:
        if call.completion in self._open:
            raise BreachError(f"program: expected a free completion, found {call.completion}")
        if len(self._open) >= limits.OUTSTANDING:
            raise IOReturnError(
                IOReturn.NO_RESOURCES, f"{limits.OUTSTANDING} asynchronous calls have not ended"
            )
        action = self._client.CreateAction(self._client.CompleteAsync, call.completion)
        self._open[call.completion] = action
        return action

    def _map(self, wanted: wire.MapMemory) -> tuple[wire.Mapped, tuple[int, ...]]:
        options, memory = self._client.CopyClientMemoryForType(wanted.type)
        if isinstance(memory, IODataQueueDispatchSource):
            shared, end = memory.share()
            return wire.Mapped(wanted.number, 0, 0), (os.dup(shared), end)
        descriptor, offset, length = memory.share(options)
        read_only = bool(options & kIOMemoryMapReadOnly)
        return wire.Mapped(wanted.number, offset, length, read_only), (os.dup(descriptor),)

    def _send(self, message: wire.ToProgram, descriptors: tuple[int, ...] = ()) -> None:
        """Send now, or when the program reads; any thread."""
        answer = _Answer(codec.encode(message), descriptors)
        with self._lock:
            if self._over or (not self._outgoing and self._went(answer)):
                _close(answer)
            elif len(self._outgoing) >= 2 * limits.OUTSTANDING:
                _close(answer)
                self.close()  # it does not read: the end of file says the rest
            else:
                self._outgoing.append(answer)

    def _flush(self) -> None:
        with self._lock:
            while self._outgoing and self._went(self._outgoing[0]):
                _close(self._outgoing.popleft())

    def _went(self, answer: _Answer) -> bool:
        try:
            send_packet(self._sock, answer.packet, answer.descriptors)
        except BlockingIOError:
            return False
        except OSError:
            return True  # it is gone: the end of file says so
        return True

    def _end(self, breach: str) -> None:
        if self._finish():
            self._gone(breach)

    def _finish(self) -> bool:
        """Close everything; False when that was done before."""
        with self._lock:
            if self._over:
                return False
            self._over = True
            self._sources.unwatch(self._sock.fileno())
            while self._outgoing:
                _close(self._outgoing.popleft())
            self._sock.close()
        waiting, self._open = self._open, {}
        for action in waiting.values():
            action.Aborted()
        return True


def _returned(call: wire.Invoke, arguments: IOUserClientMethodArguments) -> wire.Returned:
    scalars, structure = tuple(arguments.scalarOutput), bytes(arguments.structureOutput)
    if len(scalars) > call.scalar_outputs or len(structure) > call.structure_output:
        raise IOReturnError(
            IOReturn.MESSAGE_TOO_LARGE,
            f"selector {call.selector}: expected at most {call.scalar_outputs} numbers and "
            f"{call.structure_output} bytes, found {len(scalars)} and {len(structure)}",
        )
    return wire.Returned(call.number, scalars, structure)


def _close(answer: _Answer) -> None:
    for descriptor in answer.descriptors:
        os.close(descriptor)
