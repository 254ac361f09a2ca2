"""Elevated processes, held to their share: a busy one has no precedence until it is quiet again.

Drivers wake before ordinary processes. Those for whom they wait do as well, or an ordinary process
could hold them up: their devices' brokers like them, the runtime before both. What is scheduled
before others could take a CPU for itself: one that takes more than half of a CPU's
time for a period is put among ordinary processes, and goes first again after a second of which it
used no more than a quarter. Runs in the event loop.
Invariant: only this process, and children that were given here, are ever changed.
"""

import asyncio
import os
import time
from dataclasses import dataclass

from runtime.linux import scheduling, usage

DRIVER = scheduling.LEAST  # priorities: every other real-time process can go before both
RUNTIME = DRIVER + 1

PERIOD_SECONDS = 0.5  # of a judgement
QUIET_NS = 1_000_000_000  # of a judgement of one that has no precedence
MOST, LITTLE = 0.5, 0.25  # of a CPU


@dataclass
class _Watched:
    priority: int  # while it has precedence
    started_us: int  # with the pid, what tells it from every other process
    since_ns: int
    used_ns: int
    first: bool = True


def goes_first(used_ns: int, elapsed_ns: int, *, first: bool) -> bool:
    """Whether a process that used so much in that time has precedence now; `first`: had it."""
    return used_ns <= elapsed_ns * (MOST if first else LITTLE)


class Pace:
    """Gives precedence, and watches the processes that have it."""

    def __init__(self) -> None:
        self._watched: dict[int, _Watched] = {}
        self._timer: asyncio.TimerHandle | None = None

    def elevate(self, pid: int) -> bool:
        """Put a child before ordinary processes, and hold it to its share until it has ended.

        Returns:
            Whether this kernel lets it be so.
        """
        own = os.getpid()
        if own not in self._watched and not self._watch(own, RUNTIME):
            return False
        watched = self._watch(pid, DRIVER)
        if self._timer is None:
            self._arm()
        return watched

    def close(self) -> None:
        """Watch none any more, and be ordinary; idempotent."""
        if self._watched.pop(os.getpid(), None) is not None:
            scheduling.set_priority(os.getpid(), scheduling.ORDINARY)
        self._watched.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch(self, pid: int, priority: int) -> bool:
        found = usage.read(pid)
        used = scheduling.used_ns(pid)
        if found is None or used is None:
            return False
        try:
            scheduling.set_priority(pid, priority)
        except OSError:
            return False
        self._watched[pid] = _Watched(priority, found.started_us, time.monotonic_ns(), used)
        return True

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(PERIOD_SECONDS, self._tick)

    def _tick(self) -> None:
        self._timer = None
        now = time.monotonic_ns()
        gone = [pid for pid, watched in self._watched.items() if not _judge(pid, watched, now)]
        for pid in gone:
            del self._watched[pid]
        if self._watched.keys() == {os.getpid()}:
            self.close()
        else:
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
        scheduling.set_priority(pid, watched.priority if first else scheduling.ORDINARY)
        watched.first = first
    watched.since_ns, watched.used_ns = now, used
    return True
