"""What the processor was doing when a fatal signal came, kept by the process that it ends.

In front of the present handlers of fatal signals goes a few instructions' worth of another one: it
copies what the kernel tells a handler (siginfo, registers) and the top of the stack to the start
of a file in memory, and goes on to the one that was there. It needs no tracer, no memory and no
lock, and takes no time. Behind that, the file says which threads work for whom, and what was loaded
of the process's bundle.
Source: sigaction(2), <bits/types/siginfo_t.h>; `fault_machines` for what machines differ in.
Invariant: whatever the process wrote into the file is read as a record or as none.
"""

import contextlib
import ctypes
import mmap
import os
import signal
import struct
import threading
from collections.abc import Iterable, Iterator

from runtime.linux.fault_machines import HERE, SIGINFO, STACK, STACK_AT, Machine
from runtime.linux.libc import function
from runtime.model.crash_report import Fault
from runtime.model.native import Image

_WORKERS_AT = STACK_AT + STACK
_WORKER = struct.Struct("=QQ")  # a thread, as Python and faulthandler name it; for whom it works
_WORKERS = 64
_MODULES_AT = _WORKERS_AT + _WORKERS * _WORKER.size
_MODULE = struct.Struct("=QQQ")  # start, end, offset in the file; then its path, and a zero
SIZE = _WORKERS_AT + 4096
"""Of the record, at the start of the file; what else is in it comes after."""

SIGNALS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT)

_SIGINFO = struct.Struct("=iii4xQ")  # signal, errno, code, address
_ACTION = struct.Struct("=Q128siiQ")  # handler, mask, flags, padding, restorer: glibc's sigaction
_Action = ctypes.c_char * _ACTION.size  # made here, in the zygote: a type takes many pages
_SA_SIGINFO, _SA_ONSTACK, _SA_NODEFER = 4, 0x0800_0000, 0x4000_0000

_kept: list[mmap.mmap] = []  # what the handlers use, for as long as the process lives
_workers = threading.Lock()


def record(file: int) -> None:
    """Have fatal signals of this process recorded; where the machine is another, do nothing.

    Afterwards the file's position is behind the record. Call it after whatever handles these
    signals was installed: it is called after the recording.

    Raises:
        OSError: No memory.
    """
    os.ftruncate(file, SIZE)
    os.lseek(file, SIZE, os.SEEK_SET)
    if HERE is None:
        return
    page = mmap.mmap(file, SIZE)
    code = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    _kept.extend((page, code))
    for number in SIGNALS:
        _put_before(number, HERE, _address(page), file, code)
    function("mprotect", _address(code), SIZE, mmap.PROT_READ | mmap.PROT_EXEC)


def read(data: bytes, machine: Machine | None = HERE) -> Fault | None:
    """Read the record of a file that starts with `data`; None when no signal was recorded."""
    if len(data) < SIZE or machine is None:
        return None
    number, _, code, address = _SIGINFO.unpack_from(data)
    if number not in SIGNALS:
        return None
    values = struct.unpack_from(f"={len(machine.registers)}Q", data, SIGINFO + machine.before)
    registers = dict(zip(machine.registers, values, strict=True))
    by_processor = code > 0 and number != signal.SIGABRT
    return Fault(
        number,
        address if by_processor else None,
        machine.access(registers) if by_processor else "",
        tuple(registers.items()),
    )


def stack(data: bytes) -> bytes:
    """The stack in a record, from the stack pointer on; zeros where it ended."""
    return data[STACK_AT:_WORKERS_AT] if len(data) >= SIZE else b""


@contextlib.contextmanager
def working_for(whom: int) -> Iterator[None]:
    """Have the record say for whom the calling thread works; where there is none, do nothing."""
    at = _note(threading.get_ident(), whom)
    try:
        yield
    finally:
        if at:
            _WORKER.pack_into(_kept[0], at, 0, 0)


def worker(data: bytes, thread: int) -> int:
    """For whom a thread of a record worked; 0 where it does not say."""
    known: dict[int, int] = {}
    if len(data) >= SIZE:
        known.update(_WORKER.iter_unpack(data[_WORKERS_AT:_MODULES_AT]))
    return known.get(thread, 0)


def loaded(modules: Iterable[Image]) -> None:
    """Have the record say what of its bundle this process has loaded, as far as it has room."""
    told = b""
    for module in modules:
        more = told + _MODULE.pack(*module[:3]) + os.fsencode(module.path) + b"\0"
        if len(more) < SIZE - _MODULES_AT:
            told = more
    if _kept:
        _kept[0][_MODULES_AT : _MODULES_AT + len(told)] = told


def modules(data: bytes) -> tuple[Image, ...]:
    """What the process of a record said that it had loaded of its bundle."""
    found: list[Image] = []
    left = data[_MODULES_AT:SIZE] if len(data) >= SIZE else b""
    while len(left) > _MODULE.size:
        start, end, offset = _MODULE.unpack_from(left)
        path, _, left = left[_MODULE.size :].partition(b"\0")
        if not path or start >= end:
            break
        found.append(Image(start, end, offset, path.decode(errors="replace")))
    return tuple(found)


def _note(thread: int, whom: int) -> int:
    """Use a free place of the table; where it is, 0 for none."""
    with _workers:
        for at in range(_WORKERS_AT, _MODULES_AT, _WORKER.size) if _kept else ():
            if _WORKER.unpack_from(_kept[0], at)[0] == 0:
                _WORKER.pack_into(_kept[0], at, thread, whom)
                return at
    return 0


def _put_before(number: int, machine: Machine, page: int, file: int, code: mmap.mmap) -> None:
    old = _Action()
    function("sigaction", number, None, old)
    handler, mask, _, _, _ = _ACTION.unpack(old.raw)
    start = _address(code) + code.tell()
    code.write(machine.code(page, file, handler))
    code.seek(-code.tell() % 16, os.SEEK_CUR)
    flags = _SA_SIGINFO | _SA_ONSTACK | _SA_NODEFER
    function("sigaction", number, _ACTION.pack(start, mask, flags, 0, 0), None)


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
