"""The registry as it was, of a running runtime.

Invariant: a moment is whole, or there is none.
"""

from runtime.client.blocking import Connection
from runtime.model.errors import BreachError
from runtime.wire import client as wire
from runtime.wire.history import Moment, Reader


class Retrieval:
    """Puts one moment together from the pages of its segment; no I/O.

    Ask for `command`, hand the answer to `add`, and so on until it returns the moment.
    """

    def __init__(self, at_ms: int) -> None:
        self._moment = Moment()
        self._reader = Reader()
        self.command = wire.ReadHistory(at_ms)
        self.oldest_ms = 0

    def add(self, page: wire.HistoryPage) -> Moment | None:
        """Take a page; None when another one is needed.

        Raises:
            BreachError: It is not what was asked for.
        """
        self.oldest_ms = page.oldest_ms
        at_ms = self.command.at_ms
        for chunk in page.chunks:
            self._moment.apply(self._reader.records(chunk), at_ms)
        if page.more:
            self.command = wire.ReadHistory(at_ms, page.segment, page.last)
            return None
        if not self._moment.whole:
            raise BreachError(f"history: expected a whole state at {at_ms} ms, found part of one")
        return self._moment


def moment(runtime: Connection, at_ms: int) -> Moment:
    """Fetch the registry of a time, in milliseconds since 1970.

    Raises:
        ProblemError: ``not-found``: history does not reach back so far.
        UnavailableError: The connection ended.
        BreachError: What came is no history.
    """
    retrieval = Retrieval(at_ms)
    found: Moment | None = None
    while found is None:
        found = retrieval.add(runtime.call(retrieval.command))
    return found
