"""How a process is scheduled: before others or like them, and how exactly its timers end.

Source: sched(7), prctl(2), clock_getcpuclockid(3), <linux/posix-timers_types.h>.
Invariant: reads and changes the processes that it is given, no others.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from runtime.linux.libc import function

ORDINARY = 0
"""The priority of whoever goes before nobody. Above it is real time, the higher the earlier."""
LEAST = 1
"""The lowest priority of real time."""

_SET_TIMERSLACK = 29
_PROCESS_CLOCK = 2  # CPUCLOCK_SCHED of a whole process
_PASSES = 3  # over a process's threads, which may start others meanwhile


def may_go_first() -> bool:
    """Whether this process may put processes before others (CAP_SYS_NICE); tried on itself."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(LEAST))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(ORDINARY))
    except OSError:
        return False
    return True


def precise_timers() -> None:
    """Have the calling thread's timers end when they are due, not up to 50 µs later."""
    function("prctl", _SET_TIMERSLACK, 1, 0, 0, 0)


def set_priority(pid: int, priority: int) -> None:
    """Give every thread of a process this priority; one that ended is fine.

    What its threads start has it, too; what this process starts is ordinary.

    Raises:
        OSError: This process may not.
    """
    policy = os.SCHED_OTHER if priority == ORDINARY else os.SCHED_RR
    if pid == os.getpid() and priority != ORDINARY:
        policy |= os.SCHED_RESET_ON_FORK
    done: set[str] = set()
    for _ in range(_PASSES):
        started = _threads(pid) - done
        for thread in started:
            with contextlib.suppress(ProcessLookupError):
                os.sched_setscheduler(int(thread), policy, os.sched_param(priority))
        done |= started
        if not started:
            return


@contextlib.contextmanager
def least() -> Iterator[None]:
    """While in here, the calling thread goes before no other one of real time.

    What the kernel does by spinning until another thread is done takes for ever on one processor,
    where that thread may only go later.
    """
    own = os.sched_getparam(0).sched_priority
    if own <= LEAST:
        yield
        return
    policy = os.sched_getscheduler(0)
    os.sched_setscheduler(0, policy, os.sched_param(LEAST))
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, os.sched_param(own))


def used_ns(pid: int) -> int | None:
    """Processor time that a process has used, all threads; None for one that is gone."""
    try:
        return time.clock_gettime_ns(~pid << 3 | _PROCESS_CLOCK)
    except OSError:
        return None


def _threads(pid: int) -> set[str]:
    try:
        return {task.name for task in Path(f"/proc/{pid}/task").iterdir()}
    except OSError:  # it ended
        return set()
