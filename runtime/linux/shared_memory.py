"""Memory that several processes map: a memfd of a fixed size.

Source: memfd_create(2), fcntl(2) "File sealing". Python's own mmap would take a second descriptor.
Invariant: no mapping here can lose its pages, whatever another process does with the descriptor.
"""

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import weakref
from collections.abc import Sequence

from runtime.linux.libc import syscall
from runtime.model.errors import BreachError
from runtime.wire import limits

_FIXED = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
_MAP_FIXED = 0x10  # linux/mman.h; Python 3.11 has no name for it
_F_SEAL_FUTURE_WRITE = 0x10  # linux/fcntl.h; Python 3.11 has no name for it


class SharedMemory:
    """One mapping and its descriptor, which are let go with the object.

    Attributes:
        mapped: The bytes, valid as long as somebody has a view of them.
    """

    def __init__(self, fd: int, mapped: memoryview) -> None:
        """`fd` is owned from now on."""
        self._fd = fd
        self.mapped = mapped

    @staticmethod
    def create(size: int) -> "SharedMemory":
        """Zeroed memory of 1 to `limits.MEMORY` bytes.

        Raises:
            OSError: No memory or no descriptor left, or it is too large for this process.
        """
        fd = os.memfd_create("memory", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        with contextlib.ExitStack() as stack:
            stack.callback(os.close, fd)
            os.ftruncate(fd, size)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _FIXED)
            made = SharedMemory(fd, _map(fd, size, writable=True))
            stack.pop_all()
        return made

    @staticmethod
    def adopt(fd: int, *, writable: bool = True) -> "SharedMemory":
        """Map memory that somebody else made; `fd` is owned from now on, also after an error.

        Raises:
            BreachError: It is no memfd of a fixed size, empty, larger than `limits.MEMORY`, or
                cannot be mapped in this way.
        """
        try:
            return SharedMemory(fd, _map(fd, _checked_size(fd), writable=writable))
        except OSError as error:
            os.close(fd)
            raise BreachError(
                f"shared memory: expected a memfd, found: {error.strerror}"
            ) from error
        except BreachError:
            os.close(fd)
            raise

    def fileno(self) -> int:
        """The descriptor; valid until it is closed."""
        return self._fd

    def keep_for_reading(self) -> None:
        """Let nobody map it for writing any more; the mappings that are there stay as they are."""
        fcntl.fcntl(self._fd, fcntl.F_ADD_SEALS, _F_SEAL_FUTURE_WRITE)

    def close(self) -> None:
        """Let go of the descriptor; what is mapped is let go with its last view. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()


class JoinedMemory:
    """Ranges of shared memory as one, each mapped behind the one before.

    Attributes:
        mapped: The bytes; those of the memory that each part is of.
    """

    def __init__(self, parts: Sequence[tuple[int, int, int]]) -> None:
        """`parts` are a descriptor, an offset and a length each; the descriptors stay the caller's.

        Every offset, and every length but the last one's, is a multiple of `mmap.PAGESIZE`.

        Raises:
            OSError: It cannot be mapped so.
        """
        size = sum(length for _, _, length in parts)
        private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        address = syscall("mmap", 0, size, 0, private, -1, 0)  # nobody may touch it yet
        self.mapped = _view(address, size)
        for descriptor, offset, length in parts:
            access = mmap.PROT_READ | mmap.PROT_WRITE
            fixed = mmap.MAP_SHARED | _MAP_FIXED
            syscall("mmap", address, length, access, fixed, descriptor, offset)
            address += length

    def fileno(self) -> int:
        """No descriptor is of all of it; OSError."""
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    def keep_for_reading(self) -> None:
        """It is not shared as one; OSError."""
        self.fileno()


def _checked_size(fd: int) -> int:
    seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    size = os.fstat(fd).st_size
    if seals & _FIXED != _FIXED or not 0 < size <= limits.MEMORY:
        raise BreachError(
            f"shared memory: expected 1 to {limits.MEMORY} bytes of a fixed size, "
            f"found {size} bytes and seals {seals:#x}"
        )
    return size


def _map(fd: int, size: int, *, writable: bool) -> memoryview:
    access = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
    address = syscall("mmap", 0, size, access, mmap.MAP_SHARED, fd, 0)
    view = _view(address, size)
    return view if writable else view.toreadonly()


def _view(address: int, size: int) -> memoryview:
    """What is mapped, until nobody has a view of it."""
    mapped = (ctypes.c_ubyte * size).from_address(address)
    weakref.finalize(mapped, syscall, "munmap", address, size).atexit = False
    return memoryview(mapped).cast("B")
