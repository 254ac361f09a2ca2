"""Long transfers through a broker: what ends when, with a broker played by the test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.usb_backlog import Backlog, Done
from runtime.driverkit.usb_node import Ended
from runtime.model.kern_return import IOReturn
from runtime.wire.limits import TRANSFER


class Action:
    """An action whose queue is at once."""

    name = "ReadComplete"

    @property
    def queue(self) -> "Action":
        """Itself."""
        return self

    def post(self, _name: str, work: Callable[[], None]) -> None:
        """Run it."""
        work()


class Bench:
    """A pipe, and the parts that its broker has."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, Done]] = []
        self.ended: list[tuple[str, int, int]] = []
        self.backlog = Backlog(self._begin)
        self.refuses = 0

    def queue(self, name: str, length: int) -> None:
        """Queue a transfer."""
        memory, action = memoryview(bytearray(length)), Action()

        def done(end: Ended, _when_ns: int) -> None:
            self.ended.append((name, end.status, end.count))

        untyped: Any = action
        self.backlog.queue(memory, untyped, done, 0)

    def end(self, count: int | None = None, status: int = 0) -> None:
        """The oldest part has ended; whole where nothing else is said."""
        length, done = self.parts.pop(0)
        done(Ended(status, length if count is None else count), 7)

    def _begin(self, part: memoryview, _action: object, done: Done, _timeout_ms: int) -> None:
        if self.refuses:
            raise IOReturnError(self.refuses)
        self.parts.append((len(part), done))

    @property
    def lengths(self) -> list[int]:
        """Of the parts that are under way."""
        return [length for length, _ in self.parts]


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A pipe without transfers."""
    made = Bench()
    yield made
    assert not made.parts


def test_short_ones_are_all_under_way(bench: Bench) -> None:
    for name in "abc":
        bench.queue(name, TRANSFER)
    assert bench.lengths == [TRANSFER] * 3
    for _ in "abc":
        bench.end()
    assert bench.ended == [(name, 0, TRANSFER) for name in "abc"]


def test_what_is_behind_a_long_one_waits(bench: Bench) -> None:
    bench.queue("a", 2 * TRANSFER + 5)
    bench.queue("b", 8)
    bench.queue("c", 8)
    bench.queue("d", TRANSFER + 1)
    bench.queue("e", 8)
    for length in (TRANSFER, TRANSFER, 5):
        assert bench.lengths == [length]
        bench.end()
    assert bench.lengths == [8, 8, TRANSFER]
    bench.end()
    bench.end()
    bench.end()
    bench.end()
    bench.end()
    whole = [("a", 2 * TRANSFER + 5), ("b", 8), ("c", 8), ("d", TRANSFER + 1), ("e", 8)]
    assert bench.ended == [(name, 0, length) for name, length in whole]


def test_a_short_part_and_a_failed_one_end_it(bench: Bench) -> None:
    bench.queue("short", 3 * TRANSFER)
    bench.end()
    bench.end(count=7)
    bench.queue("failed", 3 * TRANSFER)
    bench.queue("next", 8)
    bench.end()
    bench.end(count=3, status=IOReturn.USB_PIPE_STALLED)
    bench.end()
    stalled = ("failed", IOReturn.USB_PIPE_STALLED, TRANSFER + 3)
    assert bench.ended == [("short", 0, TRANSFER + 7), stalled, ("next", 0, 8)]


def test_an_abort_ends_what_has_not_begun_behind_the_rest(bench: Bench) -> None:
    bench.queue("a", 2 * TRANSFER)
    bench.queue("b", 8)
    bench.queue("c", 2 * TRANSFER)
    dropped = bench.backlog.drop()
    bench.end(count=0, status=IOReturn.ABORTED)
    for end in dropped:
        end()
    assert bench.ended == [(name, IOReturn.ABORTED, 0) for name in "abc"]
    bench.queue("d", 8)
    bench.end()


def test_a_refusal(bench: Bench) -> None:
    """Of the first part it is the call's; of a later one it is the transfer's end."""
    bench.refuses = IOReturn.NOT_FOUND
    with pytest.raises(IOReturnError):
        bench.queue("a", 2 * TRANSFER)
    bench.refuses = 0
    bench.queue("b", 2 * TRANSFER)
    bench.queue("c", 8)
    bench.refuses = IOReturn.NOT_FOUND
    bench.end()
    assert bench.ended == [("b", IOReturn.NOT_FOUND, TRANSFER), ("c", IOReturn.NOT_FOUND, 0)]
    bench.refuses = 0
    bench.queue("d", 8)
    bench.end()


@given(
    lengths=st.lists(st.integers(0, 4).map(lambda halves: halves * TRANSFER // 2 + 1), max_size=9),
    cuts=st.lists(st.booleans(), max_size=30),
)
def test_each_ends_once_and_in_order(lengths: list[int], cuts: list[bool]) -> None:
    bench = Bench()
    for name, length in enumerate(lengths):
        bench.queue(str(name), length)
    for cut in [*cuts, *[False] * 100]:
        if bench.parts:
            bench.end(count=0 if cut else None)
    assert [name for name, _, _ in bench.ended] == [str(name) for name in range(len(lengths))]
