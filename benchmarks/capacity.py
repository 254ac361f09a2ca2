"""Many live drivers: `python -m benchmarks.capacity [--count N]`; its last line is one JSON object.

All run under one supervisor in this process, each with its provider socket, and idle. Brokers and
the registry are not there. `mb_a_driver` is private memory, in the mean of some; `idle_percent` is
what this process uses of a CPU while nothing happens.
Invariant: counts only drivers that have answered right.
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from pathlib import Path

from benchmarks.crowd import crowd
from benchmarks.memory import private_mb
from runtime.linux import spawn

IDLE_SECONDS = 10.0
MEASURED = 50  # drivers whose memory is read


async def measure(count: int) -> dict[str, float]:
    """Start so many drivers and look at them."""
    async with crowd(1) as made:
        began = time.monotonic()
        await made.grow(count)
        took = time.monotonic() - began
        await asyncio.sleep(IDLE_SECONDS / 2)  # until understudies are there
        used, since = time.process_time(), time.monotonic()
        await asyncio.sleep(IDLE_SECONDS)
        idle = (time.process_time() - used) / (time.monotonic() - since)
        pids = [driver.record.pid for driver in made.supervisor if driver.record.pid]
        return {
            "drivers": len(pids),
            "start_ms": round(took * 1000 / max(1, count - 1), 2),
            "mb_a_driver": round(statistics.mean(map(private_mb, pids[:MEASURED])), 2),
            "idle_percent": round(idle * 100, 2),
            "descriptors": _descriptors(),
        }


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def main() -> int:
    """Measure and print; 0 when the goals were met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="drivers (%(default)s)")
    count = parser.parse_args().count
    spawn.allow_descriptors()
    found = asyncio.run(measure(count))
    print(json.dumps(found))
    return 0 if found["drivers"] >= count and found["idle_percent"] <= 5 else 1


if __name__ == "__main__":
    sys.exit(main())
