"""What one more driver costs: its private memory, beyond the pages that it shares.

Ours: the mean of the drivers of all ports of the simulated controller, on the sample's bundle.
Peer: a Python process of its own with the SDK imported and nothing else. Its floor is a process
that has the sandbox and the threads of a driver, and nothing to run: a standby.
Invariant: both are read from the kernel (Private_Clean and Private_Dirty of smaps_rollup).
"""

import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.harness import Benchmark, Sample
from benchmarks.ready import ready_fifo
from benchmarks.stage import TIMEOUT, open_stage

DRIVERS = 8  # ports of the simulated controller
SETTLE = 0.5  # seconds until the standbys that were taken are made anew


def private_mb(pid: int) -> float:
    """Memory that only this process has, in millions of bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) * 1024 / 1e6


@contextmanager
def ours() -> Iterator[Sample]:
    """A runtime with as many drivers as there are ports."""
    with open_stage() as stage:
        stage.approve_sample()
        for _ in range(DRIVERS):
            stage.plug_sample()
        drivers = stage.wait_for_running(DRIVERS)
        time.sleep(SETTLE)
        yield lambda: statistics.mean(private_mb(driver.pid) for driver in drivers)


@contextmanager
def floor() -> Iterator[Sample]:
    """A runtime with one driver, and the standby beside it."""
    with open_stage() as stage:
        stage.approve_sample()
        stage.plug_sample()
        (driver,) = stage.wait_for_running(1)
        time.sleep(SETTLE)
        yield lambda: statistics.mean(map(private_mb, _standbys(driver.pid)))


def _standbys(driver: int) -> list[int]:
    """The processes of a driver's runtime that wait, locked down, for what to load."""
    parent = Path(f"/proc/{driver}/stat").read_text().rpartition(")")[2].split()[1]
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    names = {int(child): Path(f"/proc/{child}/comm").read_text() for child in children}
    return [child for child, name in names.items() if name == "standby\n"]


@contextmanager
def peer() -> Iterator[Sample]:
    """One Python process."""
    with ready_fifo() as ready:
        process = subprocess.Popen(ready.command)
        try:
            ready.pid()
            yield lambda: private_mb(process.pid)
        finally:
            process.kill()
            process.wait(TIMEOUT)


MEMORY = Benchmark(
    name="memory",
    summary="private memory of a driver",
    unit="MB",
    goal=0.29,
    ours=ours,
    peer=peer,
    samples=1,
    note="the goal is 2.5 MB a driver; the ratio is that to what the peer usually has",
)

MEMORY_FLOOR = Benchmark(
    name="memory-floor",
    summary="private memory of a process that is locked down and waits for what to load",
    unit="MB",
    goal=0.29,
    ours=floor,
    peer=peer,
    samples=1,
    note="no driver takes less than this",
)
