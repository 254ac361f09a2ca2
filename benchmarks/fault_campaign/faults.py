"""Every way in which the campaign's driver breaks itself; imported by it in its sandbox.

Invariant: what is done is drawn from the given chance alone.
"""

import contextlib
import ctypes
import fcntl
import gc
import os
import random
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import FunctionType

from runtime.driverkit import IOLog

POKES = 64  # of 8 bytes each
SYSTEM_CALLS = 20  # random ones of one fault, of numbers below `HIGHEST_CALL`
HIGHEST_CALL = 462
STACK = 24 << 10  # bytes below the stack's end that are poked
HANG_ODDS = 0.01  # of the rogue actions; each costs the campaign its deadline


def flip_bit(chance: random.Random, work: FunctionType) -> None:
    """One bit of the bytecode of the driver's work."""
    code = bytearray(work.__code__.co_code)
    code[chance.randrange(len(code))] ^= 1 << chance.randrange(8)
    work.__code__ = work.__code__.replace(co_code=bytes(code))


def random_instruction(chance: random.Random, work: FunctionType) -> None:
    """One instruction of the driver's work becomes any other."""
    code = bytearray(work.__code__.co_code)
    at = chance.randrange(len(code) // 2) * 2
    code[at : at + 2] = chance.randbytes(2)
    work.__code__ = work.__code__.replace(co_code=bytes(code))


def poke_heap(chance: random.Random, _work: FunctionType) -> None:
    """Random bytes into random objects."""
    objects = gc.get_objects()
    addresses = [
        id(objects[chance.randrange(len(objects))]) + chance.randrange(0, 64, 8)
        for _ in range(POKES)
    ]
    for address in addresses:
        ctypes.memmove(address, chance.randbytes(8), 8)


def poke_stack(chance: random.Random, _work: FunctionType) -> None:
    """Random bytes into the main thread's stack."""
    end = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "__libc_stack_end").value or 0
    for _ in range(POKES):
        ctypes.memmove(end - chance.randrange(8, STACK, 8), chance.randbytes(8), 8)


# --- rogue actions ------------------------------------------------------------------------------


def _system_call(*arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(*[ctypes.c_long(argument) for argument in arguments]) < 0:
        raise OSError(ctypes.get_errno(), "denied")


def _fork_bomb() -> None:
    for _ in range(SYSTEM_CALLS):
        os.fork()


FORBIDDEN: dict[str, Callable[[], object]] = {
    "read passwords": lambda: os.open("/etc/shadow", os.O_RDONLY),
    "write a file": lambda: os.open("/escape", os.O_WRONLY | os.O_CREAT),
    "write a library": lambda: os.open("/usr/lib/escape", os.O_WRONLY | os.O_CREAT),
    "see processes": lambda: os.open("/proc/self/status", os.O_RDONLY),
    "open memory": lambda: os.open("/dev/mem", os.O_RDONLY),
    "internet socket": socket.socket,
    "local socket": lambda: socket.socket(socket.AF_UNIX),
    "netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "fork bomb": _fork_bomb,
    "exec": lambda: os.posix_spawn("/usr/bin/true", ["true"], {}),
    "signal the parent": lambda: os.kill(os.getppid(), 9),
    "signal everybody": lambda: os.kill(-1, 9),
    "signal by descriptor": lambda: fcntl.fcntl(3, 8, 1),
    "trace": lambda: _system_call(101, 16, 1, 0, 0),
    "read another's memory": lambda: _system_call(310, 1, 0, 0, 0, 0, 0),
    "mount": lambda: _system_call(165, 0, 0, 0, 0, 0),
    "unshare": lambda: _system_call(272, 0x1000_0000),
    "steal a descriptor": lambda: _system_call(438, 3, 0, 0),
    "become root": lambda: os.setuid(0),
    "raise limits": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (9999, 9999)),
    "kernel module": lambda: _system_call(313, 0, 0, 0),
    "bpf": lambda: _system_call(321, 0, 0, 0),
    "reboot": lambda: _system_call(169, 0, 0, 0, 0),
    "change the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, 0),
}
"""What must raise an error; what returns has escaped."""


def _sockets() -> list[int]:
    found = []
    for descriptor in range(3, 64):
        with contextlib.suppress(OSError):
            os.fstat(descriptor)
            found.append(descriptor)
    return found


def _send(data: bytes) -> None:
    for descriptor in _sockets():
        with contextlib.suppress(OSError):
            os.write(descriptor, data)


def _send_many() -> None:
    for _ in range(500):
        _send(b"\x91\xa3log")


def _send_garbage(chance: random.Random) -> None:
    _send(chance.randbytes(200))


def _random_calls(chance: random.Random) -> None:
    for _ in range(SYSTEM_CALLS):
        numbers = [chance.getrandbits(chance.choice((1, 4, 12, 63))) for _ in range(6)]
        with contextlib.suppress(OSError):
            _system_call(chance.randrange(HIGHEST_CALL), *numbers)


def _raise() -> None:
    raise LookupError


def _send_descriptors() -> None:
    for descriptor in _sockets():
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as sock:
            socket.send_fds(sock, [b"x"], [0] * 8)


def _flood_descriptors() -> None:
    with contextlib.suppress(OSError):
        while True:
            os.dup(1)


def _flood_threads() -> None:
    gate = threading.Event()
    with contextlib.suppress(RuntimeError):
        for _ in range(200):
            threading.Thread(target=gate.wait, daemon=True).start()
    gate.set()


def _flood_log() -> None:
    for number in range(3000):
        IOLog(f"flood {number}")


def _flood_output() -> None:
    for number in range(3000):
        sys.stdout.write(f"flood {number}\n")


def _recurse(depth: int = 0) -> int:
    sys.setrecursionlimit(1 << 30)
    return _recurse(depth + 1) + 1


def _take_memory() -> None:
    with contextlib.suppress(MemoryError):
        bytearray(8 << 30)


HOSTILE: dict[str, Callable[[], object]] = {
    "empty packet": lambda: _send(b""),
    "huge packet": lambda: _send(bytes(150 << 10)),
    "many packets": _send_many,
    "unwanted descriptors": _send_descriptors,
    "descriptor flood": _flood_descriptors,
    "thread flood": _flood_threads,
    "log flood": _flood_log,
    "output flood": _flood_output,
    "memory": _take_memory,
    "recursion": _recurse,
    "null pointer": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "exit": lambda: os._exit(3),
    "leave": sys.exit,
    "close everything": lambda: os.closerange(3, 64),
    "exception": _raise,
}
"""What may end the process, and nothing else."""

DRAWN: dict[str, Callable[[random.Random], object]] = {
    "garbage": _send_garbage,
    "random system calls": _random_calls,
}
"""The same, drawn anew each time."""


def _spin() -> None:
    while True:
        pass


HANGS: tuple[Callable[[], object], ...] = (
    _spin,
    lambda: ctypes.PyDLL(None).sleep(1000),
    threading.Event().wait,
)


FAULTS: tuple[Callable[[random.Random, FunctionType], None], ...] = (
    flip_bit,
    random_instruction,
    poke_heap,
    poke_stack,
)
"""By class of the fault, from 1 on; the class after them is a rogue action."""


def inject(kind: int, chance: random.Random, work: FunctionType) -> str:
    """Break something; return the name of a forbidden action that succeeded, or nothing."""
    if kind <= len(FAULTS):
        FAULTS[kind - 1](chance, work)
        return ""
    if chance.random() < HANG_ODDS:
        chance.choice(HANGS)()
    name = chance.choice([*FORBIDDEN, *HOSTILE, *DRAWN])
    if name in DRAWN:
        DRAWN[name](chance)
        return ""
    if name in HOSTILE:
        HOSTILE[name]()
        return ""
    try:
        FORBIDDEN[name]()
    except (OSError, ValueError):
        return ""
    return name
