"""One column of a table of records.

Invariant: a value; what it shows is a pure function of the record.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

Record = TypeVar("Record")


class Tone(Enum):
    """How much a cell wants to be noticed; the word in it says the same without colour."""

    PLAIN = "plain"
    GOOD = "good"  # works as it should
    WAITING = "waiting"  # something is on its way, or waits for somebody
    WARNING = "warning"  # think before going on
    BAD = "bad"  # needs a look
    QUIET = "quiet"  # of no interest now


def no_tone(_record: object) -> Tone:
    """Return the tone of a column that has none."""
    return Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Column(Generic[Record]):
    """A title, the explanation shown when the pointer rests on it, and how a cell is made.

    `text` gives plain text that was made safe already. `width` is in average characters; a
    column that `grows` takes room that is left over, an `optional` one, whose text the details
    beside the table give too, is hidden first where room is short; one that has to be read
    `whole`, as every one with a tone, is never narrower than `width`.
    """

    title: str
    explanation: str
    text: Callable[[Record], str]
    width: int = 12
    tone: Callable[[Record], Tone] = no_tone
    numeric: bool = False
    grows: bool = False
    optional: bool = False
    whole: bool = False
