"""What a debugger sees of this process: its threads with their frames, and local variables.

Invariant: only looks, but for the `__repr__` of what a variable holds; every list is bounded.
"""

import collections
import contextlib
import reprlib
import sys
import threading
from collections.abc import Iterable, Mapping
from types import FrameType
from typing import Any

from runtime.host.stacks import DEPTH, THREADS, name_of
from runtime.wire import driver
from runtime.wire.debugger import CodeFrame, DebuggedThread, Variable
from runtime.wire.limits import NAME

VARIABLES = 64  # of one frame
_VALUE = 200  # characters of a value
_NAME = NAME - 10  # of a thread's name, which may get a number

_reprs = reprlib.Repr()
_reprs.maxstring = _reprs.maxother = _VALUE


def current() -> str:
    """The calling thread's name."""
    return name_of(_names(), threading.get_ident())


def threads(stopped: FrameType, pulse: driver.Pulse) -> tuple[DebuggedThread, ...]:
    """Every thread, first those whose callback has not progressed for longest.

    `stopped`: the frame in which the calling thread was stopped, in place of the debugger's own.
    """
    busy = {queue.queue: queue for queue in pulse.queues if queue.callback}
    found = []
    for name, of_queue, frame, own in _all(stopped):
        queue = busy.get(of_queue)
        callback, quiet = ("", 0) if queue is None else (queue.callback, queue.quiet_us)
        waits = queue is not None and queue.calling
        found.append((waits, DebuggedThread(name, tuple(_frames(frame)), callback, quiet, own)))
    found.sort(key=lambda each: (each[0], -each[1].quiet_us, not each[1].stopped))
    return tuple(thread for _, thread in found[:THREADS])


def frame_of(name: str, stopped: FrameType) -> FrameType | None:
    """The innermost frame of the thread of that name; None when there is none."""
    return next((frame for thread, _, frame, _ in _all(stopped) if thread == name), None)


def variables(values: Mapping[Any, object]) -> tuple[Variable, ...]:
    """The variables of a frame by their names, without what Python itself put there."""
    named = {name: value for name, value in dict(values).items() if isinstance(name, str)}
    names = sorted(name for name in named if not name.startswith("__"))[:VARIABLES]
    return tuple(
        Variable(_clean(name), _clean(type(named[name]).__name__), _value(named[name]))
        for name in names
    )


def _all(stopped: FrameType) -> Iterable[tuple[str, str, FrameType, bool]]:
    """Each thread's name, which nobody else has, its queue's, its frame, whether it is this one."""
    names, own = _names(), threading.get_ident()
    seen: collections.Counter[str] = collections.Counter()
    for ident, frame in sys._current_frames().items():
        name = name_of(names, ident)
        shown = " ".join(_clean(name)[:_NAME].split())
        seen[shown] += 1
        numbered = f"{shown} ({seen[shown]})" if seen[shown] > 1 else shown
        yield numbered, name, stopped if ident == own else frame, ident == own


def _names() -> dict[int | None, str]:
    return {thread.ident: thread.name for thread in threading.enumerate()}


def _frames(frame: FrameType) -> Iterable[CodeFrame]:
    above: FrameType | None = frame
    for _ in range(DEPTH):
        if above is None:
            return
        code = above.f_code
        yield CodeFrame(_clean(code.co_name), _clean(code.co_filename), above.f_lineno or 0)
        above = above.f_back


def _value(value: object) -> str:
    with contextlib.suppress(Exception):  # the driver's code may raise whatever it likes
        return _clean(_reprs.repr(value))
    return "(it cannot be shown)"


def _clean(text: str) -> str:
    """Text that can be sent, and is not too long."""
    return text[:NAME].encode("utf-8", "replace").decode()
