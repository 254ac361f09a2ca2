"""What a dead process tells: threads and frames out of faulthandler's text.

The text comes out of memory that the driver could write: it is matched, never trusted, and
every length is bounded.
Source: CPython's faulthandler (`Current thread`, `Thread`, `File "…", line N in f`).
Invariant: pure.
"""

import re

from runtime.model.crash_report import THREADS, Remains, ThreadFrames
from runtime.model.outcome import Exit, ExitHow
from runtime.wire import limits

_HEAD = re.compile(r"^(Current thread|Thread) (0x[0-9a-f]{1,16}) ", re.MULTILINE)
_FRAME = re.compile(r'^  File "([^"\n]{0,512})", line (\d{1,9}) in (\S{1,128})', re.MULTILINE)


def threads(text: str) -> tuple[ThreadFrames, ...]:
    """The threads of a dump, the current one first; empty when there is no dump."""
    heads = list(_HEAD.finditer(text))[:THREADS]
    ends = [head.start() for head in heads[1:]] + [len(text)]
    found = [
        ThreadFrames(
            f"thread {head[2]}",
            head[1].startswith("Current"),
            _frames(text[head.end() : end]),
        )
        for head, end in zip(heads, ends, strict=False)  # no head: no thread
    ]
    return tuple(sorted(found, key=lambda thread: not thread.faulting))


def remains(exit_: Exit, dump: str) -> Remains:
    """What is known of a process's threads at its end, and what is not.

    A Python exception unwinds its thread before anybody looks: its frames are those of the
    epitaph, and come first.
    """
    found = threads(dump)
    missing = []
    if exit_.how is ExitHow.CODE and exit_.frames:
        others = tuple(thread for thread in found if not thread.faulting)
        found = (ThreadFrames("thread of the exception", True, exit_.frames), *others)
    elif not found:
        missing.append(_why_no_threads(exit_))
    if exit_.how is ExitHow.SIGNAL:
        missing.append("registers, faulting address and native frames: no tracer was attached")
    return Remains(found[:THREADS], missing=tuple(missing))


def _why_no_threads(exit_: Exit) -> str:
    if exit_.how is ExitHow.CODE:
        return "Python frames: it left by an exit of its own, without an exception"
    if exit_.how is ExitHow.LAUNCH:
        return "Python frames: it ended before its code ran, or was killed in its launch"
    return "Python frames: SIGKILL leaves a process no time to write them"


def _frames(text: str) -> tuple[str, ...]:
    found = _FRAME.findall(text)[: limits.FRAMES]
    return tuple(f"{name} ({file}:{line})" for file, line, name in found)
