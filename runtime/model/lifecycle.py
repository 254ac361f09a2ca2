"""What every lifecycle does with its transition table.

Invariant: an unknown (state, event) pair raises; nothing moves outside the table.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


def step(subject: str, table: Mapping[tuple[S, E], S], state: S, event: E) -> S:
    """Return the state after an event; `subject` names whose lifecycle it is.

    Raises:
        ValueError: The table has no such pair; the caller has a defect.
    """
    try:
        return table[state, event]
    except KeyError:
        raise ValueError(
            f"{subject}: {event.value!r} cannot happen in state {state.value!r}"
        ) from None
