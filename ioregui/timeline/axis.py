"""Where the marks of the strip stand and which moment is where: newest at the right.

Marks keep room for their words; beyond that a longer pause takes more room, by its logarithm,
so that a crash and its restart stand together and an hour of nothing costs little.
Invariant: pure; marks never overlap and stand in the order of time.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ioregui.timeline.groups import Group

GLYPH = 14  # pixels of a mark's shape with its margin
SPACE = 14  # pixels between a word and the next mark
PAUSE = 9  # pixels for each doubling of a pause in seconds
LONGEST = 110  # most pixels of a pause


@dataclass(frozen=True, slots=True)
class Placed:
    """A group by its number, where its mark stands, and the pause after it in nanoseconds."""

    group: int
    x: int
    width: int
    pause_ns: int


def pause_width(nanoseconds: int) -> int:
    """Return the pixels that a pause takes beyond the words."""
    seconds = max(0, nanoseconds) / 1e9
    return min(LONGEST, round(PAUSE * math.log2(1 + seconds)))


def place(
    groups: Sequence[Group], last: int, right: int, left: int, measure: Callable[[str], int]
) -> list[Placed]:
    """Place the groups up to number `last` between `left` and `right`, from right to left.

    Args:
        groups: All groups, oldest first.
        last: The number of the rightmost one to place.
        right: Where the rightmost one ends, in pixels.
        left: Where placing stops.
        measure: The width of a word in pixels.

    Returns:
        Those that fit as a whole, from left to right.
    """
    placed: list[Placed] = []
    end = right
    for number in range(min(last, len(groups) - 1), -1, -1):
        group = groups[number]
        pause = 0
        if number + 1 <= last and number + 1 < len(groups):
            pause = groups[number + 1].first_ns - group.last_ns
        width = GLYPH + measure(group.label)
        x = end - pause_width(pause) - SPACE - width
        if x < left:
            break
        placed.append(Placed(number, x, width, pause))
        end = x
    placed.reverse()
    return placed


def moment_at(
    groups: Sequence[Group], placed: Sequence[Placed], x: float, right: int, now_ns: int
) -> int:
    """Return the moment at a place, in nanoseconds; time runs evenly between two marks.

    Left of the first mark it is that mark's; from `right` on, where now is, it is `now_ns`.
    """
    knots = _knots(groups, placed, right, now_ns)
    if not knots or x >= right:
        return now_ns
    return round(_between(knots, x, by=0))


def place_of(
    groups: Sequence[Group], placed: Sequence[Placed], moment_ns: int, right: int, now_ns: int
) -> int:
    """Return where a moment is, the ends for those that are not in view."""
    knots = _knots(groups, placed, right, now_ns)
    return round(_between(knots, moment_ns, by=1)) if knots else right


Knot = tuple[float, float]
"""A place in pixels and a moment in nanoseconds."""


def _knots(
    groups: Sequence[Group], placed: Sequence[Placed], right: int, now_ns: int
) -> list[Knot]:
    knots: list[Knot] = []
    for one in placed:
        group = groups[one.group]
        knots += [(one.x, group.first_ns), (one.x + one.width, group.last_ns)]
    if placed and placed[-1].group + 1 < len(groups):
        now_ns = groups[placed[-1].group + 1].first_ns
    if knots:
        knots.append((right, max(now_ns, round(knots[-1][1]))))
    return knots


def _between(knots: Sequence[Knot], value: float, *, by: int) -> float:
    """The other half of the knot that a place (`by` 0) or a moment (1) would have."""
    if value <= knots[0][by]:
        return knots[0][1 - by]
    for before, after in pairwise(knots):
        if value <= after[by]:
            share = (value - before[by]) / (after[by] - before[by])
            return before[1 - by] + share * (after[1 - by] - before[1 - by])
    return knots[-1][1 - by]
