"""Work that can be done a little at a time.

Invariant: Qt-free; what it comes to is the same, however often it waited.
"""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")

Work = Generator[None, None, T]
"""Yields wherever it may wait for the next turn: every millisecond or two; returns its result."""


def at_once(work: Work[T]) -> T:
    """Do work without waiting, and return its result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
