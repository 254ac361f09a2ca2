"""Reading the processes of a runtime: some a turn, whatever comes and goes meanwhile."""

import asyncio
import itertools
import os
from collections.abc import Iterator

from runtime.engine.processes import A_TURN, ProcessReader
from runtime.model.identity import DriverId
from runtime.model.processes import Process, Role

DRIVERS = 5 * A_TURN


class Crowd:
    """Many processes; counts those that were asked for."""

    def __init__(self, count: int, pid: int) -> None:
        self.asked = 0
        self._count = count
        self._pid = pid

    def processes(self) -> Iterator[Process]:
        for number in range(self._count):
            self.asked += 1
            yield Process(Role.DRIVER, f"Driver{number}", self._pid, DriverId(number))


def test_a_turn_reads_only_some() -> None:
    crowd = Crowd(DRIVERS, os.getpid())
    reader = ProcessReader(crowd, Crowd(0, 0))

    async def read() -> list[int]:
        reading = asyncio.ensure_future(reader.read())
        turns = [0]
        while not reading.done():
            turns.append(crowd.asked)
            await asyncio.sleep(0)
        assert len((await reading).processes) == DRIVERS + 1
        return turns

    turns = asyncio.run(read())
    steps = [after - before for before, after in itertools.pairwise(turns)]
    assert max(steps) <= A_TURN
    assert sum(step > 0 for step in steps) >= DRIVERS // A_TURN


def test_a_process_that_ended_has_no_numbers() -> None:
    child = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(child, 0)
    reader = ProcessReader(Crowd(1, child))
    own, gone = asyncio.run(reader.read()).processes
    assert (own.role, own.pid) == (Role.RUNTIME, os.getpid())
    assert own.memory > 0
    assert (gone.pid, gone.memory, gone.threads) == (child, 0, 0)
