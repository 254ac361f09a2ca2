"""A simulated platform device with two interrupts: a fast edge and a slow level.

Invariant: knows no driver and no wire; nothing happens on a line that is disabled.
"""

import asyncio
from collections.abc import Callable

from runtime.wire.interrupt import EDGE, LEVEL

TYPES = (EDGE, LEVEL)
PERIODS_S = (0.02, 0.1)


class Ticker:
    """One device: a `runtime.families.interrupts.provider.InterruptDevice`."""

    name = "Sample Interrupt Device"
    types = TYPES

    def __init__(self) -> None:
        self._hear: dict[int, Callable[[int], None]] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def hear(self, index: int, happened: Callable[[int], None] | None) -> None:
        """See `InterruptDevice.hear`."""
        self._hear.pop(index, None)
        if happened is not None:
            self._hear[index] = happened

    def enable(self, index: int, *, on: bool) -> None:
        """See `InterruptDevice.enable`."""
        timer = self._timers.pop(index, None)
        if timer is not None:
            timer.cancel()
        if on:
            loop = asyncio.get_running_loop()
            self._timers[index] = loop.call_later(PERIODS_S[index], self._tick, index)

    def close(self) -> None:
        """See `InterruptDevice.close`."""
        for index in tuple(self._timers):
            self.enable(index, on=False)

    def _tick(self, index: int) -> None:
        self.enable(index, on=self.types[index] == EDGE)
        if index in self._hear:
            self._hear[index](1)
