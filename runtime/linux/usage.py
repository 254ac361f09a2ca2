"""What a process uses: processor time, memory, threads, and since when it is there.

One read of a file that every user may read, also of a process that cannot be dumped.
Source: proc_pid_stat(5), fields 14, 15, 20, 22, 24.
Invariant: reads one file a process, a few microseconds each.
"""

import os
from typing import NamedTuple

_TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Usage(NamedTuple):
    """Times in microseconds, the start since the machine's; memory that is resident, in bytes."""

    started_us: int
    cpu_us: int
    memory: int
    threads: int


def read(pid: int) -> Usage | None:
    """Read what a process uses; None for one that is gone or cannot be seen."""
    fields = _fields(pid)
    if fields is None:
        return None
    user, system, threads, started, pages = (int(fields[at - 3]) for at in (14, 15, 20, 22, 24))
    return Usage(started * _TICK_US, (user + system) * _TICK_US, pages * _PAGE, threads)


def started_ticks(pid: int) -> int:
    """When a process started, in ticks since the machine's start, as polkit names it; 0: gone."""
    fields = _fields(pid)
    return int(fields[22 - 3]) if fields is not None else 0


def _fields(pid: int) -> list[bytes] | None:
    """The line of a process after its comm: field 3 and on."""
    try:
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        line = os.read(descriptor, 4096)
    except OSError:  # it ended in between
        return None
    finally:
        os.close(descriptor)
    return line.rpartition(b")")[2].split()
