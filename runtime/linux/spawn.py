"""Processes: clone3 from Python, and how a process ended.

Source: clone(2), waitid(2), pidfd_open(2).
Invariant: a child made here runs Python's own after-fork hooks before anything else.
"""

import ctypes
import os
import struct

from runtime.linux.libc import syscall
from runtime.model.outcome import Exit, ExitHow

CLONE_PIDFD = 0x0000_1000
CLONE_PARENT = 0x0000_8000

_CLONE_ARGS = struct.Struct("=8Q")  # flags pidfd child_tid parent_tid exit_signal stack size tls


def clone(flags: int) -> tuple[int, int]:
    """Fork with clone3's flags; the caller must be the only thread of its process.

    Args:
        flags: CLONE_* beyond CLONE_PIDFD, which is always set. With CLONE_PARENT the child is
            the caller's parent's.

    Returns:
        In the caller the child's pid and a pidfd (close on exec, the caller's to close);
        in the child (0, -1).

    Raises:
        OSError: The kernel has no clone3 or refused; no child exists.
    """
    pidfd = ctypes.c_int(-1)
    words = _CLONE_ARGS.pack(
        flags | CLONE_PIDFD,
        ctypes.addressof(pidfd),
        0,
        0,
        0 if flags & CLONE_PARENT else 17,  # SIGCHLD; the kernel refuses one with CLONE_PARENT
        0,
        0,
        0,
    )
    args = ctypes.create_string_buffer(words, len(words))
    ctypes.pythonapi.PyOS_BeforeFork()
    try:
        pid = syscall("clone3", args, len(words))
    except OSError:
        ctypes.pythonapi.PyOS_AfterFork_Parent()
        raise
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0, -1
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    return pid, pidfd.value


def wait_exit(pidfd: int) -> Exit | None:
    """Reap a child that has ended, and say how; never blocks.

    Returns:
        How it ended (exit code or signal), or None while it runs.

    Raises:
        ChildProcessError: The process is not this process's child, or was reaped already.
    """
    status = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
    if status is None or status.si_pid == 0:
        return None
    how = ExitHow.CODE if status.si_code == os.CLD_EXITED else ExitHow.SIGNAL
    return Exit(how, status.si_status)
