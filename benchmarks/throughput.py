"""What killing a driver costs whoever uses it: requests one after the other, killed or not.

A sample is two stretches of the same length at one driver, which is left alone in one and killed
regularly in the other. Requests that the second has fewer are time lost: whether a machine is quick
or slow at that moment is the same for both. A request that was open when the process was killed has
to end by itself, and counts as lost.
Ours: the milliseconds that work takes from one kill to the next; the peer has no kill to wait for.
Invariant: a request that never ends fails the run.
"""

import asyncio
import contextlib
import functools
import itertools
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.crowd import Crowd, crowd
from benchmarks.harness import Benchmark, Sample

SETTLE = 0.25  # seconds until whatever a kill has set off has ended
STRETCH = 0.5  # seconds, as long as several kills take; a single one has the half


@contextmanager
def _killed(every: float) -> Iterator[Sample]:
    """One driver, killed every so many seconds."""
    with asyncio.Runner() as runner:
        block = crowd(1)
        made = runner.run(_enter(block))
        try:
            yield lambda: runner.run(_sample(made, every))
        finally:
            runner.run(_leave(block))


@contextmanager
def _alone(every: float) -> Iterator[Sample]:
    """The same without kills, of which the samples of `_killed` are the measure."""
    yield lambda: every * 1000


async def _enter(block: contextlib.AbstractAsyncContextManager[Crowd]) -> Crowd:
    return await block.__aenter__()


async def _leave(block: contextlib.AbstractAsyncContextManager[Crowd]) -> None:
    await block.__aexit__(None, None, None)


async def _sample(made: Crowd, every: float) -> float:
    """Milliseconds for what takes `every` without a kill."""
    kills = max(1, round(STRETCH / every))
    seconds = min(every, STRETCH / 2) * kills
    started = time.perf_counter()
    await _answered(made, SETTLE)
    alone = await _answered(made, seconds)
    loop = asyncio.get_running_loop()
    coming = [loop.call_later(every * number, _kill, made) for number in range(kills)]
    killed = await _answered(made, seconds)
    assert not [each for each in coming if each.when() > loop.time()]
    lost = seconds * (1 - killed / alone) / kills
    await _answered(made, max(0.0, every - (time.perf_counter() - started)))
    return (every + lost) * 1000


async def _answered(made: Crowd, seconds: float) -> float:
    """Requests that were answered, for exactly these seconds."""
    (lane,) = made.lanes
    answered, began = 0, time.perf_counter()
    for seed in itertools.count():
        took = time.perf_counter() - began
        if took >= seconds:
            break
        answered += await lane.answers(seed)
    return answered * seconds / took if took else 0.0


def _kill(made: Crowd) -> None:
    (lane,) = made.lanes
    pid = made.supervisor.find(lane.driver).record.pid
    with contextlib.suppress(ProcessLookupError):
        if pid:
            os.kill(pid, signal.SIGKILL)


THROUGHPUT = tuple(
    Benchmark(
        name=f"throughput-{every:g}",
        summary=f"requests to a driver, from one kill to the next, one every {every:g} s",
        unit="ms",
        goal=goal,
        ours=functools.partial(_killed, every),
        peer=functools.partial(_alone, every),
        samples=8,
        note="policy: always at once; the ratio is what the kills cost, 1.01 being 1 %",
    )
    for every, goal in ((1.0, 1.01), (0.1, 1.053))
)
