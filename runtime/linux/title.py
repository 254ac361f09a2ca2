"""The command line that ps shows for a process, written over the one it was started with.

A forked process has its parent's; the kernel reads it from the process's own stack.
Source: proc_pid_stat(5) fields arg_start and arg_end.
Invariant: writes only between those two addresses.
"""

import ctypes
import os
from typing import NamedTuple


class Arguments(NamedTuple):
    """Where this process's command line lies; a fork's lies at the same place."""

    start: int
    length: int


def arguments(proc: int) -> Arguments:
    """Find the calling process's command line.

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
    start, end = int(fields[45]), int(fields[46])
    return Arguments(start, max(0, end - start) if start else 0)


def set_title(where: Arguments, text: str) -> None:
    """Show `text`, as much of it as the old command line had room for."""
    if where.length:
        raw = text.encode()[: where.length - 1]
        ctypes.memmove(where.start, raw.ljust(where.length, b"\0"), where.length)
