"""System calls that Python has no function for, through the C library.

Invariant: every failure is an OSError that names the call.
"""

import ctypes
import os

from runtime.linux.syscalls import numbers

_libc = ctypes.PyDLL(None, use_errno=True)  # keeps the GIL: a clone3 child has no other thread
_syscall = _libc.syscall
_syscall.restype = ctypes.c_long
for _name in ("malloc_trim", "mprotect", "prctl", "sigaction"):
    getattr(_libc, _name)  # looked up here, in the zygote, and not in every process forked from it


def syscall(name: str, *args: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make one system call; integers are passed as 64 bits, bytes as their address.

    Raises:
        OSError: The call failed, or this machine's number for it is not known.
    """
    number = numbers().get(name)
    if number is None:
        raise OSError(f"{name}: its number is not known on this machine")
    result: int = _syscall(ctypes.c_long(number), *[_argument(arg) for arg in args])
    if result < 0:
        raise _error(name)
    return result


def function(name: str, *args: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Call a function of the C library that returns -1 and errno when it fails.

    Raises:
        OSError: The call failed.
    """
    result: int = getattr(_libc, name)(*[_argument(arg) for arg in args])
    if result < 0:
        raise _error(name)
    return result


def _argument(
    value: int | bytes | ctypes.Array[ctypes.c_char] | None,
) -> ctypes.c_long | bytes | ctypes.Array[ctypes.c_char] | None:
    return ctypes.c_long(value) if isinstance(value, int) else value


def _error(name: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{name}: {os.strerror(number)}")
