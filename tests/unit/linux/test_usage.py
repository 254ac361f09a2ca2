"""Reading what a process uses, from the kernel itself."""

import ctypes
import os
import time

from runtime.linux import usage


def test_this_process() -> None:
    before = usage.read(os.getpid())
    assert before is not None
    assert before.threads >= 1
    assert before.memory > 1 << 20
    assert 0 < before.started_us <= time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
    own = time.process_time_ns() // 1000
    assert abs(before.cpu_us - own) < 100_000, "the same as another way to ask"


def test_a_name_that_looks_like_fields() -> None:
    """The kernel writes the name in parentheses, and a process may choose any."""
    libc = ctypes.CDLL(None)
    name = ctypes.create_string_buffer(16)
    assert libc.prctl(16, name) == 0  # PR_GET_NAME
    try:
        assert libc.prctl(15, b") S 1 2 (3 4") == 0  # PR_SET_NAME
        found = usage.read(os.getpid())
    finally:
        libc.prctl(15, name)
    assert found is not None
    assert found.memory > 1 << 20


def test_a_process_that_is_gone() -> None:
    child = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(child, 0)
    assert usage.read(child) is None
