"""The limit that a process is held to, on a loop whose clock the test turns."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from runtime.model.outcome import ExitHow
from runtime.supervisor.deadline import LOAD, START, STOP, Deadline, Limit


class TurnedLoop(asyncio.SelectorEventLoop):
    """A loop whose time is what it is told."""

    now = 1000.0

    def time(self) -> float:
        """Seconds."""
        return self.now

    def turn(self, seconds: float) -> None:
        """Let time pass and run what is due."""
        self.now += seconds
        self.run_until_complete(asyncio.sleep(0))

    def inside(self, act: Callable[[], object]) -> None:
        """Do something in the loop."""
        self.call_soon(act)
        self.run_until_complete(asyncio.sleep(0))


@pytest.fixture
def loop() -> Iterator[TurnedLoop]:
    made = TurnedLoop()
    yield made
    made.close()


def held(loop: TurnedLoop, limit: Limit) -> tuple[Deadline, list[tuple[ExitHow, str]]]:
    """A deadline with a limit, and what has passed."""
    passed: list[tuple[ExitHow, str]] = []
    deadline = Deadline(lambda how, detail: passed.append((how, detail)))
    loop.inside(lambda: deadline.set(limit))
    return deadline, passed


@pytest.mark.parametrize("limit", [LOAD, START, STOP])
def test_it_passes_once(loop: TurnedLoop, limit: Limit) -> None:
    _, passed = held(loop, limit)
    loop.turn(limit.seconds - 0.01)
    assert passed == []
    loop.turn(0.02)
    assert passed == [(limit.how, limit.detail)]
    loop.turn(limit.most)
    assert len(passed) == 1


def test_none_passes_that_was_cleared_or_replaced(loop: TurnedLoop) -> None:
    deadline, passed = held(loop, LOAD)
    loop.inside(lambda: deadline.set(START))
    loop.turn(LOAD.seconds + 1)
    assert passed == []
    loop.inside(deadline.clear)
    loop.inside(lambda: deadline.extend(0))
    loop.turn(START.most + 1)
    assert passed == []


def test_progress_extends_it(loop: TurnedLoop) -> None:
    """From the moment of the progress, not from when it was heard of."""
    deadline, passed = held(loop, STOP)
    loop.turn(STOP.seconds - 1)
    loop.inside(lambda: deadline.extend(500_000))
    loop.turn(STOP.seconds - 0.6)
    assert passed == []
    loop.turn(0.2)
    assert len(passed) == 1


def test_progress_never_shortens_it(loop: TurnedLoop) -> None:
    """What it did before the limit was set says nothing."""
    deadline, passed = held(loop, STOP)
    loop.inside(lambda: deadline.extend(60_000_000))
    loop.turn(STOP.seconds - 0.1)
    assert passed == []


def test_progress_ends(loop: TurnedLoop) -> None:
    """A process that claims to progress all the time gets no more than the limit's most."""
    deadline, passed = held(loop, STOP)
    for _ in range(int(STOP.most) - 1):
        loop.turn(1.0)
        loop.inside(lambda: deadline.extend(0))
    assert passed == []
    loop.turn(1.1)
    assert len(passed) == 1
