"""Anonymous files: sealed ones that cannot change any more, and blank ones to be written.

Source: memfd_create(2), fcntl(2) "File sealing".
Invariant: what `read_sealed` returns can never be changed by whoever holds the descriptor.
"""

import fcntl
import os

from runtime.model.errors import BreachError

SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def sealed(name: str, data: bytes) -> int:
    """A descriptor of a new file that holds `data` and can never change; the caller's to close.

    Raises:
        OSError: No memory or no descriptor left.
    """
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(data)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
    except OSError:
        os.close(fd)
        raise
    return fd


def read_sealed(fd: int) -> bytes:
    """The whole content of a sealed file; `fd` stays the caller's, its position is not used.

    Raises:
        BreachError: The descriptor is not a memfd, or a seal is missing.
    """
    try:
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    except OSError as error:
        raise BreachError(
            f"descriptor: expected a sealed memfd, found none ({error.strerror})"
        ) from error
    if seals & SEALS != SEALS:
        raise BreachError(f"memfd: expected all seals ({SEALS:#x}), found {seals:#x}")
    return read_whole(fd)


class Shared:
    """A descriptor that several have, closed when the last of them has dropped it."""

    def __init__(self, fd: int) -> None:
        """`fd` is owned from now on."""
        self._fd = fd

    def fileno(self) -> int:
        """The descriptor; valid as long as this object is."""
        return self._fd

    def __del__(self) -> None:
        os.close(self._fd)


def blank(name: str) -> int:
    """A descriptor of a new, empty, writable file; the caller's to close.

    Raises:
        OSError: No memory or no descriptor left.
    """
    return os.memfd_create(name, os.MFD_CLOEXEC)


def read_whole(fd: int, most: int = 1 << 31) -> bytes:
    """The content of a file from its start, at most `most` bytes; the position is not used."""
    size = min(os.fstat(fd).st_size, most)
    parts: list[bytes] = []
    offset = 0
    while offset < size and (part := os.pread(fd, size - offset, offset)):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)
