"""Where the marks of the strip stand: newest at the right, time compressed.

Marks keep room for their words; beyond that a longer pause takes more room, by its logarithm,
so that a crash and its restart stand together and an hour of nothing costs little.
Invariant: pure; marks never overlap and stand in the order of time.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
