"""The two answers of a matching rule: a score with its parts, or the first key that failed.

Invariant: values only.
"""

import msgspec

from runtime.model.numbers import shown
from runtime.model.properties import Value


class Mismatch(msgspec.Struct, frozen=True):
    """The first key that failed, with what was wanted and what was found, as text."""

    key: str
    wanted: str
    found: str


class Scored(msgspec.Struct, frozen=True):
    """A match: what each group of keys added to the score, in the order of comparison."""

    parts: tuple[tuple[str, int], ...] = ()

    @property
    def total(self) -> int:
        """The score."""
        return sum(points for _, points in self.parts)


def mismatch(key: str, wanted: Value | None, found: Value | None) -> Mismatch:
    """A mismatch of two property values; None stands for "nothing"."""
    return Mismatch(key, shown(wanted), shown(found))
