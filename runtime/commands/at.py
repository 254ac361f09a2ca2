"""`ioreg --at`: the registry of an earlier moment.

Invariant: only a running runtime has a past; without one there is a sentence, not a guess.
"""

from datetime import datetime

from runtime.client import past
from runtime.client.blocking import connect
from runtime.model.entry import Entry
from runtime.query import moments


def entries_at(text: str) -> list[Entry]:
    """The entries of the moment that a text names, parents before children.

    Raises:
        ProblemError: It names none, or history does not reach back so far.
        UnavailableError: No runtime is there.
    """
    at_ms = moments.milliseconds(moments.parse(text, datetime.now().astimezone()))
    with connect("ioreg") as runtime:
        return past.moment(runtime, at_ms).ordered()
