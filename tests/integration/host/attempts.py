"""What a driver may try, and which layers of the sandbox stop it, each of them alone.

Every attempt is harmless where it succeeds: what it opens it does not change, whom it signals
gets the signal 0, and what it mounts is seen by nobody else.
Invariant: an attempt that returns has reached what it wanted.
"""

from runtime.host.confinement import Denial, Layer

ROOT, NETWORK, PID, IPC, USER = Layer.ROOT, Layer.NETWORK, Layer.PID, Layer.IPC, Layer.USER
CAPABILITIES, PRIVILEGES, LIMITS = Layer.CAPABILITIES, Layer.PRIVILEGES, Layer.LIMITS
SECCOMP = Layer.SECCOMP


def _by(*layers: Layer, landlock: int = 0) -> Denial:
    return Denial(frozenset(layers), landlock)


OF_DENIAL = {
    "read or change other files": {
        "open('/etc/shadow')": _by(ROOT, USER, landlock=1),
        "open('/etc/passwd')": _by(ROOT, landlock=1),
        "os.listdir(FOLDER + '/home')": _by(ROOT, USER, landlock=1),
        "open(FOLDER + '/open/escape', 'w')": _by(ROOT, landlock=1),
        "os.open(SYSTEM_FILE, os.O_WRONLY)": _by(ROOT, USER, landlock=1),
        "open(runtime.__file__, 'a')": _by(ROOT, USER, landlock=1),
        "os.listdir('/sys')": _by(ROOT, landlock=1),
    },
    "open a device": {
        "open('/dev/zero', 'rb')": _by(ROOT, landlock=1),
        "open('/dev/kmsg', 'rb')": _by(ROOT, USER, CAPABILITIES, landlock=1),
    },
    "reach the network": {
        "reach(socket.AF_INET, LISTENING)": _by(NETWORK, SECCOMP, landlock=4),
    },
    "reach other programs' sockets": {
        "socket.socket()": _by(SECCOMP),
        "socket.socket(socket.AF_UNIX)": _by(SECCOMP),
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)": _by(SECCOMP),
        "reach(socket.AF_UNIX, SERVER)": _by(ROOT, SECCOMP),
        "reach(socket.AF_UNIX, ABSTRACT)": _by(NETWORK, SECCOMP, landlock=6),
    },
    "see other processes": {
        "os.listdir('/proc')": _by(ROOT, landlock=1),
    },
    "signal other processes": {
        "os.kill(OUTSIDE, 0)": _by(PID, USER, SECCOMP, landlock=6),
    },
    "look into or change other processes": {
        "fcntl.fcntl(CONTROL, 8, OUTSIDE)": _by(PID, SECCOMP),
        "os.pidfd_open(OUTSIDE)": _by(PID, SECCOMP),
        "resource.prlimit(OUTSIDE, 7, (99, 99))": _by(PID, USER, SECCOMP),
        "os.sched_setaffinity(OUTSIDE, CPUS)": _by(PID, USER, CAPABILITIES, SECCOMP),
        "call(101, 0x4206, OUTSIDE, 0, 0)": _by(PID, USER, CAPABILITIES, SECCOMP, landlock=1),
        "read_memory()": _by(PID, USER, CAPABILITIES, SECCOMP, landlock=1),
        "steal_descriptor()": _by(PID, USER, CAPABILITIES, SECCOMP, landlock=1),
    },
    "share memory or messages with other programs": {
        "message_queue()": _by(IPC, SECCOMP),
        "shared_memory()": _by(IPC, SECCOMP),
    },
    "start processes": {
        "fork(int)": _by(SECCOMP),
        "call(435, 0, 0)": _by(SECCOMP),
    },
    "run programs": {
        "run('/lib64/ld-linux-x86-64.so.2', '--version')": _by(SECCOMP, landlock=1),
    },
    "become root": {
        "os.setresuid(0, 0, 0)": _by(USER, SECCOMP),
    },
    "gain privileges": {
        "fork(gain)": _by(ROOT, PRIVILEGES, SECCOMP, landlock=1),
    },
    "change the machine's mounts or names": {
        "mount()": _by(USER, CAPABILITIES, SECCOMP, landlock=1),
        "call(272, 0x4000000)": _by(USER, CAPABILITIES, SECCOMP),
    },
    "use parts of the kernel that a driver has no need of": {
        "call(298, 0, 0, -1, -1, 0)": _by(SECCOMP),
        "call(308, -1, 0)": _by(SECCOMP),
        "call(317, 1, 0, 0)": _by(SECCOMP),
        "call(425, 1, 0)": _by(SECCOMP),
        "call(250, 0, -3, 0)": _by(SECCOMP),
        "call(0x40000000 + 41, 1, 1, 0)": _by(SECCOMP),
        "call(16, 0, 0x5412, 0)": _by(SECCOMP),
    },
    "take more than its limits": {
        "bytearray(3 << 29)": _by(LIMITS),
        "[os.dup(1) for _ in range(100)]": _by(LIMITS),
        "os.pwrite(CRASH, b'x', 17 << 20)": _by(LIMITS),
        "raise_limits()": _by(LIMITS),  # the last one: it gives its capabilities up
    },
}
"""Python code for `SOURCE` and what stops it, by the denial that it puts to the test."""

ATTEMPTS = {code: denial for attempts in OF_DENIAL.values() for code, denial in attempts.items()}

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

def drop_capabilities():
    libc.capset(struct.pack("=Ii", 0x20080522, 0), bytes(24))

def raise_limits():
    drop_capabilities()
    resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))

def gain():  # a set-user-id copy of cat reads what only a capability opens
    drop_capabilities()
    os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
    os.dup2(1, 2)
    os.execv(FOLDER + "/cat", ["cat", FOLDER + "/closed"])

def read_memory():  # that the kernel finds nothing at address 8 is not for want of rights
    space = ctypes.create_string_buffer(8)
    here = ctypes.create_string_buffer(struct.pack("PN", ctypes.addressof(space), 8))
    there = ctypes.create_string_buffer(struct.pack("PN", 8, 8))
    call(310, OUTSIDE, ctypes.addressof(here), 1, ctypes.addressof(there), 1, 0)

def steal_descriptor():
    pidfd = os.pidfd_open(OUTSIDE)
    try:
        call(438, pidfd, 0, 0)
    finally:
        os.close(pidfd)

def shared_memory():
    if libc.shmget(KEY, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "denied")

def message_queue():
    if libc.msgget(KEY, 0) < 0:
        raise OSError(ctypes.get_errno(), "denied")

def mount():
    if libc.mount(b"none", b"/usr/share/zoneinfo", b"tmpfs", 0, None) < 0:
        raise OSError(ctypes.get_errno(), "denied")

class Driver(IOService):
    def Start(self, provider):
        for code in ATTEMPTS:
            try:
                exec(code)
            except (OSError, MemoryError, ValueError):
                IOLog(f"denied {code}")
            else:
                IOLog(f"DONE {code}")
        IOLog("end")
"""
