"""What a process keeps that parses a file of somebody else's: memory, time, and what it has open.

What a kernel does not have is left out (Landlock before 5.13, system calls of a machine that are
not known): the parsers are safe code, and this is the second wall.
Invariant: every step only takes away; afterwards no file can be opened and no program started.
"""

import os
import resource
from pathlib import Path

from runtime.linux import landlock, privileges, seccomp
from runtime.linux.seccomp import Allow, Refuse, Rule
from runtime.linux.syscalls import AUDIT_ARCH, machine, numbers
from runtime.model.errors import SpawnError

NOBODY = 65_534
SPARE_BYTES = 192 << 20  # beside `TIMES` the file: the buffers of what is made of it
TIMES = 12
CPU_SECONDS = 300
_OPEN_FILES = 64

_CALLS = """
    read write readv writev sendto sendmsg recvfrom recvmsg poll ppoll select pselect6 shutdown
    close lseek fstat newfstatat getsockopt getsockname
    mmap munmap mremap mprotect madvise brk futex
    rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall
    clock_gettime clock_nanosleep gettimeofday getpid gettid getuid geteuid getrandom getrusage
    sched_yield sched_getaffinity exit exit_group
"""


def confine(size: int) -> None:
    """Give up what reading a file of `size` bytes does not need; import what that takes before.

    Raises:
        SpawnError: A step failed; the file must not be parsed.
    """
    try:
        used = _used_bytes()
        if os.geteuid() == 0:
            privileges.become(NOBODY)
        privileges.drop_capabilities()
        privileges.forbid_new_privileges()
        privileges.die_with_parent()
        _limit(used + TIMES * size + SPARE_BYTES)
        version = landlock.abi()
        if version:
            ruleset = landlock.read_only((), (), version)
            landlock.restrict(ruleset)
            os.close(ruleset)
        known = numbers()
        if known:
            rules: dict[int, Rule] = {
                known[name]: Allow() for name in _CALLS.split() if name in known
            }
            for name in ("openat", "open", "stat", "access", "readlink"):
                if name in known:
                    rules[known[name]] = Refuse(2)  # ENOENT: a late import is told plainly
            seccomp.load(seccomp.assemble(AUDIT_ARCH[machine()], rules))
    except OSError as error:
        raise SpawnError(f"parser: expected to give up its privileges, found: {error}") from error


def _used_bytes() -> int:
    """The address space that this process has now."""
    return int(Path("/proc/self/statm").read_bytes().split()[0]) * resource.getpagesize()


def _limit(memory: int) -> None:
    privileges.limit(resource.RLIMIT_AS, memory)
    privileges.limit(resource.RLIMIT_CPU, CPU_SECONDS)
    privileges.limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    privileges.limit(resource.RLIMIT_NPROC, 0)
    privileges.limit(resource.RLIMIT_FSIZE, 0)
    privileges.limit(resource.RLIMIT_CORE, 0)
