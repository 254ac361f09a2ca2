"""What a driver process keeps; everything that is not here it has lost.

- Files: what the interpreter and its libraries are, read-only, at their own paths (`roots`).
- System calls: `RULES`. No sockets but the two that it was given, no other process, no exec.
- Resources: memory, files and threads of `Limits`.

Invariant: a statement of policy; the means are in `runtime.linux`.
"""

import errno
import importlib.util
import site
import sys
import sysconfig
from pathlib import Path

from runtime.linux import hidraw, usbfs_abi
from runtime.linux.seccomp import Allow, AllowBits, AllowEqual, AllowMasked, Refuse, Rule
from runtime.linux.syscalls import AUDIT_ARCH, machine, numbers
from runtime.wire import limits
from runtime.wire.zygote import Role

THREADS = 64  # of one driver: its queues, its watcher, its libraries' own
LOCKED_BYTES = 16 << 20  # that a driver can keep from being swapped out: its buffers
FILE_BYTES = limits.MEMORY  # the largest file that it can write: memory that it shares

SYSTEM = (
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/dev/null",
)
"""Shared libraries, time zones, and a place to write nothing."""

_PLAIN = """
    read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 close close_range
    dup dup2 dup3 pipe pipe2 eventfd2 lseek fstat stat lstat newfstatat statx statfs fstatfs
    open openat access faccessat faccessat2 readlink readlinkat getdents64 getcwd readahead
    fadvise64 ftruncate poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait
    epoll_pwait2 timerfd_create timerfd_settime timerfd_gettime
    sendto sendmsg recvfrom recvmsg shutdown getsockname getpeername getsockopt
    mmap munmap mremap mprotect memfd_create madvise mincore msync mlock munlock brk
    futex set_robust_list rseq membarrier sched_yield getcpu sched_getaffinity sched_getparam
    sched_getscheduler sched_get_priority_max sched_get_priority_min getpriority
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend
    sigaltstack restart_syscall pause alarm setitimer getitimer
    nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times
    getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups
    getrlimit getrusage sysinfo uname getrandom exit exit_group
"""

_CLONE_THREAD = 0x1_0000
_AF_UNIX = 1
_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA = 15, 16, 0x5356_4D41
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1031, 1032, 1033, 1034)  # DUPFD … GET_SEALS; no SETOWN
_IOCTL = (0x5401, 0x5421, 0x5450, 0x5451, 0x541B)  # TCGETS FIONBIO FIONCLEX FIOCLEX FIONREAD

_ARGUMENTS: dict[str, Rule] = {
    "clone": AllowBits(0, _CLONE_THREAD),  # threads, never processes
    "clone3": Refuse(errno.ENOSYS),  # its flags cannot be seen; the C library falls back
    "tgkill": AllowEqual(0, (1,)),  # itself: it is process 1 of its namespace
    "prlimit64": AllowEqual(0, (0, 1)),
    "prctl": AllowEqual(0, (_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA)),
    "fcntl": AllowEqual(1, _FCNTL),
    "ioctl": AllowEqual(1, _IOCTL),
    "socketpair": AllowEqual(0, (_AF_UNIX,)),
}


def rules(role: Role) -> dict[int, Rule]:
    """The system calls that a process may make on this machine, by number; empty: not known.

    A broker may make those of a driver, one of a USB or HID device those of its nodes, and a
    driver those of a node that its broker lent it, which reaches one interface.
    """
    table = numbers()
    named: dict[str, Rule] = dict.fromkeys(_PLAIN.split(), Allow())
    named |= _ARGUMENTS
    usbfs = {Role.USB_BROKER: usbfs_abi.BROKER, Role.DRIVER: usbfs_abi.DIRECT}
    named["ioctl"] = AllowEqual(1, (*_IOCTL, *usbfs.get(role, ())))
    if role is Role.HID_BROKER:
        named["ioctl"] = AllowMasked(1, ~hidraw.SIZE & 0xFFFF_FFFF, (*_IOCTL, *hidraw.IOCTLS))
    return {table[name]: rule for name, rule in named.items() if name in table}


def architecture() -> int:
    """AUDIT_ARCH_* of this machine; 0 when `rules` is empty."""
    return AUDIT_ARCH.get(machine(), 0)


def roots() -> list[Path]:
    """The paths that a driver sees, each existing; read-only, at the same place as outside."""
    wanted = [Path(path) for path in SYSTEM]
    bundle = getattr(sys, "_MEIPASS", None)
    if isinstance(bundle, str):
        wanted += [Path(bundle), Path(sys.executable)]  # a frozen program's modules lie in both
    else:
        wanted += [Path(sys.base_prefix, "lib"), *_packages()]
    return sorted({path for path in wanted if path.exists() or path.is_symlink()})


def _packages() -> list[Path]:
    """The folders that imports are served from; of the source tree only `runtime` itself."""
    paths = sysconfig.get_paths()
    folders = [Path(paths[key]) for key in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders += [Path(folder) for folder in site.getsitepackages()]
    for name in ("runtime", "msgspec"):
        spec = importlib.util.find_spec(name)
        folders += [Path(folder) for folder in (spec and spec.submodule_search_locations) or ()]
    return folders
