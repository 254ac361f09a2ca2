"""Processes: clone3 from Python, clone where there is none, and how a process ended.

Source: clone(2), waitid(2), pidfd_open(2).
Invariant: a child made here runs Python's own after-fork hooks before anything else.
"""

import ctypes
import errno
import os
import resource
import signal
import struct

from runtime.linux import scheduling
from runtime.linux.libc import syscall
from runtime.model.outcome import Exit, ExitHow

CLONE_PIDFD = 0x0000_1000
CLONE_PARENT = 0x0000_8000

_CLONE_ARGS = struct.Struct("=8Q")  # flags pidfd child_tid parent_tid exit_signal stack size tls


def clone(flags: int) -> tuple[int, int]:
    """Fork with clone's flags; the caller must be the only thread of its process.

    Args:
        flags: CLONE_* beyond CLONE_PIDFD, which is always set. With CLONE_PARENT the child is
            the caller's parent's.

    Returns:
        In the caller the child's pid and a pidfd (close on exec, the caller's to close);
        in the child (0, -1).

    Raises:
        OSError: The kernel refused; no child exists.
    """
    pidfd = ctypes.c_int(-1)
    ctypes.pythonapi.PyOS_BeforeFork()
    try:
        pid = _clone(flags | CLONE_PIDFD, ctypes.addressof(pidfd))
    except OSError:
        ctypes.pythonapi.PyOS_AfterFork_Parent()
        raise
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0, -1
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    return pid, pidfd.value


def _clone(flags: int, pidfd: int) -> int:
    """Clone by clone3; where there is none, or a container forbids it, by clone.

    What is really not allowed, clone refuses as well. It takes the same flags in one word with
    the signal, and puts the pidfd where the parent's thread id would be.
    """
    child_signal = 0 if flags & CLONE_PARENT else signal.SIGCHLD  # else the kernel refuses
    words = _CLONE_ARGS.pack(flags, pidfd, 0, 0, child_signal, 0, 0, 0)
    args = ctypes.create_string_buffer(words, len(words))
    try:
        return syscall("clone3", args, len(words))
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.EPERM):
            raise
    return syscall("clone", flags | child_signal, 0, pidfd, 0, 0)


def allow_descriptors() -> None:
    """Let this process and its children have as many descriptors as the machine allows them."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def wait_exit(pidfd: int) -> Exit | None:
    """Reap a child that has ended, and say how; never blocks.

    Returns:
        How it ended (exit code or signal), or None while it runs.

    Raises:
        ChildProcessError: The process is not this process's child, or was reaped already.
    """
    with scheduling.least():  # the kernel spins until nobody else lets go of its files in /proc
        status = os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG)
    if status is None or status.si_pid == 0:
        return None
    how = ExitHow.CODE if status.si_code == os.CLD_EXITED else ExitHow.SIGNAL
    return Exit(how, status.si_status)
