"""Segments of history in the journal's database: written in transactions, trimmed as a whole.

Two tables beside the journal's: `segments` says from when on each is good, `chunks` has their
bytes in order; `runtime.wire.history` says what they mean.
Invariant: a segment is there with all chunks up to its newest, or not at all.
"""

import sqlite3
from collections.abc import Callable

from runtime.model.errors import ProblemError, UnavailableError
from runtime.wire import limits
from runtime.wire.commands.registry import HistoryPage

CREATE = (
    "CREATE TABLE segments (number INTEGER PRIMARY KEY, first INTEGER NOT NULL, "
    "whole_ms INTEGER, bytes INTEGER NOT NULL)",
    "CREATE TABLE chunks (number INTEGER PRIMARY KEY, segment INTEGER NOT NULL, "
    "ms INTEGER NOT NULL, data BLOB NOT NULL)",
)
ROW_BYTES = 16  # of a chunk's row beside its data, about

Chunk = tuple[int, int, bytes]
"""A segment's number, when the chunk's first change happened, the chunk."""


class Segments:
    """The two tables; one thread.

    Args:
        database: The journal's connection, which stays the journal's.
        keep: Bytes of chunks that stay; the oldest segments go first, the newest never.
    """

    def __init__(self, database: sqlite3.Connection, keep: int) -> None:
        self._keep = keep
        self._newest = 0
        self.use(database)

    def use(self, database: sqlite3.Connection) -> None:
        """Go on in this database; what was begun in another one is to be begun anew."""
        self._database = database
        row = database.execute("SELECT max(number), total(bytes) FROM segments").fetchone()
        self._newest, self._bytes = max(self._newest, row[0] or 0), int(row[1])
        (last,) = database.execute("SELECT max(number) FROM chunks").fetchone()
        self._last = last or 0
        self._wholes: dict[int, int] = {}

    def begin(self) -> int:
        """The number of a new segment; it is in the file once it has chunks."""
        self._newest += 1
        return self._newest

    def whole(self, segment: int, ms: int) -> None:
        """From this moment on a segment is good; kept by the next `write`."""
        self._wholes[segment] = ms

    def write(self, chunks: list[Chunk]) -> None:
        """Write chunks in one transaction, and drop the oldest segments over the bound.

        Raises:
            UnavailableError: The disk is full or the file is broken; nothing was written.
        """
        last = self._last
        try:
            with self._database:
                for segment, ms, data in chunks:
                    last += 1
                    self._add(last, segment, ms, data)
                self._database.executemany(
                    "UPDATE segments SET whole_ms = ? WHERE number = ?",
                    [(ms, segment) for segment, ms in self._wholes.items()],
                )
                dropped = self._trim()
        except sqlite3.Error as error:
            raise UnavailableError(f"history: expected to write changes, found: {error}") from error
        self._wholes.clear()
        self._last = last
        self._bytes += sum(len(data) + ROW_BYTES for _, _, data in chunks) - dropped

    @property
    def size(self) -> int:
        """Bytes of all segments, with their rows."""
        return self._bytes

    def page(self, at_ms: int, segment: int, after: int) -> HistoryPage:
        """Chunks of the segment that holds a moment, from its beginning or after a chunk.

        Raises:
            ProblemError: ``not-found``: history does not reach back so far, or no longer.
        """
        oldest = self._one("SELECT min(whole_ms) FROM segments")
        if not segment:
            segment = self._one("SELECT max(number) FROM segments WHERE whole_ms <= ?", at_ms)
        first = self._one("SELECT first FROM segments WHERE number = ?", segment)
        if not first:
            raise ProblemError(
                "not-found",
                f"moment {at_ms} ms: expected one that history knows, found it before "
                f"the oldest at {oldest} ms",
            )
        rows = self._database.execute(
            "SELECT number, ms, data FROM chunks WHERE number > ? AND segment = ? ORDER BY number",
            (max(after, first - 1), segment),
        )
        chunks: list[bytes] = []
        last, size, more = after, 0, False
        whole = self._one("SELECT whole_ms FROM segments WHERE number = ?", segment)
        for number, ms, data in rows:
            if ms > max(at_ms, whole):
                break
            size += len(data)
            if chunks and size > limits.HISTORY_PAGE:
                more = True
                break
            chunks.append(data)
            last = number
        rows.close()
        return HistoryPage(segment, tuple(chunks), last, more, oldest)

    def _add(self, number: int, segment: int, ms: int, data: bytes) -> None:
        execute: Callable[..., sqlite3.Cursor] = self._database.execute
        execute("INSERT INTO chunks VALUES (?, ?, ?, ?)", (number, segment, ms, data))
        execute(
            "INSERT INTO segments VALUES (?, ?, NULL, ?) "
            "ON CONFLICT (number) DO UPDATE SET bytes = bytes + excluded.bytes",
            (segment, number, len(data) + ROW_BYTES),
        )

    def _trim(self) -> int:
        """Drop the oldest segments over the bound; returns their bytes."""
        if self._bytes <= self._keep:
            return 0
        oldest = self._database.execute(
            "SELECT number, bytes FROM segments WHERE number < "
            "(SELECT max(number) FROM segments WHERE whole_ms IS NOT NULL) ORDER BY number LIMIT 1"
        ).fetchone()
        if oldest is None:
            return 0
        number, size = oldest
        self._database.execute("DELETE FROM chunks WHERE segment = ?", (number,))
        self._database.execute("DELETE FROM segments WHERE number = ?", (number,))
        return int(size)

    def _one(self, query: str, *values: int) -> int:
        (found,) = self._database.execute(query, values).fetchone() or (None,)
        return found or 0
