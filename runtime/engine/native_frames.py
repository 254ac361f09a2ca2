"""The native frames of a crash: unwound by a worker, else guessed.

Runs in the event loop.
Invariant: every report gets what could be found out, and a sentence for what could not.
"""

import bisect
import struct

from runtime.engine.unwinding import Unwind
from runtime.engine.workers import Workers
from runtime.linux.images import place
from runtime.model.errors import BreachError, ProblemError
from runtime.model.native import NAME, Halt, NativeFrame

GUESSES = 64  # in one report

Found = tuple[tuple[NativeFrame, ...], tuple[str, ...]]
"""The frames, and what could not be had."""


async def found(workers: Workers, job: Unwind) -> Found:
    """Have a worker unwind a stack; guess where none can."""
    try:
        calls = await workers.unwind(job)
    except (ProblemError, BreachError) as error:
        return guessed(job.halt, str(error))
    if calls.complete:
        return calls.frames, ()
    kept = len(job.halt.stack) >> 10
    return calls.frames, (f"native callers further out: {kept} KiB of the stack are kept",)


def guessed(halt: Halt, why: str) -> Found:
    """Every place of code in the stack: the callers, and others; `why` they are not unwound."""
    images = sorted(halt.images)
    starts = [image.start for image in images]
    frames: list[NativeFrame] = []
    for (word,) in struct.iter_unpack("=Q", halt.stack):
        at = bisect.bisect_right(starts, word) - 1
        where = place(images[at : at + 1], word) if at >= 0 else ""
        if where and len(frames) < GUESSES:
            frames.append(NativeFrame(where[:NAME], "", unwound=False))
    said = "native callers: guessed, some are left over from calls that had returned"
    return tuple(frames), (f"{said}; not unwound: {why}",)
