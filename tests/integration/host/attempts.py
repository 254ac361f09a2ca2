"""What a driver may try, and which layers of the sandbox stop it, each of them alone.

Every attempt is harmless where it succeeds: what it opens it does not change, whom it signals
gets the signal 0, and what it mounts is seen by nobody else.
Invariant: an attempt that returns has reached what it wanted.
"""

from dataclasses import dataclass

from runtime.linux import landlock as kernels_landlock

ROOT, NETWORK, PID, IPC = "private root", "network namespace", "PID namespace", "IPC namespace"
USER, CAPABILITIES, PRIVILEGES = "own user", "no capabilities", "no new privileges"
LIMITS, SECCOMP = "limits", "seccomp"
LANDLOCK = "Landlock"
NEVER = 1 << 30  # no ABI of Landlock's stops it


@dataclass(frozen=True)
class Attempt:
    """Python code for `SOURCE`, and the layers that stop it on this kernel, each alone."""

    code: str
    layers: frozenset[str]


def _by(code: str, *layers: str, landlock: int = NEVER) -> Attempt:
    """`landlock` is the first ABI that stops it."""
    known = landlock <= kernels_landlock.abi()
    return Attempt(code, frozenset([*layers, LANDLOCK] if known else layers))


ATTEMPTS = {
    "read a secret": _by("open('/etc/shadow')", ROOT, USER, landlock=1),
    "read the password file": _by("open('/etc/passwd')", ROOT, landlock=1),
    "list a home": _by("os.listdir(FOLDER + '/home')", ROOT, USER, landlock=1),
    "make a file": _by("open(FOLDER + '/open/escape', 'w')", ROOT, landlock=1),
    "write to the system": _by("os.open(SYSTEM_FILE, os.O_WRONLY)", ROOT, USER, landlock=1),
    "write to the runtime": _by("open(runtime.__file__, 'a')", ROOT, USER, landlock=1),
    "see processes": _by("os.listdir('/proc')", ROOT, landlock=1),
    "open the sysfs": _by("os.listdir('/sys')", ROOT, landlock=1),
    "open a device": _by("open('/dev/zero', 'rb')", ROOT, landlock=1),
    "make a socket": _by("socket.socket()", SECCOMP),
    "make a local socket": _by("socket.socket(socket.AF_UNIX)", SECCOMP),
    "listen to the kernel": _by("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", SECCOMP),
    "reach the network": _by("reach(socket.AF_INET, LISTENING)", NETWORK, SECCOMP, landlock=4),
    "reach a local server": _by("reach(socket.AF_UNIX, SERVER)", ROOT, SECCOMP),
    "reach a nameless server": _by("reach(socket.AF_UNIX, ABSTRACT)", NETWORK, SECCOMP, landlock=6),
    "fork": _by("fork(int)", SECCOMP),
    "make a process by clone3": _by("call(435, 0, 0)", SECCOMP),
    "run a program": _by("run('/lib64/ld-linux-x86-64.so.2', '--version')", SECCOMP, landlock=1),
    "become root by a program": _by("fork(gain)", ROOT, PRIVILEGES, SECCOMP, landlock=1),
    "signal a process": _by("os.kill(OUTSIDE, 0)", PID, USER, SECCOMP, landlock=6),
    "signal by fcntl": _by("fcntl.fcntl(CONTROL, 8, OUTSIDE)", PID, SECCOMP),
    "limit a process": _by("resource.prlimit(OUTSIDE, 7, (99, 99))", PID, USER, SECCOMP),
    "pin a process": _by("os.sched_setaffinity(OUTSIDE, CPUS)", PID, USER, CAPABILITIES, SECCOMP),
    "hold a process": _by("os.pidfd_open(OUTSIDE)", PID, SECCOMP),
    "trace a process": _by(
        "call(101, 0x4206, OUTSIDE, 0, 0)", PID, USER, CAPABILITIES, SECCOMP, landlock=1
    ),
    "read the memory of a process": _by("call(310, OUTSIDE, 0, 0, 0, 0, 0)", SECCOMP),
    "read a message queue": _by("message_queue()", IPC, SECCOMP),
    "mount": _by("mount()", USER, CAPABILITIES, SECCOMP, landlock=1),
    "unshare": _by("call(272, 0x4000000)", USER, CAPABILITIES, SECCOMP),
    "become root": _by("os.setresuid(0, 0, 0)", USER, SECCOMP),
    "load a filter": _by("call(317, 1, 0, 0)", SECCOMP),
    "use io_uring": _by("call(425, 1, 0)", SECCOMP),
    "use keys": _by("call(250, 0, -3, 0)", SECCOMP),
    "use 32-bit numbers": _by("call(0x40000000 + 41, 1, 1, 0)", SECCOMP),
    "hide memory in files": _by("os.memfd_create('hidden')", SECCOMP),
    "push into a terminal": _by("call(16, 0, 0x5412, 0)", SECCOMP),
    "raise its limits": _by("resource.setrlimit(resource.RLIMIT_NOFILE, (9999, 9999))", LIMITS),
    "take all memory": _by("bytearray(3 << 29)", LIMITS),
    "open many files": _by("[os.dup(1) for _ in range(100)]", LIMITS),
    "write a large file": _by("os.pwrite(CRASH, b'x', 2 << 20)", LIMITS),
}

SOURCE = """
import ctypes, errno, fcntl, os, resource, socket, stat, struct
import runtime
from runtime.driverkit import *

NAMES

def find(check):
    for fd in range(3, 64):
        try:
            if check(os.fstat(fd).st_mode):
                return fd
        except OSError:
            pass

CONTROL, CRASH = find(stat.S_ISSOCK), find(stat.S_ISREG)
libc = ctypes.CDLL(None, use_errno=True)

def call(*args):  # what the kernel refuses for its arguments has reached it
    failed = libc.syscall(*[ctypes.c_long(arg) for arg in args]) < 0
    if failed and ctypes.get_errno() in (errno.EPERM, errno.EACCES, errno.ESRCH):
        raise OSError(ctypes.get_errno(), "denied")
    if failed and args[0] == 435 and ctypes.get_errno() == errno.ENOSYS:
        raise OSError(errno.ENOSYS, "denied")

def reach(family, address):
    with socket.socket(family) as sock:
        sock.connect(address)

def run(*argv):
    null = (os.POSIX_SPAWN_DUP2, 0, 1)
    pid = os.posix_spawn(argv[0], argv, {}, file_actions=[null])
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise OSError(errno.EPERM, "denied")

def fork(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise OSError(errno.EPERM, "denied")

def gain():  # a set-user-id copy of cat reads what only a capability opens
    libc.capset(struct.pack("=Ii", 0x20080522, 0), bytes(24))
    os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
    os.dup2(1, 2)
    os.execv(FOLDER + "/cat", ["cat", FOLDER + "/closed"])

def message_queue():
    if libc.msgget(KEY, 0) < 0:
        raise OSError(ctypes.get_errno(), "denied")

def mount():
    if libc.mount(b"none", b"/usr/share/zoneinfo", b"tmpfs", 0, None) < 0:
        raise OSError(ctypes.get_errno(), "denied")

class Driver(IOService):
    def Start(self, provider):
        for name, code in ATTEMPTS.items():
            try:
                exec(code)
            except (OSError, MemoryError, ValueError) as error:
                IOLog(f"{name}: denied ({error})")
            else:
                IOLog(f"{name}: DONE")
        IOLog("end")
"""
