"""How a machine keeps its registers in a signal's frame, and the code that copies them out.

The code is a handler of signals: it copies what the kernel tells a handler (siginfo, and of the
ucontext what comes up to the last register) to a record, and a piece of the stack to a file, and
goes on to the handler that was there. Of memory it reads only what the kernel wrote; the stack it
has the kernel read, as that may be what is broken. It takes no lock and changes only registers
that are a callee's to change.
Source: <asm/sigcontext.h>, <asm/ucontext.h> of both; the procedure call standards.
Invariant: values only.
"""

import platform
import re
import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple

SIGINFO = 128  # bytes that the kernel gives
STACK = 16384  # bytes of the stack that are kept, from the stack pointer on
STACK_AT = 4096  # in the file
CALL = 8  # bytes before a return address, of which a call is the last ones


class Machine(NamedTuple):
    """One architecture.

    `registers` are in the kernel's order, `before` bytes after the ucontext's beginning. `access`
    says of the registers and the rest of the ucontext what a fault wanted: ``read``, ``write``,
    ``execute`` or nothing. `code` makes the handler from the addresses of record and next handler
    and the file's descriptor; `code_counter` names the register with the instruction's address,
    `stack_pointer` that with the stack's. `columns` are the registers by their numbers in DWARF.
    `call` finds a call at the end of bytes; `addresses` are the bits that a return address has.
    """

    registers: tuple[str, ...]
    before: int
    code_counter: str
    access: Callable[[Mapping[str, int]], str]
    code: Callable[[int, int, int], bytes]
    stack_pointer: str
    columns: tuple[str, ...]
    call: re.Pattern[bytes]
    addresses: int


# --- x86-64 -----------------------------------------------------------------------------------

_X86 = (
    *("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rbp", "rbx"),
    *("rdx", "rax", "rcx", "rsp", "rip", "eflags", "segments", "error", "trap", "mask", "cr2"),
)
_X86_COLUMNS = (
    *("rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp"),
    *("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"),
)
_X86_CALL = re.compile(
    rb"(?s:\xe8.{4}|\xff(?:"  # of a distance, or of what is in:
    rb"[\xd0-\xd7]|[\x10-\x13\x16\x17]|\x14.|"  # a register, memory at it, at two of them
    rb"[\x50-\x53\x55-\x57].|\x54..|"  # the same with a short distance
    rb"[\x15\x90-\x93\x95-\x97].{4}|\x94.{5}))\Z"  # a long one
)
_X86_CODE = (
    b"\x57\x56\x52"  # push rdi; push rsi; push rdx: signal, siginfo, ucontext
    b"\x48\xbf%b"  # mov rdi, record
    b"\xb9\x10\0\0\0\xf3\x48\xa5"  # mov ecx, 16; rep movsq: siginfo
    b"\x48\x8b\x34\x24"  # mov rsi, [rsp]
    b"\xb9\x1c\0\0\0\xf3\x48\xa5"  # mov ecx, 28; rep movsq: ucontext up to the last register
    b"\x48\x8b\x34\x24\x48\x8b\xb6\xa0\0\0\0"  # mov rsi, [rsp]; mov rsi, [rsi + 160]: its rsp
    b"\xbf%b\xba%b\x41\xba%b"  # mov edi, file; mov edx, STACK; mov r10d, STACK_AT
    b"\xb8\x12\0\0\0\x0f\x05"  # mov eax, 18; syscall: pwrite64
    b"\x5a\x5e\x5f"  # pop rdx; pop rsi; pop rdi
    b"\x48\xb8%b\xff\xe0"  # mov rax, next; jmp rax
)
_PAGE_FAULT, _WRITE, _FETCH = 14, 2, 16  # a trap, and bits of its error code


def _x86_access(registers: Mapping[str, int]) -> str:
    if registers["trap"] != _PAGE_FAULT:
        return ""
    error = registers["error"]
    return "execute" if error & _FETCH else "write" if error & _WRITE else "read"


def _x86_code(record: int, file: int, following: int) -> bytes:
    quad, word = struct.Struct("<Q"), struct.Struct("<i")
    where = (word.pack(file), word.pack(STACK), word.pack(STACK_AT))
    return _X86_CODE % (quad.pack(record), *where, quad.pack(following))


# --- aarch64 ----------------------------------------------------------------------------------

_ARM = ("fault_address", *(f"x{number}" for number in range(31)), "sp", "pc", "pstate")
_ARM_CALL = re.compile(rb"(?s:...[\x94-\x97]|.[\x00-\x0f]\x3f[\xd6\xd7])\Z")  # bl, blr, blraa
_ARM_CODE = bytes.fromhex(
    "89030058"  # ldr x9, record
    "0a0280d2 eb0301aa 6c8540f8 2c8500f8 4a0500f1 a1ffff54"  # 16 quads of siginfo, from x1
    "2a0780d2 eb0302aa 6c8540f8 2c8500f8 4a0500f1 a1ffff54"  # 57 quads of ucontext, from x2
    "ed0300aa ee0301aa ef0302aa"  # keep x0, x1, x2 in x13, x14, x15
    "c0010058 41d840f9"  # ldr x0, file; ldr x1, [x2, #432]: its sp
    "020088d2 030082d2 680880d2 010000d4"  # x2 = STACK; x3 = STACK_AT; x8 = 67; svc 0: pwrite64
    "e0030daa e1030eaa e2030faa"  # and back
    "f0000058 00021fd6"  # ldr x16, next; br x16
    "00000000"  # so that the three values after it lie at a multiple of 8
)


def _arm_access(_registers: Mapping[str, int]) -> str:
    return ""  # the syndrome lies behind what is copied


def _arm_code(record: int, file: int, following: int) -> bytes:
    return _ARM_CODE + struct.pack("<3Q", record, file, following)


MACHINES = {
    "x86_64": Machine(
        *(_X86, 40, "rip", _x86_access, _x86_code, "rsp", _X86_COLUMNS, _X86_CALL),
        addresses=(1 << 64) - 1,
    ),
    "aarch64": Machine(
        *(_ARM, 176, "pc", _arm_access, _arm_code, "sp", _ARM[1:33], _ARM_CALL),
        addresses=(1 << 48) - 1,  # above them it may be signed
    ),
}
"""By what uname calls them; on others nothing is recorded."""

HERE = MACHINES.get(platform.machine())
