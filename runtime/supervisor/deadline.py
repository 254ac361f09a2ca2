"""How long a process may take for each step of its life, and what gives it more time.

A step is extended by progress: its time counts anew from every callback that begins on the
Default queue and every call to the runtime or the provider that returns there, as the pulse
tells it, up to `Limit.most` in all, whatever the process says. Loading and locking down make no
calls, so nothing extends them; the runtime checks entitlements itself, in no time.
Runs in the event loop.
Invariant: at most one limit holds at a time; progress never shortens it.
"""

import asyncio
from collections.abc import Callable

import msgspec

from runtime.model.outcome import ExitHow


class Limit(msgspec.Struct, frozen=True):
    """The time for one step, in seconds: without progress, and in all."""

    seconds: float
    most: float
    how: ExitHow  # how a process ends that takes longer
    detail: str


LOCK_DOWN = Limit(15.0, 15.0, ExitHow.LAUNCH, "it was not locked down in time")
LOAD = Limit(15.0, 15.0, ExitHow.LAUNCH, "it was not loaded in time")  # a loaded machine takes 1 s
START = Limit(30.0, 600.0, ExitHow.LAUNCH, "init or Start did not return in time")
STOP = Limit(5.0, 60.0, ExitHow.STOPPED, "Stop did not return in time")
LEAVE = Limit(5.0, 5.0, ExitHow.STOPPED, "")  # after the runtime's goodbye

REGISTER_SECONDS = 10.0  # after Start, until a driver's log says that it has not registered


class Deadline:
    """The limit that holds for one process now."""

    def __init__(self, passed: Callable[[ExitHow, str], object]) -> None:
        """`passed` is called with the limit's `how` and `detail`, once for each that passes."""
        self._passed = passed
        self._limit: Limit | None = None
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set(self, limit: Limit) -> None:
        """Hold the process to a limit from now on, and to no other."""
        self.clear()
        self._limit = limit
        self._since = asyncio.get_running_loop().time()
        self._arm(self._since + limit.seconds)

    def clear(self) -> None:
        """It has all the time it wants."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._limit = None

    def extend(self, quiet_us: int) -> None:
        """It progressed last so many microseconds ago."""
        if self._limit is None or self._timer is None:
            return
        due = asyncio.get_running_loop().time() - quiet_us / 1e6 + self._limit.seconds
        due = min(due, self._since + self._limit.most)
        if due > self._timer.when():
            self._timer.cancel()
            self._arm(due)

    def _arm(self, due: float) -> None:
        assert self._limit is not None
        how, detail = self._limit.how, self._limit.detail
        self._timer = asyncio.get_running_loop().call_at(due, self._passed, how, detail)
