"""Memory that several processes map: only what can never shrink is mapped."""

import fcntl
import mmap
import os
from collections.abc import Callable

import pytest

from runtime.linux.shared_memory import SharedMemory
from runtime.model.errors import BreachError


def test_both_see_the_same_bytes() -> None:
    ours = SharedMemory.create(10)
    theirs = SharedMemory.adopt(os.dup(ours.fileno()))
    theirs.mapped[:2] = b"hi"
    assert (bytes(ours.mapped[:3]), len(theirs.mapped)) == (b"hi\0", 10)
    with pytest.raises(PermissionError):
        os.ftruncate(ours.fileno(), 5)


def test_what_was_given_for_reading_can_be_mapped_for_that_alone() -> None:
    ours = SharedMemory.create(10)
    ours.keep_for_reading()
    ours.mapped[0] = 1
    with pytest.raises(BreachError, match="found: mmap: Operation not permitted"):
        SharedMemory.adopt(os.dup(ours.fileno()))
    assert SharedMemory.adopt(os.dup(ours.fileno()), writable=False).mapped[0] == 1


def a_memfd(size: int, seals: int) -> int:
    fd = os.memfd_create("x", os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


@pytest.mark.parametrize(
    "make",
    [
        lambda: a_memfd(10, fcntl.F_SEAL_GROW),
        lambda: a_memfd(10, fcntl.F_SEAL_SHRINK),
        lambda: a_memfd(0, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW),
        lambda: a_memfd((16 << 20) + 1, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW),
        lambda: os.open("/etc/hostname", os.O_RDONLY),
        lambda: os.eventfd(0),
    ],
    ids=["shrinks", "grows", "empty", "too-large", "file", "eventfd"],
)
def test_what_could_lose_its_pages_is_refused_and_closed(make: Callable[[], int]) -> None:
    fd = make()
    with pytest.raises(BreachError, match="shared memory: expected"):
        SharedMemory.adopt(fd)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_it_is_unmapped_and_closed_with_the_object() -> None:
    memory = SharedMemory.create(mmap.PAGESIZE)
    fd = memory.fileno()
    del memory
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)
