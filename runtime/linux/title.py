"""The command line and the environment that a process was started with, written over.

Both lie on the process's own stack, where a fork still has its parent's, and where the kernel
reads what ps shows.
Source: proc_pid_stat(5), fields arg_start to env_end.
Invariant: writes only between the addresses that the kernel names.
"""

import ctypes
import os
from typing import NamedTuple


class Area(NamedTuple):
    """Bytes of this process's stack; a fork has its own copy at the same place."""

    start: int
    length: int

    def fill(self, text: str) -> None:
        """Write `text`, as much of it as there is room for, and zeros behind it."""
        if self.start and self.length > 0:
            raw = text.encode()[: self.length - 1]
            ctypes.memmove(self.start, raw.ljust(self.length, b"\0"), self.length)


def areas(proc: int) -> tuple[Area, Area]:
    """Where the calling process's command line and its environment lie.

    Args:
        proc: A descriptor of a mounted /proc.

    Raises:
        OSError: /proc does not say.
    """
    fd = os.open("self/stat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
    try:
        fields = os.read(fd, 4096).rpartition(b")")[2].split()  # after comm: field 3 and on
    finally:
        os.close(fd)
    arguments, arguments_end, environment, environment_end = map(int, fields[45:49])
    return (
        Area(arguments, arguments_end - arguments),
        Area(environment, environment_end - environment),
    )
