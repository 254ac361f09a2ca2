"""Where the threads of this process are, as the watcher thread sees them.

Invariant: only looks; every list is bounded.
"""

import sys
import threading
import traceback
from types import FrameType

from runtime.wire import driver
from runtime.wire.limits import FRAMES, NAME, TEXT

THREADS = 32  # of one sample: what fits one packet
DEPTH = 24  # frames a thread, innermost first


def sample() -> driver.Sample:
    """The Python frames of every thread but the calling one."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    own = threading.get_ident()
    threads = [
        driver.ThreadSample(name_of(names, ident), _lines(frame))
        for ident, frame in sys._current_frames().items()
        if ident != own
    ]
    return driver.Sample(tuple(threads[:THREADS]))


def name_of(names: dict[int | None, str], ident: int) -> str:
    """A thread's name for people; the main thread is the Default queue."""
    name = names.get(ident, f"thread {ident:#x}")
    return "Default" if name == "MainThread" else name[:NAME]


def _lines(frame: FrameType) -> tuple[str, ...]:
    found = traceback.StackSummary.extract(
        traceback.walk_stack(frame), limit=min(DEPTH, FRAMES), lookup_lines=False
    )
    return tuple(f"{f.name} ({f.filename}:{f.lineno})"[: TEXT // 8] for f in found)
