"""What the processor was doing when a fatal signal came, kept by the process that it ends.

In front of the present handlers of fatal signals goes a few instructions' worth of another one: it
copies what the kernel tells a handler (siginfo, registers) to the start of a file in memory and
goes on to the one that was there. It needs no tracer, no memory and no lock, and takes no time.
Source: sigaction(2), <asm/sigcontext.h>, <bits/types/siginfo_t.h>; x86-64 only.
Invariant: changes no register and no memory but the record.
"""

import ctypes
import mmap
import os
import platform
import signal
import struct

from runtime.linux.libc import function
from runtime.model.crash_report import Fault

SIZE = 4096  # of the record, at the start of the file; what else is in it comes after
SIGNALS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT)

REGISTERS = (
    *("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rbp", "rbx"),
    *("rdx", "rax", "rcx", "rsp", "rip", "eflags", "segments", "error", "trap", "mask", "cr2"),
)
"""In the order of the kernel's `struct sigcontext_64`."""

_SIGINFO = struct.Struct("=iii4xQ")  # signal, errno, code, address
_SIGINFO_SIZE = 128
_BEFORE_REGISTERS = 40  # of a ucontext: flags, link, signal stack
_VALUES = struct.Struct(f"={len(REGISTERS)}Q")

_ACTION = struct.Struct("=Q128siiQ")  # handler, mask, flags, padding, restorer: glibc's sigaction
_SA_SIGINFO, _SA_ONSTACK, _SA_NODEFER = 4, 0x0800_0000, 0x4000_0000

_PAGE_FAULT, _WRITE, _FETCH = 14, 2, 16  # a trap, and bits of its error code

_CODE = (
    b"\x57\x56\x52"  # push rdi; push rsi; push rdx: signal, siginfo, ucontext
    b"\x48\xbf%b"  # mov rdi, record
    b"\xb9\x10\0\0\0\xf3\x48\xa5"  # mov ecx, 16; rep movsq: siginfo
    b"\x48\x8b\x34\x24"  # mov rsi, [rsp]
    b"\xb9\x1c\0\0\0\xf3\x48\xa5"  # mov ecx, 28; rep movsq: ucontext up to the last register
    b"\x5a\x5e\x5f"  # pop rdx; pop rsi; pop rdi
    b"\x48\xb8%b\xff\xe0"  # mov rax, next; jmp rax
)
_kept: list[mmap.mmap] = []  # what the handlers use, for as long as the process lives


def record(file: int) -> None:
    """Have fatal signals of this process recorded; where the machine is another, do nothing.

    Afterwards the file's position is behind the record. Call it after whatever handles these
    signals was installed: it is called after the recording.

    Raises:
        OSError: No memory.
    """
    os.ftruncate(file, SIZE)
    os.lseek(file, SIZE, os.SEEK_SET)
    if platform.machine() != "x86_64":
        return
    page = mmap.mmap(file, SIZE)
    code = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    _kept.extend((page, code))
    for number in SIGNALS:
        _put_before(number, _address(page), code)
    function("mprotect", _address(code), SIZE, mmap.PROT_READ | mmap.PROT_EXEC)


def read(data: bytes) -> Fault | None:
    """Read the record of a file that starts with `data`; None when no signal was recorded.

    The process could write it: whatever is there gives a value or none.
    """
    if len(data) < SIZE:
        return None
    number, _, code, address = _SIGINFO.unpack_from(data)
    if number not in SIGNALS:
        return None
    values = _VALUES.unpack_from(data, _SIGINFO_SIZE + _BEFORE_REGISTERS)
    registers = dict(zip(REGISTERS, values, strict=True))
    access = ""
    if registers["trap"] == _PAGE_FAULT:
        error = registers["error"]
        access = "execute" if error & _FETCH else "write" if error & _WRITE else "read"
    by_processor = code > 0 and number != signal.SIGABRT
    return Fault(number, address if by_processor else None, access, tuple(registers.items()))


def _put_before(number: int, page: int, code: mmap.mmap) -> None:
    old = ctypes.create_string_buffer(_ACTION.size)
    function("sigaction", number, None, old)
    handler, mask, _, _, _ = _ACTION.unpack(old.raw)
    start = _address(code) + code.tell()
    code.write(_CODE % (struct.pack("=Q", page), struct.pack("=Q", handler)))
    flags = _SA_SIGINFO | _SA_ONSTACK | _SA_NODEFER
    function("sigaction", number, _ACTION.pack(start, mask, flags, 0, 0), None)


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
