"""The registry as it was, of a running runtime.

Invariant: a moment is whole, or there is none.
"""

from collections.abc import Iterator

from runtime.client.blocking import Connection
from runtime.model.errors import BreachError, ProblemError
from runtime.wire.commands.registry import HistoryPage, ReadHistory
from runtime.wire.history import Moment, Reader

_END_MS = (1 << 53) - 1  # later than every moment


class Retrieval:
    """Puts one moment together from the pages of its segment; no I/O.

    Ask for `command`, hand the answer to `add`, and so on until it returns the moment.

    Attributes:
        moment: What was asked for, once it is whole.
    """

    def __init__(self, at_ms: int) -> None:
        self._found = Moment()
        self._reader = Reader()
        self.command = ReadHistory(at_ms)
        self.moment: Moment | None = None

    def add(self, page: HistoryPage) -> Moment | None:
        """Take a page; None when another one is needed.

        Raises:
            BreachError: It is not what was asked for.
        """
        for _ in self.steps(page):
            pass
        return self.moment

    def steps(self, page: HistoryPage) -> Iterator[None]:
        """Take a page as `add` does, a chunk at each step: for those who must not hold on.

        Raises:
            BreachError: As of `add`.
        """
        at_ms = self.command.at_ms
        reached = False
        for chunk in page.chunks:
            if not self._found.apply(self._reader.records(chunk), at_ms):
                reached = True  # what follows happened later
                break
            yield
        if page.more and not reached:
            self.command = ReadHistory(at_ms, page.segment, page.last)
            return
        if not self._found.whole:
            raise BreachError(f"history: expected a whole state at {at_ms} ms, found part of one")
        self.moment = self._found


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


def segments(runtime: Connection, since_ms: int) -> list[list[bytes]]:
    """Fetch the past from a time on, or from the first moment known, as segments of chunks.

    Raises:
        UnavailableError: The connection ended.
        ProblemError: The runtime keeps no history.
    """
    newest = runtime.call(ReadHistory(_END_MS))
    oldest = newest.oldest_ms
    first = runtime.call(ReadHistory(max(since_ms, oldest)))
    numbers = range(first.segment, newest.segment + 1)
    return [found for number in numbers if (found := _chunks(runtime, number))]


def _chunks(runtime: Connection, segment: int) -> list[bytes]:
    """All chunks of a segment; none of one that was never written or is no longer kept."""
    chunks: list[bytes] = []
    after, more = 0, True
    while more:
        try:
            page = runtime.call(ReadHistory(_END_MS, segment, after))
        except ProblemError as error:
            if error.code != "not-found":
                raise
            if not chunks:
                return []
            chunks, after = [], 0  # it was thinned meanwhile: that copy from its beginning
            continue
        chunks += page.chunks
        after, more = page.last, page.more
    return chunks
