"""Segments of history in the journal's database: written in transactions, bounded in bytes.

Two tables beside the journal's: `segments` says from when on each is good, `chunks` has their
bytes in order; `runtime.wire.history` says what they mean. The chunks of a thinned segment are
stored under its negative number, so that one row decides which copy is the segment.
Invariant: a segment is there with all chunks up to its newest, or not at all.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from runtime.model import words
from runtime.model.errors import ProblemError, UnavailableError
from runtime.wire import limits
from runtime.wire.commands.registry import HistoryPage

CREATE = (
    "CREATE TABLE segments (number INTEGER PRIMARY KEY, first INTEGER NOT NULL, "
    "whole_ms INTEGER, bytes INTEGER NOT NULL)",
    "CREATE TABLE chunks (number INTEGER PRIMARY KEY, segment INTEGER NOT NULL, "
    "ms INTEGER NOT NULL, data BLOB NOT NULL)",
)
THIN = (
    "ALTER TABLE segments ADD COLUMN thin INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX chunks_of_segment ON chunks (segment)",
)
ROW_BYTES = 16  # of a chunk's row beside its data, about
SWEPT = 32  # chunks that are removed at once: about 1 ms

_UNUSED = (
    "SELECT DISTINCT segment FROM chunks EXCEPT SELECT iif(thin, -number, number) FROM segments"
)

Chunk = tuple[int, int, bytes]
"""A segment's number, when the chunk's first change happened, the chunk."""


class Segments:
    """The two tables; one thread.

    Args:
        database: The journal's connection, which stays the journal's.
        keep: Bytes of chunks that are wanted at most; `Thinning` makes room.

    Attributes:
        keep: As given.
        size: Bytes of all segments, with their rows.
        thin_size: Of these, bytes of thinned ones.
    """

    def __init__(self, database: sqlite3.Connection, keep: int) -> None:
        self.keep = keep
        self._newest = 0
        self.use(database)

    def use(self, database: sqlite3.Connection) -> None:
        """Go on in this database; what was begun in another one is to be begun anew."""
        self._database = database
        row = database.execute(
            "SELECT max(number), total(bytes), total(bytes * thin) FROM segments"
        ).fetchone()
        self._newest = max(self._newest, row[0] or 0)
        self.size, self.thin_size = int(row[1]), int(row[2])
        self._last = self._one("SELECT max(number) FROM chunks")
        self._wholes: dict[int, int] = {}
        self._unused = deque(found for (found,) in database.execute(_UNUSED))

    def begin(self) -> int:
        """The number of a new segment; it is in the file once it has chunks."""
        self._newest += 1
        return self._newest

    def whole(self, segment: int, ms: int) -> None:
        """From this moment on a segment is good; kept by the next `write`."""
        self._wholes[segment] = ms

    def write(self, chunks: list[Chunk]) -> None:
        """Write chunks in one transaction.

        Raises:
            UnavailableError: The disk is full or the file is broken; nothing was written.
        """
        last = self._last
        with self._at_work():
            for segment, ms, data in chunks:
                last += 1
                self._add(last, segment, ms, data)
            self._database.executemany(
                "UPDATE segments SET whole_ms = ? WHERE number = ?",
                [(ms, segment) for segment, ms in self._wholes.items()],
            )
        self._wholes.clear()
        self._last = last
        self.size += sum(len(data) + ROW_BYTES for _, _, data in chunks)

    def page(self, at_ms: int, segment: int, after: int) -> HistoryPage:
        """Chunks of the segment that holds a moment, from its beginning or after a chunk.

        Raises:
            ProblemError: ``not-found``: history does not reach back so far, or no longer.
        """
        oldest = self._one("SELECT min(whole_ms) FROM segments")
        if not segment:
            segment = self._one("SELECT max(number) FROM segments WHERE whole_ms <= ?", at_ms)
        found = self._database.execute(
            "SELECT first, whole_ms, thin FROM segments WHERE number = ?", (segment,)
        ).fetchone()
        if found is None or 0 < after < found[0]:  # it was thinned since the last page
            raise ProblemError(
                "not-found",
                f"moment {words.moment(at_ms)}: expected one that history knows, found it before "
                f"the oldest at {words.moment(oldest)}",
            )
        first, whole, thin = found
        rows = self._database.execute(
            "SELECT number, ms, data FROM chunks WHERE number > ? AND segment = ? ORDER BY number",
            (max(after, first - 1), -segment if thin else segment),
        )
        chunks: list[bytes] = []
        last, size, more = after, 0, False
        for number, ms, data in rows:
            if ms > max(at_ms, whole or 0):
                break
            size += len(data)
            if chunks and size > limits.HISTORY_PAGE:
                more = True
                break
            chunks.append(data)
            last = number
        rows.close()
        return HistoryPage(segment, tuple(chunks), last, more, oldest)

    def oldest(self, *, thin: bool) -> int:
        """The oldest segment, thinned or not, that is older than the newest good one; 0: none.

        Raises:
            UnavailableError: As of `write`.
        """
        with self._at_work():
            return self._one(
                "SELECT min(number) FROM segments WHERE thin = ? AND number < "
                "(SELECT max(number) FROM segments WHERE whole_ms IS NOT NULL)",
                int(thin),
            )

    def chunk(self, segment: int, after: int) -> tuple[int, bytes] | None:
        """The next chunk of a segment that is not thinned, with its number.

        Raises:
            UnavailableError: As of `write`.
        """
        with self._at_work():
            found: tuple[int, bytes] | None = self._database.execute(
                "SELECT number, data FROM chunks WHERE number > ? AND segment = ? "
                "ORDER BY number LIMIT 1",
                (after, segment),
            ).fetchone()
        return found

    def add_thin(self, segment: int, ms: int, data: bytes) -> None:
        """Write the next chunk of a segment's thinned copy.

        Raises:
            UnavailableError: As of `write`.
        """
        with self._at_work():
            self._database.execute(
                "INSERT INTO chunks VALUES (?, ?, ?, ?)", (self._last + 1, -segment, ms, data)
            )
        self._last += 1

    def replace(self, segment: int) -> None:
        """Have the thinned copy, which is whole, be the segment.

        Raises:
            UnavailableError: As of `write`.
        """
        with self._at_work():
            before = self._one("SELECT bytes FROM segments WHERE number = ?", segment)
            first, size = self._database.execute(
                "SELECT min(number), total(length(data) + ?) FROM chunks WHERE segment = ?",
                (ROW_BYTES, -segment),
            ).fetchone()
            self._database.execute(
                "UPDATE segments SET thin = 1, first = ?, bytes = ? WHERE number = ?",
                (first, int(size), segment),
            )
        self.size += int(size) - before
        self.thin_size += int(size)
        self._unused.append(segment)

    def abandon(self, segment: int) -> None:
        """Give up a segment's thinned copy."""
        self._unused.append(-segment)

    def drop(self, segment: int) -> None:
        """Drop a segment as a whole; its chunks go with `sweep`.

        Raises:
            UnavailableError: As of `write`.
        """
        with self._at_work():
            size, thin = self._database.execute(
                "SELECT bytes, thin FROM segments WHERE number = ?", (segment,)
            ).fetchone()
            self._database.execute("DELETE FROM segments WHERE number = ?", (segment,))
        self.size -= size
        self.thin_size -= size * thin
        self._unused.append(-segment if thin else segment)

    def sweep(self) -> bool:
        """Remove a few chunks that belong to no segment; False when there are none.

        Raises:
            UnavailableError: As of `write`.
        """
        if not self._unused:
            return False
        with self._at_work():
            removed = self._database.execute(
                "DELETE FROM chunks WHERE number IN "
                "(SELECT number FROM chunks WHERE segment = ? LIMIT ?)",
                (self._unused[0], SWEPT),
            ).rowcount
        if removed < SWEPT:
            self._unused.popleft()
        return True

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """One transaction."""
        try:
            with self._database:
                yield
        except sqlite3.Error as error:
            raise UnavailableError(f"history: expected to write changes, found: {error}") from error

    def _add(self, number: int, segment: int, ms: int, data: bytes) -> None:
        execute: Callable[..., sqlite3.Cursor] = self._database.execute
        execute("INSERT INTO chunks VALUES (?, ?, ?, ?)", (number, segment, ms, data))
        execute(
            "INSERT INTO segments VALUES (?, ?, NULL, ?, 0) "
            "ON CONFLICT (number) DO UPDATE SET bytes = bytes + excluded.bytes",
            (segment, number, len(data) + ROW_BYTES),
        )

    def _one(self, query: str, *values: int) -> int:
        (found,) = self._database.execute(query, values).fetchone() or (None,)
        return found or 0
