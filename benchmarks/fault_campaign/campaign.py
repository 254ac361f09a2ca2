"""One campaign: a real zygote and supervisor, some drivers, one fault after the other.

Every fault starts in a fresh process. It is effective when that process ended by itself, by a
signal, by its deadline or by a breach; it is recovered when the successor gives right answers.
A fault has the machine to itself until it is over; one that takes longer than `PATIENCE_SECONDS`,
which is a hang as a rule, lets the next driver go on meanwhile.
Invariant: the same seed gives the same faults.
"""

import asyncio
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.fault_campaign import driver as broken
from benchmarks.fault_campaign.lane import Lane
from benchmarks.fault_campaign.tally import CLASSES, Tally
from runtime.linux import memfd
from runtime.model import archive
from runtime.model.events import Detail
from runtime.model.identity import DriverId, EntryId
from runtime.model.outcome import Exit
from runtime.model.records import Driver
from runtime.supervisor import hang
from runtime.supervisor.groups import NO_GROUPS
from runtime.supervisor.pace import Pace
from runtime.supervisor.policy import ALWAYS_AT_ONCE
from runtime.supervisor.ports import DriverSpec, Gather
from runtime.supervisor.supervisor import Supervisor
from runtime.supervisor.zygote import Zygote
from runtime.wire import methods

LANES = 12  # drivers: some hang while others go on, and each has time to be whole at its turn
PATIENCE_SECONDS = 0.1
STOP_SECONDS = 60.0  # for the end of all drivers


class Around:
    """What the supervisor tells; only ends matter."""

    def __init__(self, lanes: dict[DriverId, Lane]) -> None:
        self._lanes = lanes

    def changed(self, driver: Driver) -> None:
        """Not needed."""

    def event(self, driver: Driver, detail: Detail) -> None:
        """Not needed."""

    def log(self, driver: Driver, source: str, text: str) -> None:
        """Not needed."""

    def attach(self, driver: Driver, spec: DriverSpec) -> EntryId:
        """Any entry."""
        del driver, spec
        return EntryId(2)

    def serving(self, driver: Driver, classes: tuple[str, ...]) -> None:
        """Not needed."""

    def started(self, driver: Driver) -> None:
        """Not needed: its first read says it."""

    def service_call(self, driver: Driver, entry: EntryId, method: methods.ServiceMethod) -> object:
        """Not needed."""
        del driver, entry, method
        return None

    def detach(self, driver: Driver) -> None:
        """Not needed."""

    def crashed(self, driver: Driver, spec: DriverSpec) -> None:
        """Not needed: the report says it."""

    def report(self, drivers: tuple[Driver, ...], exit_: Exit, gather: Gather) -> None:
        """An end."""
        del gather
        for driver in drivers:
            if driver.id in self._lanes:
                self._lanes[driver.id].crashed(exit_)

    def ended(self, driver: Driver) -> None:
        """Not needed."""


class Campaign:
    """Injects faults and counts what becomes of them.

    Args:
        seed: Of all faults.
        deadline: Of a driver's callback, in seconds; outside of a campaign it is a minute.
        progress: Called after each fault with how many are over.
    """

    def __init__(self, seed: int, deadline: float, progress: Callable[[int], None]) -> None:
        self.tally = Tally()
        self._seed = seed
        self._deadline = deadline
        self._progress = progress
        self._lanes: dict[DriverId, Lane] = {}
        zygote = Zygote(self.tally.failures.append)
        self._supervisor = Supervisor(
            zygote, ALWAYS_AT_ONCE, Around(self._lanes), NO_GROUPS, Pace()
        )
        self._floor = asyncio.Lock()

    async def run(self, first: int, count: int) -> None:
        """Inject `count` faults, from the one with the number `first` on."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.tally.failures.append(str(context)))
        bundle = memfd.sealed("bundle", archive.pack(sources()))
        deadlines = hang.LATE_US, hang.HOPELESS_US
        hang.LATE_US = hang.HOPELESS_US = int(self._deadline * 1e6)
        try:
            self._supervisor.start()
            numbers = iter(range(first, first + count))
            for number in range(1, LANES + 1):
                lane = Lane(self._supervisor, number, bundle, self._deadline)
                self._lanes[lane.driver] = lane
            lanes = tuple(self._lanes.values())
            await asyncio.gather(*(self._serve(lane, numbers) for lane in lanes))
        finally:
            await self._stop()
            hang.LATE_US, hang.HOPELESS_US = deadlines
            os.close(bundle)

    async def _serve(self, lane: Lane, numbers: Iterator[int]) -> None:
        """Inject faults into one driver until there are none left."""
        while True:
            async with _Floor(self._floor) as floor:
                number = next(numbers, None)
                if number is None:
                    return
                try:
                    await self._one(lane, number, floor)
                except TimeoutError:
                    self._failed(number, "its driver neither answered nor ended; it was replaced")
                    del self._lanes[lane.driver]
                    lane.replace()
                    self._lanes[lane.driver] = lane
            self._progress(self.tally.injected.total())

    async def _one(self, lane: Lane, number: int, floor: "_Floor") -> None:
        chance = random.Random(f"{self._seed}:{number}")  # noqa: S311 - reproducible, not secret
        kind = chance.randrange(len(CLASSES))
        seed = chance.getrandbits(63)
        session = await lane.ready()
        await lane.whole()
        name = CLASSES[kind]
        self.tally.injected[name] += 1
        session.order(kind + 1, seed)
        ending = asyncio.ensure_future(lane.outcome(broken.answer(seed), self.tally.escapes))
        await asyncio.wait({ending}, timeout=PATIENCE_SECONDS)
        if not ending.done():
            floor.leave()
        exit_, sound = await ending
        began = time.perf_counter()
        self.tally.silent[name] += not sound
        if lane.deaf:
            self.tally.deaf.append(f"fault {number}, {name}: {lane.deaf}")
        if lane.killed:
            return  # no effect: it was ended for the next one's sake
        self.tally.ended(name, exit_)
        if await lane.answers(chance.getrandbits(63)):
            self.tally.answered(name, exit_, (time.perf_counter() - began) * 1000)
        else:
            self._failed(number, "a fresh driver answered wrong")

    def _failed(self, number: int, what: str) -> None:
        self.tally.failures.append(f"fault {number}: {what}")

    async def _stop(self) -> None:
        try:
            await asyncio.wait_for(self._supervisor.stop_all(), STOP_SECONDS)
            await asyncio.wait_for(self._supervisor.close(), STOP_SECONDS)
        except TimeoutError:
            self.tally.failures.append(f"drivers: expected their end within {STOP_SECONDS:.0f} s")


class _Floor:
    """The right to the machine, given back at the end or before."""

    def __init__(self, lock: asyncio.Lock) -> None:
        self._lock = lock
        self._held = False

    async def __aenter__(self) -> "_Floor":
        await self._lock.acquire()
        self._held = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Let the next one have it; idempotent."""
        if self._held:
            self._held = False
            self._lock.release()


def sources() -> dict[str, bytes]:
    """The files of the bundle whose driver breaks, and answers."""
    folder = Path(broken.__file__).parent
    return {
        "Faults.py": (folder / "driver.py").read_bytes(),
        "faults.py": (folder / "faults.py").read_bytes(),
    }
