"""From one list of rows to another in contiguous steps, as Qt's models announce them.

Invariant: the steps, carried out in order, turn the old list into the new one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import compress, count, filterfalse

from ioregui.registry.work import Work, at_once


@dataclass(frozen=True, slots=True)
class Remove:
    """Rows `first` to `last`, of the list as it then is, go."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Insert:
    """Rows come in so that they are then `first` to `last`."""

    first: int
    last: int


Step = Remove | Insert


def numbered(rows: list[int]) -> list[int]:
    """Return rows of which some are alike so that none are: each with how often it came before."""
    times: dict[int, int] = {}
    made = []
    for number in rows:
        before = times.get(number, 0)
        times[number] = before + 1
        made.append(number + (before << 64))
    return made


def steps(old: list[int], new: list[int]) -> list[Step]:
    """Return the steps from `old` to `new`; neither holds a number twice.

    What is in both and changed its place among the others is removed and inserted again.
    """
    return at_once(stepping(old, new))


def stepping(old: list[int], new: list[int]) -> Work[list[Step]]:
    """Find the same bit by bit; neither list changes meanwhile."""
    head = _common(old, new)
    yield
    tail = _common(old[head:][::-1], new[head:][::-1])
    yield
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    leaving = set(before).difference(after)
    yield
    coming = set(after).difference(before)
    yield
    staying = list(filterfalse(leaving.__contains__, before))
    yield
    moved = _moved(staying, list(filterfalse(coming.__contains__, after)))
    yield
    removes = [Remove(head + first, head + last) for first, last in _runs(before, leaving | moved)]
    yield
    inserts = [Insert(head + first, head + last) for first, last in _runs(after, coming | moved)]
    return [*reversed(removes), *inserts]


def _common(first: list[int], second: list[int]) -> int:
    """Return how long both begin alike; slices are compared, as that is done in C."""
    low, high = 0, min(len(first), len(second))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _moved(before: list[int], after: list[int]) -> set[int]:
    """Return the stretch of numbers whose order differs; both lists hold the same ones."""
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    return set(before[head : len(before) - tail])


def _runs(rows: list[int], chosen: set[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last place of each stretch that is chosen; looked up in C."""
    first, last = 0, -1
    for at in compress(count(), map(chosen.__contains__, rows)):
        if at != last + 1:
            if last >= first:
                yield first, last
            first = at
        last = at
    if last >= first:
        yield first, last
