"""Somebody at an object of this driver, on a packet socket: a program, or another driver.

What comes is served on the queue that the object names for it, one after the other. Whoever it is
is not trusted: what is not of the protocol ends the link, and one that does not read its answers is
not listened to until it has.
Invariant: nothing here blocks; the end comes once, and everything that waits for it with it.
"""

import abc
import contextlib
import os
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import ClassVar, NamedTuple

from runtime.driverkit.dispatch import IODispatchQueue
from runtime.linux.sockets import receive_bytes, send_packet
from runtime.model.errors import BreachError
from runtime.wire import limits

_QUIET = int(socket.MSG_NOSIGNAL)  # enums are slow
PACKETS_A_TURN = 64  # so that nobody keeps the queue from its other work


class _Answer(NamedTuple):
    packet: bytes
    descriptors: tuple[int, ...]  # closed when it is sent, or never will be


class Link(abc.ABC):
    """Serves one socket until the other side closes, ends, breaks the protocol, or is let go.

    Args:
        sock: This driver's end; owned from now on.
        gone: Called once, on the queue: empty, or what the other side did wrong.
    """

    WHAT: ClassVar[str]
    """What the pulse shows while something that came is served."""

    def __init__(self, sock: socket.socket, gone: Callable[[str], None]) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._watcher: IODispatchQueue | None = None
        self._gone = gone
        self._lock = threading.Lock()
        self._outgoing: deque[_Answer] = deque()
        self._over = False

    @abc.abstractmethod
    def _queue(self) -> IODispatchQueue:
        """Where what comes is served."""

    @abc.abstractmethod
    def _take(self, packet: bytes) -> None:
        """Carry out a packet; BreachError: it is not of the protocol."""

    @abc.abstractmethod
    def _abandoned(self) -> None:
        """It is over: whatever waits for the other side ends."""

    def listen(self) -> None:
        """Wait for the next packet, or until the other side takes what waits for it."""
        with self._lock:
            blocked = bool(self._outgoing)
            if not self._over:
                self._watcher = self._queue()
                self._watcher.watch(self._sock.fileno(), self._ready, writable=blocked)

    def close(self) -> None:
        """Let go of the other side; any thread. What it had sent is served before."""
        with contextlib.suppress(OSError):  # it is gone
            self._sock.shutdown(socket.SHUT_RDWR)

    def abandon(self) -> None:
        """Let go at once, without a word to anybody."""
        self._finish()

    def _ready(self) -> None:
        self._queue().post(self.WHAT, self._serve)

    def _serve(self) -> None:
        if self._over:
            return
        try:
            if self._outgoing:
                self._flush()
            for _ in range(PACKETS_A_TURN):
                if self._outgoing or self._over:
                    break
                packet = receive_bytes(self._sock)
                if not packet:
                    self._end("")
                    return
                self._take(packet)
        except BlockingIOError:
            pass
        except BreachError as error:
            self._end(str(error))
            return
        except OSError:
            self._end("")
            return
        self.listen()

    def _send(self, packet: bytes, descriptors: tuple[int, ...] = ()) -> None:
        """Send now, or when the other side reads; any thread."""
        if not descriptors and not self._outgoing:  # mostly, and then no lock is needed
            try:
                self._sock.send(packet, _QUIET)
            except BlockingIOError:
                pass
            except OSError:
                return  # it is gone: the end of file says so
            else:
                return
        with self._lock:
            if self._over or (not self._outgoing and self._went(packet, descriptors)):
                if descriptors:
                    _close(descriptors)
            elif len(self._outgoing) >= 2 * limits.OUTSTANDING:
                _close(descriptors)
                self.close()  # it does not read: the end of file says the rest
            else:
                self._outgoing.append(_Answer(packet, descriptors))

    def _flush(self) -> None:
        with self._lock:
            while self._outgoing and self._went(*self._outgoing[0]):
                _close(self._outgoing.popleft().descriptors)

    def _went(self, packet: bytes, descriptors: tuple[int, ...]) -> bool:
        try:
            send_packet(self._sock, packet, descriptors)
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
            if self._watcher is not None:
                self._watcher.unwatch(self._sock.fileno())
            while self._outgoing:
                _close(self._outgoing.popleft().descriptors)
            self._sock.close()
        self._abandoned()
        return True


def _close(descriptors: tuple[int, ...]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
