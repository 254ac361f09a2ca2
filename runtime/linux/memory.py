"""How much memory the machine can still give.

Source: proc_meminfo(5). Invariant: reads, never reserves.
"""

from pathlib import Path

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
