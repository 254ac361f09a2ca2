"""Drivers in their real sandbox under a real zygote and supervisor, without a runtime around them.

Each has a device of its own, which the caller is: it gives orders and takes answers.
Invariant: policy always at once; leaving the block ends every process.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from benchmarks.fault_campaign.campaign import Around, sources
from benchmarks.fault_campaign.lane import Lane
from runtime.linux import memfd
from runtime.model import archive
from runtime.model.identity import DriverId
from runtime.supervisor.groups import NO_GROUPS
from runtime.supervisor.pace import Pace
from runtime.supervisor.policy import ALWAYS_AT_ONCE
from runtime.supervisor.supervisor import Supervisor
from runtime.supervisor.zygote import Zygote

DEADLINE = 2.0  # seconds of a callback; far more than any takes
STARTING = 64  # drivers that start at the same time


class Crowd:
    """Some drivers.

    Attributes:
        supervisor: Theirs.
        lanes: A driver each.
    """

    def __init__(self, bundle: int) -> None:
        self._bundle = bundle
        self._lanes: dict[DriverId, Lane] = {}
        zygote = Zygote(lambda note: print(note, file=sys.stderr))
        self.supervisor = Supervisor(zygote, ALWAYS_AT_ONCE, Around(self._lanes), NO_GROUPS, Pace())

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """Every driver's."""
        return tuple(self._lanes.values())

    async def grow(self, count: int) -> None:
        """Start drivers until there are so many, and wait until each has answered right.

        Raises:
            TimeoutError: One does not answer.
        """
        while len(self._lanes) < count:
            more = range(len(self._lanes), min(count, len(self._lanes) + STARTING))
            new = [Lane(self.supervisor, number + 1, self._bundle, DEADLINE) for number in more]
            self._lanes |= {lane.driver: lane for lane in new}
            answers = await asyncio.gather(*(lane.answers(lane.driver) for lane in new))
            assert all(answers), "a driver answered wrong"


@asynccontextmanager
async def crowd(count: int) -> AsyncIterator[Crowd]:
    """So many drivers, all running."""
    bundle = memfd.sealed("bundle", archive.pack(sources()))
    made = Crowd(bundle)
    made.supervisor.start()
    try:
        await made.grow(count)
        yield made
    finally:
        await made.supervisor.stop_all()
        await made.supervisor.close()
        os.close(bundle)
