"""Measures ours and a peer in one run, in alternating rounds, and states the ratio.

Both contenders stay up through all rounds, so that what the machine does meanwhile hits both.
A round is the median of its samples; the result is the median of the rounds. Lower is better
everywhere.
Invariant: knows nothing of what is measured.
"""

import os
import statistics
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Literal

ROUNDS = 7
Affinity = Literal["pinned", "free"]
Sample = Callable[[], float]
"""Does the measured thing once and returns how long it took, in the benchmark's unit."""
Contender = Callable[[], AbstractContextManager[Sample]]
"""Starts everything that a sample needs; leaving the context ends it all."""


@dataclass(frozen=True)
class Benchmark:
    """One comparison.

    `goal` is the largest ratio of ours to the peer's that is good enough, `free_goal` where it
    is another one with all CPUs.
    """

    name: str
    summary: str
    unit: str
    goal: float
    ours: Contender
    peer: Contender
    samples: int  # a round
    note: str = ""  # what the reader has to know of how it was measured
    free_goal: float | None = None


@dataclass(frozen=True)
class Result:
    """What one benchmark gave with one affinity.

    `spread` is the largest deviation of a round's ratio from the median ratio, as a fraction
    of it; `ours_p95` what 95 of 100 of our samples stay below.
    """

    name: str
    ours: float
    peer: float
    unit: str
    ratio: float
    goal: float
    met: bool
    affinity: Affinity
    spread: float
    ours_p95: float


def measure(benchmark: Benchmark, affinity: Affinity, rounds: int = ROUNDS) -> Result:
    """Run one benchmark; children inherit the affinity."""
    ours: list[list[float]] = []
    peer: list[list[float]] = []
    with _affinity(affinity), ExitStack() as stack:
        sample_ours = stack.enter_context(benchmark.ours())
        sample_peer = stack.enter_context(benchmark.peer())
        sample_ours()  # the first of each pays for caches, and is thrown away
        sample_peer()
        for _ in range(rounds):
            ours.append(_round(sample_ours, benchmark.samples))
            peer.append(_round(sample_peer, benchmark.samples))
    return _result(benchmark, affinity, ours, peer)


def _round(sample: Sample, count: int) -> list[float]:
    return [sample() for _ in range(count)]


def _result(
    benchmark: Benchmark,
    affinity: Affinity,
    our_rounds: list[list[float]],
    peer_rounds: list[list[float]],
) -> Result:
    ours = [statistics.median(samples) for samples in our_rounds]
    peer = [statistics.median(samples) for samples in peer_rounds]
    ratio = statistics.median(ours) / statistics.median(peer)
    ratios = [mine / theirs for mine, theirs in zip(ours, peer, strict=True)]
    every = sorted(sample for samples in our_rounds for sample in samples)
    goal = benchmark.goal
    if affinity == "free" and benchmark.free_goal is not None:
        goal = benchmark.free_goal
    return Result(
        name=benchmark.name,
        ours=round(statistics.median(ours), 3),
        peer=round(statistics.median(peer), 3),
        unit=benchmark.unit,
        ratio=round(ratio, 3),
        goal=goal,
        met=ratio <= goal,
        affinity=affinity,
        spread=round(max(abs(each - ratio) for each in ratios) / ratio, 3),
        ours_p95=round(every[min(len(every) - 1, len(every) * 95 // 100)], 3),
    )


@contextmanager
def _affinity(affinity: Affinity) -> Iterator[None]:
    """Keep this process and its children on one CPU, or leave them where they may run."""
    before = os.sched_getaffinity(0)
    if affinity == "pinned":
        os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
