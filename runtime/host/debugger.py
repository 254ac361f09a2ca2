"""A debugger in the driver itself: pdb on a socket that the runtime passed in.

The watcher takes the socket and interrupts the main thread by a signal, wherever that is: in
an endless loop as well as idle. There pdb stops, and can look at every other thread. Nothing is
listened on, nothing is restarted, and whoever debugs can leave at any time: the driver goes on.
Invariant: a session ends exactly once, and then the runtime is told.
"""

import collections
import os
import signal
import socket
from collections.abc import Callable
from types import FrameType

from runtime.host.debugger_shell import Shell
from runtime.linux.libc import syscall
from runtime.wire import driver

_SIGNAL = signal.SIGUSR2


class Debugger:
    """One session at a time, from when its socket comes until `on_end` is called.

    Args:
        on_end: Told that a session is over; any thread.
        pulse: What the queues do; any thread.
    """

    def __init__(self, on_end: Callable[[], None], pulse: Callable[[], driver.Pulse]) -> None:
        """Listen for the signal; called on the main thread."""
        self._on_end = on_end
        self._pulse = pulse
        self._socket: socket.socket | None = None  # of the session
        self._offered: collections.deque[socket.socket] = collections.deque()  # not taken up yet
        self._shell: Shell | None = None
        self._left = False
        signal.signal(_SIGNAL, self._interrupted)

    @property
    def peer(self) -> int | None:
        """The descriptor whose hang-up is to be told by `peer_left`; the watcher's thread."""
        sock = self._socket
        return None if sock is None or self._left or sock.fileno() < 0 else sock.fileno()

    def attach(self, sock: socket.socket) -> None:
        """Stop the main thread and let `sock`, owned from now on, speak with it.

        The watcher's thread, like `peer_left`.
        """
        if self._socket is not None:
            sock.close()
            return
        self._left = False
        self._socket = sock
        self._offered.append(sock)
        _interrupt()

    def peer_left(self) -> None:
        """End the session, unless the main thread is reading and so finds out by itself."""
        self._left = True
        try:
            self._offered.pop()
        except IndexError:
            _interrupt()
        else:
            self._over()  # the main thread was never stopped

    def _interrupted(self, _number: int, frame: FrameType | None) -> None:
        if self._shell is not None:
            if self._left:
                self._shell.abandoned()
            return
        try:
            sock = self._offered.pop()
        except IndexError:
            return
        assert frame is not None  # a signal's handler runs in some frame
        self._shell = Shell(sock, self._over, lambda: self._left, self._pulse)
        self._shell.stop_at(frame)

    def _over(self) -> None:
        sock, self._socket, self._shell = self._socket, None, None
        if sock is not None:
            sock.close()
            self._on_end()


def _interrupt() -> None:
    # Not pthread_kill: the C library has the main thread's number from before the fork.
    syscall("tgkill", os.getpid(), os.getpid(), _SIGNAL)
