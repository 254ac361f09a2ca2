"""What a debugger speaks with: pdb on a socket, at home in a driver.

Nothing that is typed ends the process or reads its standard input. A window asks for a `View`
before each prompt; a terminal for `threads`.
Source: pdb.Pdb, bdb.Bdb of CPython; PyFrame_LocalsToFast.
Invariant: the end of the socket never raises in the driver's code.
"""

import contextlib
import ctypes
import io
import linecache
import pdb
import socket
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from runtime.host import debugger_view
from runtime.wire import debugger, driver

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_GREETING = "Stopped in {name}. The driver waits. `threads` lists all threads, `c` goes on."
_LISTED = 4  # frames a thread in a terminal's list


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


class Shell(pdb.Pdb):
    """One session on the main thread; `over` is called when it ends.

    Args:
        sock: Whom it speaks with; the caller's.
        over: Called on the main thread, at least once.
        left: Whether nobody is at the other end any more.
        pulse: What the queues do now.

    Attributes:
        talking: Whether it stands at its prompt: the end of the socket is noticed there.
    """

    def __init__(
        self,
        sock: socket.socket,
        over: Callable[[], None],
        left: Callable[[], bool],
        pulse: Callable[[], driver.Pulse],
    ) -> None:
        file = _Socket(sock)
        super().__init__(
            stdin=io.TextIOWrapper(io.BufferedReader(file), errors="replace"),
            stdout=io.TextIOWrapper(io.BufferedWriter(file), errors="replace", line_buffering=True),
            nosigint=True,
            readrc=False,
        )
        self.prompt = debugger.PROMPT
        self.talking = False
        self._evaluating = False
        self._over = over
        self._left = left
        self._pulse = pulse
        self._viewed = False
        self._thread = ""  # that is looked at
        self._at: FrameType | None = None  # where this one was stopped

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

    def leave(self) -> None:
        """End the session; what it interrupted goes on."""
        self.clear_all_breaks()
        self.set_continue()
        self._over()

    def abandoned(self) -> None:
        """Nobody is at the other end: end what was typed and has not returned, or the session.

        Called by the signal's handler, so in the middle of either.
        """
        if self._evaluating:
            raise KeyboardInterrupt  # which pdb takes as from its keyboard, and reads on
        if not self.talking:
            self.leave()

    def interaction(self, frame: FrameType | None, traceback: TracebackType | None) -> None:
        """Speak until something lets the driver go on."""
        self._thread, self._at = debugger_view.current(), frame
        self.talking = True
        super().interaction(frame, traceback)
        self.talking = False
        self._at = None
        if self._left():  # since the last line was read: nobody else notices
            self.leave()

    def preloop(self) -> None:
        """Before the first prompt of a stop."""
        super().preloop()
        self._tell()

    def postcmd(self, stop: bool, line: str) -> bool:
        """Before the next prompt, if there is one."""
        if not stop:
            self._tell()
        return super().postcmd(stop, line)

    def default(self, line: str) -> None:
        """Run a statement; what it assigns to local variables is theirs at once."""
        self._evaluating = True
        try:
            super().default(line)
        finally:
            self._evaluating = False
        assert self.curframe is not None
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(self.curframe), ctypes.c_int(0))

    def do_threads(self, arg: str) -> None:
        """threads: list every thread with its innermost frames, the one that is stuck first."""
        del arg
        for thread in debugger_view.threads(self._stopped(), self._pulse()):
            self.message(f"{thread.name}{' (stopped here)' if thread.stopped else ''}:")
            for frame in thread.frames[:_LISTED]:
                self.message(f"  {frame.function} ({frame.file}:{frame.line})")

    def do_thread(self, arg: str) -> None:
        """Thread NAME: look at the frames of another thread."""
        frame = debugger_view.frame_of(arg, self._stopped())
        if frame is None:
            self.error(f"expected a thread's name, found {arg!r}; `threads` lists them")
            return
        self._thread = arg
        self.setup(frame, None)
        self.print_stack_entry(self.stack[self.curindex])

    def do_frame(self, arg: str) -> None:
        """Frame N: look at one frame of this thread; 0 is the innermost."""
        deepest = len(self.stack) - 1
        if not arg.isdecimal() or int(arg) > deepest:
            self.error(f"expected a frame from 0 to {deepest}, found {arg!r}")
            return
        self._select_frame(deepest - int(arg))

    def canonic(self, filename: str) -> str:
        """A module's file as its frames name it: those of a bundle are on no disk."""
        return filename

    def lookupmodule(self, filename: str) -> str | None:
        """The file of a loaded module, named by the end of its path; `.py` may be left out."""
        wanted = "/" + filename.removesuffix(".py") + ".py"
        loaded = (getattr(module, "__file__", None) for module in tuple(sys.modules.values()))
        return next((file for file in loaded if file and f"/{file}".endswith(wanted)), None)

    def checkline(self, filename: str, lineno: int) -> int:
        """The line if something can stop there, else 0; a bundle's source is read from memory."""
        for module in tuple(sys.modules.values()):
            if getattr(module, "__file__", None) == filename:
                linecache.getlines(filename, vars(module))
        return super().checkline(filename, lineno)

    def do_view(self, arg: str) -> None:
        """View: from now on tell a window before each prompt where every thread is."""
        del arg
        self._viewed = True

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
        self.leave()
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

    def _stopped(self) -> FrameType:
        """Where this thread was stopped, whichever is looked at."""
        assert self._at is not None
        return self._at

    def _tell(self) -> None:
        if self._viewed and self.curframe is not None:
            frame = len(self.stack) - 1 - self.curindex
            threads = debugger_view.threads(self._stopped(), self._pulse())
            variables = debugger_view.variables(self.curframe_locals)
            self.message(debugger.encode(debugger.View(threads, self._thread, frame, variables)))
