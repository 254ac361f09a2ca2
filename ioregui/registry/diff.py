"""From one list of rows to another in contiguous steps, as Qt's models announce them.

Invariant: the steps, carried out in order, turn the old list into the new one.
"""

from collections.abc import Iterator
from dataclasses import dataclass


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
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    before, after = old[head : len(old) - tail], new[head : len(new) - tail]
    kept = _kept(before, after)
    removes = [Remove(head + first, head + last) for first, last in _runs(before, kept)]
    inserts = [Insert(head + first, head + last) for first, last in _runs(after, kept)]
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


def _kept(old: list[int], new: list[int]) -> set[int]:
    """Numbers that stay: those in both lists, less the stretch whose order differs."""
    old_set, new_set = set(old), set(new)
    before = [number for number in old if number in new_set]
    after = [number for number in new if number in old_set]
    if before == after:
        return old_set & new_set
    start = 0
    while before[start] == after[start]:
        start += 1
    end = len(before)
    while before[end - 1] == after[end - 1]:
        end -= 1
    return {*before[:start], *before[end:]}


def _runs(rows: list[int], kept: set[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last place of each stretch that is not kept."""
    first = -1
    for at, number in enumerate(rows):
        if number not in kept:
            if first < 0:
                first = at
        elif first >= 0:
            yield first, at - 1
            first = -1
    if first >= 0:
        yield first, len(rows) - 1
