"""The past inside a recording: segments of history, as `runtime.wire.history` has them.

Invariant: what was taken out of a runtime and put into a file gives the same moments.
"""

from collections.abc import Sequence
from functools import cached_property

from runtime.interchange.anonymous import Anonymizer
from runtime.model import words
from runtime.model.errors import BreachError, ProblemError
from runtime.wire import limits
from runtime.wire.commands.registry import HistoryPage
from runtime.wire.history import At, Moment, Put, Reader, Whole, Writer

Segment = Sequence[bytes]
"""Its chunks, from the first on."""


class Past:
    """Segments by number, from 1 on, handed out as a runtime hands out its history.

    Of a segment only the beginning is read, when a question needs it, and only its time is kept.
    """

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._wholes: dict[int, int] = {}

    def page(self, at_ms: int, segment: int = 0, after: int = 0) -> HistoryPage:
        """Chunks of the segment that holds a moment, from its beginning or after a chunk.

        Chunks count from 1 in each segment. Those that come after the moment are sent too.

        Raises:
            ProblemError: ``not-found``: the recording does not reach back so far.
            BreachError: It holds no history, or a chunk that no message can carry.
        """
        number = segment or self._number(at_ms)
        if not 0 < number <= len(self._segments):
            raise self._unknown(at_ms)
        chunks: list[bytes] = []
        size = 0
        every = self._segments[number - 1]
        for chunk in every[max(after, 0) :]:
            if len(chunk) > limits.HISTORY_PAGE:
                raise BreachError(
                    f"history: expected chunks of at most {limits.HISTORY_PAGE} bytes, "
                    f"found one of {len(chunk)}"
                )
            size += len(chunk)
            if size > limits.HISTORY_PAGE:
                break
            chunks.append(chunk)
        last = max(after, 0) + len(chunks)
        return HistoryPage(number, tuple(chunks), last, last < len(every), self._oldest())

    def moment(self, at_ms: int) -> Moment:
        """The registry of a time, in milliseconds since 1970.

        Raises:
            ProblemError: ``not-found``: the recording does not reach back so far.
            BreachError: It holds no history.
        """
        found, reader = Moment(), Reader()
        for chunk in self._segments[self._number(at_ms) - 1]:
            if not found.apply(reader.records(chunk), at_ms):
                break
        return found

    def _number(self, at_ms: int) -> int:
        """The segment that holds a moment: the last one that is good by then."""
        for number in range(len(self._segments), 0, -1):
            if self._firsts[number - 1] <= at_ms and 0 < self._whole_ms(number) <= at_ms:
                return number
        raise self._unknown(at_ms)

    def _unknown(self, at_ms: int) -> ProblemError:
        if not self._segments:
            return ProblemError("not-found", "expected a recording with its past, found none")
        return ProblemError(
            "not-found",
            f"moment {words.moment(at_ms)}: expected one that the recording knows, found it before "
            f"the oldest at {words.moment(self._oldest())}",
        )

    def _oldest(self) -> int:
        every = range(1, len(self._segments) + 1)
        return next((ms for number in every if (ms := self._whole_ms(number))), 0)

    @cached_property
    def _firsts(self) -> list[int]:
        """When each segment began, before it was good: one chunk of each says it."""
        return [_time_of(segment[:1], At) for segment in self._segments]

    def _whole_ms(self, number: int) -> int:
        """From when on a segment is good; 0 when it never is."""
        if number not in self._wholes:
            self._wholes[number] = _time_of(self._segments[number - 1], Whole)
        return self._wholes[number]


def _time_of(segment: Segment, kind: type[At | Whole]) -> int:
    """When the first record of a kind was written; 0 when there is none."""
    reader, ms = Reader(), 0
    for chunk in segment:
        for record in reader.records(chunk):
            if isinstance(record, At):
                ms = record.ms
            if isinstance(record, kind):
                return ms
    return 0


def anonymous(segments: Sequence[Segment], anonymizer: Anonymizer) -> list[list[bytes]]:
    """The segments without what the anonymizer hides; it learns from all of them first.

    Raises:
        BreachError: A segment is none.
    """
    for segment in segments:
        reader = Reader()
        for chunk in segment:
            records = reader.records(chunk)
            anonymizer.learn(record.entry for record in records if isinstance(record, Put))
    return [_rewritten(segment, anonymizer) for segment in segments]


def _rewritten(segment: Segment, anonymizer: Anonymizer) -> list[bytes]:
    reader, writer = Reader(), Writer()
    return [
        writer.chunk([anonymizer.replaced(record) for record in reader.records(chunk)])
        for chunk in segment
    ]
