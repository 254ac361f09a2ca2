"""The past inside a recording: segments of history, as `runtime.wire.history` has them.

Invariant: what was taken out of a runtime and put into a file gives the same moments.
"""

from collections.abc import Sequence

from runtime.interchange.anonymous import Anonymizer
from runtime.model.errors import ProblemError
from runtime.wire.history import At, Moment, Put, Reader, Whole, Writer

Segment = Sequence[bytes]
"""Its chunks, from the first on."""


def whole_ms(segment: Segment) -> int:
    """From when on a segment is good; 0 when it never is.

    Raises:
        BreachError: It is no segment.
    """
    reader, ms = Reader(), 0
    for chunk in segment:
        for record in reader.records(chunk):
            if isinstance(record, At):
                ms = record.ms
            elif isinstance(record, Whole):
                return ms
    return 0


def moment(segments: Sequence[Segment], at_ms: int) -> Moment:
    """The registry of a time, in milliseconds since 1970.

    Raises:
        ProblemError: ``not-found``: the recording does not reach back so far.
        BreachError: It holds no history.
    """
    for segment in reversed(segments):
        if 0 < whole_ms(segment) <= at_ms:
            found, reader = Moment(), Reader()
            for chunk in segment:
                if not found.apply(reader.records(chunk), at_ms):
                    break
            return found
    raise ProblemError(
        "not-found", f"moment {at_ms} ms: expected one that the recording knows, found none before"
    )


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
