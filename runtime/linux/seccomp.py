"""seccomp filters, assembled as classic BPF bytes.

A filter allows what its rules name and answers everything else with EPERM, which Python turns
into a clean traceback; only a foreign calling convention is answered the same way without
looking further. Argument rules look at the low 32 bits, which is all that the calls they are
for read.
Source: seccomp(2), linux/seccomp.h, linux/filter.h.
Invariant: the last instruction is a denial.
"""

import ctypes
import errno
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from runtime.linux.libc import syscall

_INSTRUCTION = struct.Struct("=HBBI")
_LOAD, _JEQ, _JGE, _JSET, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _ERRNO = 0x7FFF_0000, 0x0005_0000
_NUMBER, _ARCH, _ARGS = 0, 4, 16  # offsets in seccomp_data
_X32 = 0x4000_0000
_SET_MODE_FILTER = 1


@dataclass(frozen=True)
class Allow:
    """Allow a call whatever its arguments."""


@dataclass(frozen=True)
class AllowEqual:
    """Allow a call when the low half of one argument has one of the values."""

    argument: int
    values: tuple[int, ...]


@dataclass(frozen=True)
class AllowMasked:
    """Allow a call when the low half of one argument, these bits of it, has one of the values."""

    argument: int
    mask: int
    values: tuple[int, ...]


@dataclass(frozen=True)
class AllowBits:
    """Allow a call when one argument has at least one of the bits."""

    argument: int
    bits: int


@dataclass(frozen=True)
class Refuse:
    """Answer a call with an error number of its own."""

    error: int


Rule = Allow | AllowEqual | AllowMasked | AllowBits | Refuse


def assemble(arch: int, rules: Mapping[int, Rule]) -> bytes:
    """Make a filter.

    Args:
        arch: AUDIT_ARCH_* of the only calling convention that is allowed.
        rules: By number of the system call.

    Returns:
        An array of sock_filter, for `load`.
    """
    deny = _op(_RETURN, _ERRNO | errno.EPERM)
    program = [_op(_LOAD, _ARCH), _op(_JEQ, arch, 1, 0), deny]
    program += [_op(_LOAD, _NUMBER), _op(_JGE, _X32, 0, 1), deny]
    for number, rule in sorted(rules.items()):
        block = _block(rule, deny)
        program += [_op(_JEQ, number, 0, len(block)), *block]
    return b"".join([*program, deny])


def load(program: bytes) -> None:
    """Hold this thread, and all that it makes, to a filter for ever; needs no_new_privs.

    Raises:
        OSError: The kernel refused.
    """
    count = len(program) // _INSTRUCTION.size
    header = struct.pack("@HP", count, ctypes.cast(ctypes.c_char_p(program), ctypes.c_void_p).value)
    syscall("seccomp", _SET_MODE_FILTER, 0, header)


def _block(rule: Rule, deny: bytes) -> list[bytes]:
    allow = _op(_RETURN, _ALLOW)
    if isinstance(rule, Allow):
        return [allow]
    if isinstance(rule, Refuse):
        return [_op(_RETURN, _ERRNO | rule.error)]
    load = _op(_LOAD, _ARGS + 8 * rule.argument)
    if isinstance(rule, AllowBits):
        return [load, _op(_JSET, rule.bits, 0, 1), allow, deny]
    masked = [_op(_AND, rule.mask)] if isinstance(rule, AllowMasked) else []
    tests = [_op(_JEQ, value, 0, 1) + allow for value in rule.values]
    return [load, *masked, *_split(tests), deny]


def _split(pieces: list[bytes]) -> list[bytes]:
    data = b"".join(pieces)
    return [data[at : at + _INSTRUCTION.size] for at in range(0, len(data), _INSTRUCTION.size)]


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return _INSTRUCTION.pack(code, if_true, if_false, value)
