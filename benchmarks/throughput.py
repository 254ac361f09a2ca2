"""What killing a driver costs whoever uses it: requests one after the other, killed or not.

A request that was open when the process was killed has to end by itself, and counts as lost.
Ours: milliseconds a request while the driver is killed regularly; the peer is the same driver left
alone.
Invariant: a request that never ends fails the run.
"""

import asyncio
import contextlib
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from benchmarks.crowd import Crowd, crowd
from benchmarks.harness import Benchmark, Sample

SECONDS = 5.0  # of a sample


@contextmanager
def _driver(every: float) -> Iterator[Sample]:
    """One driver, killed every so many seconds; 0: never."""
    with asyncio.Runner() as runner:
        block = crowd(1)
        made = runner.run(_enter(block))
        try:
            yield lambda: runner.run(_use(made, every))
        finally:
            runner.run(_leave(block))


async def _enter(block: contextlib.AbstractAsyncContextManager[Crowd]) -> Crowd:
    return await block.__aenter__()


async def _leave(block: contextlib.AbstractAsyncContextManager[Crowd]) -> None:
    await block.__aexit__(None, None, None)


async def _use(made: Crowd, every: float) -> float:
    """Milliseconds a request that was answered."""
    (lane,) = made.lanes
    killing = asyncio.ensure_future(_kill(made, every)) if every else None
    began = time.perf_counter()
    answered = 0
    for seed in itertools.count():
        answered += await lane.answers(seed)
        took = time.perf_counter() - began
        if took > SECONDS:
            break
    if killing is not None:
        killing.cancel()
    return took * 1000 / answered


async def _kill(made: Crowd, every: float) -> None:
    (lane,) = made.lanes
    while True:
        await asyncio.sleep(every)
        pid = made.supervisor.find(lane.driver).record.pid
        with contextlib.suppress(ProcessLookupError):
            if pid:
                os.kill(pid, signal.SIGKILL)


def _killed(every: float) -> Callable[[], AbstractContextManager[Sample]]:
    return lambda: _driver(every)


THROUGHPUT = tuple(
    Benchmark(
        name=f"throughput-{every:g}",
        summary=f"a request to a driver that is killed every {every:g} s",
        unit="ms",
        goal=goal,
        ours=_killed(every),
        peer=_killed(0),
        samples=1,
        note="policy: always at once; the ratio is what the kills cost, 1.01 being 1 %",
    )
    for every, goal in ((1.0, 1.01), (0.1, 1.053))
)
