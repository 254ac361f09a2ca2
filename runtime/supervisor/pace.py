"""Elevated drivers, held to their share: a busy one has no precedence until it is quiet again.

A driver that is scheduled before others could take a CPU for itself. One that takes more than
half of a CPU's time for a period is put among ordinary processes, and goes first again after a
second of which it used no more than a quarter. Runs in the event loop.
Invariant: only a child of this process that was given here is ever changed.
"""

import asyncio
import time
from dataclasses import dataclass

from runtime.linux import scheduling, usage

PERIOD_SECONDS = 0.5  # of a judgement
"""A spinning driver has precedence for so long, or up to twice that: with one of them on every CPU
the judge itself has to wait until the kernel gives ordinary processes their share of a second."""

QUIET_NS = 1_000_000_000  # of a judgement of one that has no precedence
MOST, LITTLE = 0.5, 0.25  # of a CPU


@dataclass
class _Watched:
    started_us: int  # with the pid, what tells it from every other process
    since_ns: int
    used_ns: int
    first: bool = True


def goes_first(used_ns: int, elapsed_ns: int, *, first: bool) -> bool:
    """Whether a process that used so much in that time has precedence now; `first`: had it."""
    return used_ns <= elapsed_ns * (MOST if first else LITTLE)


class Pace:
    """Watches the processes that were given precedence."""

    def __init__(self) -> None:
        self._watched: dict[int, _Watched] = {}
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, pid: int) -> None:
        """Hold a child that has precedence to its share, until it has ended."""
        found = usage.read(pid)
        used = scheduling.used_ns(pid)
        if found is None or used is None:
            return
        self._watched[pid] = _Watched(found.started_us, time.monotonic_ns(), used)
        if self._timer is None:
            self._arm()

    def close(self) -> None:
        """Watch none any more; idempotent."""
        self._watched.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(PERIOD_SECONDS, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = time.monotonic_ns()
        gone = [pid for pid, watched in self._watched.items() if not _judge(pid, watched, now)]
        for pid in gone:
            del self._watched[pid]
        if self._watched:
            self._arm()


def _judge(pid: int, watched: _Watched, now: int) -> bool:
    """Give or take precedence if it is time to; whether the process is still there."""
    used = scheduling.used_ns(pid)
    if used is None:
        return False
    elapsed = now - watched.since_ns
    if elapsed < (PERIOD_SECONDS * 1e9 if watched.first else QUIET_NS):
        return True
    first = goes_first(used - watched.used_ns, elapsed, first=watched.first)
    if first is not watched.first:
        found = usage.read(pid)
        if found is None or found.started_us != watched.started_us:
            return False  # its pid is somebody else's now
        scheduling.set_first(pid, first=first)
        watched.first = first
    watched.since_ns, watched.used_ns = now, used
    return True
