"""How much memory the machine can still give, and what this process can give back to it.

Source: proc_meminfo(5), malloc_trim(3). Invariant: never reserves any.
"""

from pathlib import Path

from runtime.linux.libc import function

_MEMINFO = Path("/proc/meminfo")


def available() -> int:
    """Bytes that new processes can have without swapping; 0 where the kernel does not say."""
    try:
        lines = _MEMINFO.read_text().splitlines()
    except OSError:
        return 0
    for line in lines:
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) << 10
    return 0


def give_back() -> None:
    """Let the kernel have the whole pages that this process has freed and would keep for later."""
    function("malloc_trim", 0)
