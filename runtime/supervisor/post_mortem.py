"""What a dead process tells: threads and frames out of faulthandler's text, and its registers.

All of it comes out of memory that the driver could write: it is matched, never trusted, and
every length is bounded.
Source: CPython's faulthandler (`Current thread`, `Thread`, `File "…", line N in f`).
Invariant: pure.
"""

import re

import msgspec

from runtime.linux import fault
from runtime.linux.fault_machines import HERE
from runtime.linux.images import place
from runtime.model.crash_report import THREADS, Fault, Remains, ThreadFrames
from runtime.model.native import UNSEEN, Halt, Mapped
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


def faulting_frames(crash: bytes) -> tuple[str, ...]:
    """The frames of the thread that a signal ended, as a crash file has them."""
    return next((thread.frames for thread in threads(_text(crash)) if thread.faulting), ())


def faulting_service(crash: bytes) -> int:
    """The service for which the thread worked that a signal ended; 0: not known."""
    current = next((head for head in _HEAD.finditer(_text(crash)) if head[1][0] == "C"), None)
    return fault.worker(crash, int(current[2], 16)) if current is not None else 0


def remains(exit_: Exit, crash: bytes, mapped: Mapped = UNSEEN) -> Remains:
    """What is known of a process at its end, and what is not.

    A Python exception unwinds its thread before anybody looks: its frames are those of the
    epitaph, and come first.

    Args:
        exit_: How it ended.
        crash: The crash file that it was given, as it left it.
        mapped: What it could execute when it was made.
    """
    found = threads(_text(crash))
    missing = []
    if exit_.how is ExitHow.CODE and exit_.frames:
        others = tuple(thread for thread in found if not thread.faulting)
        found = (ThreadFrames("thread of the exception", True, exit_.frames), *others)
    elif not found:
        missing.append(_why_no_threads(exit_))
    recorded = _fault(exit_, crash)
    halt = None
    if recorded is not None:
        halt = Halt(recorded.registers, fault.stack(crash), mapped, fault.modules(crash))
        recorded = msgspec.structs.replace(recorded, place=_place(halt))
    if exit_.how is ExitHow.SIGNAL:
        missing += _not_recorded(exit_, recorded)
    return Remains(found[:THREADS], missing=tuple(missing), fault=recorded, halt=halt)


def _fault(exit_: Exit, crash: bytes) -> Fault | None:
    recorded = fault.read(crash)
    if recorded is None or exit_.how is not ExitHow.SIGNAL or recorded.signal != exit_.number:
        return None
    return recorded


def _place(halt: Halt) -> str:
    counter = dict(halt.registers)[HERE.code_counter] if HERE is not None else 0
    return place(halt.images, counter)[: limits.NAME]


def _not_recorded(exit_: Exit, recorded: Fault | None) -> list[str]:
    if recorded is not None:
        return [] if recorded.place else ["native frame: the instruction is in no known file"]
    if exit_.number in fault.SIGNALS:
        return ["registers and faulting address: not recorded on this machine"]
    return [f"registers: {exit_.signal_name} leaves a process no time to record them"]


def _why_no_threads(exit_: Exit) -> str:
    if exit_.how is ExitHow.CODE:
        return "Python frames: it left by an exit of its own, without an exception"
    if exit_.how is ExitHow.LAUNCH:
        return "Python frames: it ended before its code ran, or was killed in its launch"
    return "Python frames: SIGKILL leaves a process no time to write them"


def _text(crash: bytes) -> str:
    """What faulthandler wrote."""
    return crash[fault.SIZE :].decode(errors="replace")


def _frames(text: str) -> tuple[str, ...]:
    found = _FRAME.findall(text)[: limits.FRAMES]
    return tuple(f"{name} ({file}:{line})" for file, line, name in found)
