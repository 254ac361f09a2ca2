"""One driver process as its provider sees it: calls come in, answers and completions go out.

Runs in the event loop. Calls that wait for more than data run as tasks; all are answered in the
order in which they end. A driver is never trusted, and the first packet that the protocol does not
allow ends the link.
Invariant: every call is answered at most once, and none after the link has ended.
"""

import asyncio
import functools
import os
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import get_args

from runtime.families.provider import Lent, ProviderSession
from runtime.linux import sockets
from runtime.model.errors import BreachError, ReturnError
from runtime.model.kern_return import IOReturn
from runtime.wire import codec, driver, limits, methods

_QUIET = int(socket.MSG_NOSIGNAL)  # enums are slow
_NOT_ITS_PROVIDERS = frozenset(get_args(methods.SystemMethod | methods.ServiceMethod))

_decode: codec.Decoder[driver.ToProvider] = codec.Decoder(
    driver.ToProvider, "packet of a driver to its provider"
)


class DriverLink:
    """Serves one provider socket until either side ends it.

    Args:
        sock: This side's end; owned from now on.
        ended: Called once when the driver ended the link: empty, or what it did wrong.
    """

    def __init__(self, sock: socket.socket, ended: Callable[[str], None]) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._ended = ended
        self._session: ProviderSession | None = None
        self._serving: dict[int, asyncio.Task[None] | None] = {}
        self._outgoing: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self._loop = asyncio.get_running_loop()
        self._stuck = False  # packets wait for the driver to read
        self._closed = False

    def serve(self, session: ProviderSession) -> None:
        """Begin; `session` is owned from now on, and gets its completions out by `complete`."""
        self._session = session
        self._loop.add_reader(self._sock, self._on_readable)

    def complete(self, action: int, completion: methods.Completion) -> None:
        """Have the driver run an action's callback."""
        self._send(driver.Complete(action, completion))

    def close(self) -> None:
        """End the link from this side; the session is closed. Idempotent."""
        if self._closed:
            return
        if self._session is not None:
            self._session.close()
        self._closed = True
        self._forget()
        for task in self._serving.values():
            if task is not None:
                task.cancel()
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()

    def _on_readable(self) -> None:
        """Take one packet: a driver waits for its answer mostly, and others have their turn."""
        try:
            packet = sockets.receive_bytes(self._sock)
            if packet:
                self._take(_decode(packet))
            else:
                self._end("")
        except BlockingIOError:
            return
        except BreachError as error:
            self._end(str(error))
        except OSError:
            self._end("")  # it was killed with answers unread

    def _take(self, message: driver.ToProvider) -> None:
        if isinstance(message, driver.Call):
            self._call(message)
        else:
            self._begin(message)

    def _begin(self, wanted: driver.Begin) -> None:
        """Begin what is not answered: when it is refused, that is its end."""
        assert self._session is not None
        try:
            begun = self._session.begin(wanted.target, wanted.method, _nobody_waits)
            refused = 0 if begun else int(IOReturn.UNSUPPORTED)
        except ReturnError as error:
            refused = error.code
        if refused:
            end = methods.CompleteAsyncIO(refused, 0, time.monotonic_ns())
            self.complete(wanted.method.action, end)

    def _call(self, call: driver.Call) -> None:
        if type(call.method) in _NOT_ITS_PROVIDERS:
            raise BreachError(
                f"driver: expected a method of its provider, found {type(call.method).__name__}"
            )
        if call.number in self._serving or len(self._serving) >= limits.OUTSTANDING:
            raise BreachError(f"driver: expected a free call number, found {call.number}")
        assert self._session is not None
        self._serving[call.number] = None
        answer = functools.partial(self._answer, call.number)
        try:
            if not self._session.begin(call.target, call.method, answer):
                self._serving[call.number] = self._loop.create_task(self._run(call))
        except ReturnError as error:
            answer(error)

    async def _run(self, call: driver.Call) -> None:
        assert self._session is not None
        try:
            result = await self._session.call(call.target, call.method)
        except ReturnError as error:
            self._answer(call.number, error)
        except asyncio.CancelledError:
            self._answer(call.number, ReturnError(IOReturn.ABORTED))
            raise
        else:
            self._answer(call.number, result)

    def _answer(self, number: int, result: object) -> None:
        self._serving.pop(number, None)
        if isinstance(result, ReturnError):
            self._send(driver.Fail(number, result.code, result.text[: limits.TEXT]))
        elif isinstance(result, Lent):
            self._send(driver.Reply(number, codec.raw(result.result)), result.descriptor)
        else:
            self._send(driver.Reply(number, codec.raw(result)))

    def _send(self, message: driver.FromProvider, *descriptors: int) -> None:
        """Queue a packet; the descriptors are closed when it was sent, or cannot be."""
        packet = codec.encode(message)
        if not (self._outgoing or descriptors or self._closed) and self._went(packet):
            return
        full = len(self._outgoing) >= 2 * limits.OUTSTANDING
        if full and not self._closed:
            self._loop.call_soon(self._end, "driver: expected it to read its provider's packets")
        if self._closed or full:
            _close(descriptors)
            return
        self._outgoing.append((packet, descriptors))
        self._flush()

    def _went(self, packet: bytes) -> bool:
        """Send what nothing waits before; False: it has to wait."""
        try:
            self._sock.send(packet, _QUIET)
        except BlockingIOError:
            return False
        except OSError:
            return True  # it is gone; the end of file says so
        return True

    def _flush(self) -> None:
        while self._outgoing:
            try:
                sockets.send_packet(self._sock, *self._outgoing[0])
            except BlockingIOError:
                self._loop.add_writer(self._sock, self._flush)
                self._stuck = True
                return
            except OSError:
                self._forget()  # it is gone; the end of file says so
                break
            _close(self._outgoing.popleft()[1])
        if self._stuck:
            self._loop.remove_writer(self._sock)
            self._stuck = False

    def _forget(self) -> None:
        while self._outgoing:
            _close(self._outgoing.popleft()[1])

    def _end(self, breach: str) -> None:
        if not self._closed:
            self.close()
            self._ended(breach)


def _nobody_waits(_result: object) -> None:
    """For the answer to what is not answered."""


def _close(descriptors: tuple[int, ...]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
