"""A debugger in the driver itself: pdb on a socket that the runtime passed in.

The watcher takes the socket and interrupts the main thread by a signal, wherever that is: in
an endless loop as well as idle. There pdb stops, and can look at every other thread. Nothing is
listened on, nothing is restarted, and whoever debugs can leave at any time: the driver goes on.
Source: pdb.Pdb, bdb.Bdb of CPython; PyFrame_LocalsToFast.
Invariant: the end of the socket never raises in the driver's code.
"""

import contextlib
import ctypes
import io
import os
import pdb
import signal
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from runtime.host.stacks import name_of
from runtime.linux.libc import syscall

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_SIGNAL = signal.SIGUSR2
_GREETING = "Stopped in {name}. The driver waits. `threads` lists all threads, `c` goes on."


class Debugger:
    """One session at a time; `on_end` is called when one is over, on the main thread."""

    def __init__(self, on_end: Callable[[], None]) -> None:
        """Listen for the signal; called on the main thread."""
        self._on_end = on_end
        self._socket: socket.socket | None = None
        signal.signal(_SIGNAL, self._stop)

    def attach(self, sock: socket.socket) -> None:
        """Stop the main thread and let `sock`, owned from now on, speak with it; any thread."""
        if self._socket is not None:
            sock.close()
            return
        self._socket = sock
        # Not pthread_kill: the C library has the main thread's number from before the fork.
        syscall("tgkill", os.getpid(), os.getpid(), _SIGNAL)

    def _stop(self, _number: int, frame: FrameType | None) -> None:
        if self._socket is not None and frame is not None:
            _Shell(self._socket, self._over).stop_at(frame)

    def _over(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
            self._on_end()


class _Socket(io.RawIOBase):
    """A socket as a file; a peer that is gone reads as an end of file and takes everything."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(True)
        self._socket = sock

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        try:
            return self._socket.recv_into(buffer)
        except OSError:
            return 0

    def write(self, data: "ReadableBuffer") -> int:
        with contextlib.suppress(OSError):  # the next read says that the peer is gone
            self._socket.sendall(data)
        return memoryview(data).nbytes


class _Shell(pdb.Pdb):
    """Pdb without what would end the process or read its standard input."""

    def __init__(self, sock: socket.socket, over: Callable[[], None]) -> None:
        file = _Socket(sock)
        super().__init__(
            stdin=io.TextIOWrapper(io.BufferedReader(file), errors="replace"),
            stdout=io.TextIOWrapper(io.BufferedWriter(file), errors="replace", line_buffering=True),
            nosigint=True,
            readrc=False,
        )
        self.prompt = "(dext) "
        self._over = over

    def stop_at(self, frame: FrameType) -> None:
        """Speak first, then trace on if a step or a breakpoint was asked for."""
        self.reset()
        self.message(_GREETING.format(name=frame.f_code.co_name))
        above: FrameType | None = frame
        while above is not None:
            self.botframe = above
            above = above.f_back
        self.interaction(frame, None)
        if self._ended():
            return
        above = frame
        while above is not None:
            above.f_trace = self.trace_dispatch
            above = above.f_back
        sys.settrace(self.trace_dispatch)

    def default(self, line: str) -> None:
        """Run a statement; what it assigns to local variables is theirs at once."""
        super().default(line)
        assert self.curframe is not None
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(self.curframe), ctypes.c_int(0))

    def do_threads(self, arg: str) -> None:
        """threads: list every thread with its innermost frames."""
        del arg
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            own = ident == threading.get_ident()
            self.message(f"{name_of(names, ident)}{' (stopped here)' if own else ''}:")
            above: FrameType | None = self.stack[-1][0] if own else frame
            for _ in range(4):
                if above is not None:
                    code = above.f_code
                    self.message(f"  {code.co_name} ({code.co_filename}:{above.f_lineno})")
                    above = above.f_back

    def do_thread(self, arg: str) -> None:
        """Thread NAME: look at the frames of another thread."""
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            if name_of(names, ident) == arg:
                self.setup(frame, None)
                self.print_stack_entry(self.stack[self.curindex])
                return
        self.error(f"expected a thread's name, found {arg!r}; `threads` lists them")

    def do_continue(self, arg: str) -> bool | None:
        """c: go on, until a breakpoint if there is one; else the session is over."""
        done = super().do_continue(arg)
        if self._ended():
            self._over()
        return done

    do_c = do_cont = do_continue

    def do_quit(self, arg: str) -> bool | None:
        """q: leave the debugger; the driver goes on."""
        del arg
        self.clear_all_breaks()
        self.set_continue()
        self._over()
        return True

    do_q = do_exit = do_quit

    def do_EOF(self, arg: str) -> bool | None:  # noqa: N802 - cmd.Cmd's name
        """The peer is gone."""
        return self.do_quit(arg)

    def do_run(self, arg: str) -> bool | None:
        """run: not here; `dext restart` starts a driver again."""
        self.error(f"run {arg}: a driver is started again by `dext restart`")
        return None

    do_restart = do_run

    def do_interact(self, arg: str) -> bool | None:
        """interact: not here; statements can be typed at this prompt."""
        self.error(f"interact {arg}: statements can be typed at this prompt")
        return None

    def _ended(self) -> bool:
        return self.stopframe is self.botframe and self.stoplineno == -1 and not self.breaks
