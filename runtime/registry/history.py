"""Writes every change of the registry and of drivers into segments of history.

A change costs an append when it happens; `pump` encodes what waits in slices short enough for
a turn of an event loop. When the changes of a segment outweigh its beginning, the next one is
begun: its beginning (every entry's present value) is written slice by slice while changes go
into both, so that no turn ever writes the whole registry.
Invariant: what `pump` has written and `flush` has kept is read back as it was, at any moment.
"""

import time
from collections import deque
from collections.abc import Callable

from runtime.model.entry import Entry
from runtime.model.errors import UnavailableError
from runtime.model.records import Driver
from runtime.registry.segments import Chunk, Segments
from runtime.registry.tree import Change, Changed
from runtime.wire import history as wire
from runtime.wire.commands.registry import HistoryPage

SLICE = 16 << 10  # bytes of records that one `pump` encodes and compresses: about 1 ms
CHANGES = 96  # changes that one `pump` takes
SHORTEST = 64 << 10  # bytes of changes before another segment is worth its beginning
FEWEST = 4000  # records after a beginning that are read in a moment, however small they are
ENTRY_BYTES = 80  # of an entry at a segment's beginning, compressed, about
WAITING = 8 << 20  # bytes of chunks that may wait for a disk; beyond, history starts anew


class _Segment:
    """One that is being written; `unsent` are entries whose present value it still lacks."""

    def __init__(self, number: int, run: str, unsent: dict[int, None]) -> None:
        self.number = number
        self.writer = wire.Writer()
        self.unsent = unsent
        self.waiting: list[bytes] = [wire.encode(wire.Begin(wire.FORMAT, run))]
        self.first_ms = 0
        self.ms = 0
        self.size = 0
        self.records = 0
        self.beginning = 0  # bytes up to `Whole`
        self.begun_with = 0  # records up to `Whole`
        self.whole = False

    def add(self, ms: int, record: wire.Record) -> int:
        """Take a record; returns its bytes."""
        if ms != self.ms:
            self.ms = ms
            self.waiting.append(wire.encode(wire.At(ms)))
        self.first_ms = self.first_ms or ms
        encoded = wire.encode(record)
        self.records += 1
        self.waiting.append(encoded)
        return len(encoded)

    def chunk(self) -> Chunk | None:
        """What was taken, as a chunk; None for nothing."""
        if not self.waiting:
            return None
        data = self.writer.chunk_of(self.waiting)
        self.size += len(data)
        made = (self.number, self.first_ms, data)
        self.waiting, self.first_ms = [], 0
        return made


class History:
    """The recorder of one run; one thread.

    Args:
        segments: Where it goes.
        run: The run's identity.
        wall_ns: Nanoseconds since 1970; where it goes backwards, time stands still.
    """

    def __init__(
        self, segments: Segments, run: str, wall_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._segments = segments
        self._run = run
        self._wall_ns = wall_ns
        self._ms = 0
        self._pending: deque[tuple[int, Entry | int | wire.DriverIs | wire.DriverGone]] = deque()
        self._entries: dict[int, Entry] = {}  # as written so far
        self._drivers: dict[int, Driver] = {}
        self._chunks: list[Chunk] = []
        self._current = self._begin({})
        self._next: _Segment | None = None

    def changed(self, change: Change) -> None:
        """Listener of the registry."""
        what = change.entry if isinstance(change, Changed) else int(change.id)
        self._pending.append((self._now(), what))

    def driver(self, record: Driver) -> None:
        """A driver's record is now this one."""
        self._pending.append((self._now(), wire.DriverIs(record)))

    def driver_gone(self, driver: int) -> None:
        """A driver is gone for good."""
        self._pending.append((self._now(), wire.DriverGone(driver)))

    def pump(self) -> bool:
        """Encode a slice of what waits; True when more waits."""
        room = SLICE
        for _ in range(min(CHANGES, len(self._pending))):
            room -= self._take(*self._pending.popleft())
            if room <= 0:
                break
        if self._next is None and self._outweighed():
            self._next = self._begin(dict.fromkeys(self._entries))
        if self._next is not None:
            self._fill(self._next, room)
        for segment in (self._current, self._next):
            if segment is not None and (chunk := segment.chunk()) is not None:
                self._chunks.append(chunk)
        if self._next is not None and self._next.whole:
            self._turn_over(self._next)
        return bool(self._pending or self._next is not None)

    def flush(self) -> None:
        """Write what `pump` has made; afterwards it survives the end of the process.

        Raises:
            UnavailableError: The disk is full or the file is broken; the chunks wait, and
                where they are too many, history begins anew with the next `pump`.
        """
        if not self._chunks:
            return
        try:
            self._segments.write(self._chunks)
        except UnavailableError:
            if sum(len(data) for _, _, data in self._chunks) > WAITING:
                self.begin_anew()
            raise
        self._chunks.clear()

    def begin_anew(self) -> None:
        """Go on with the whole state, which nothing written before is needed for."""
        self._chunks.clear()
        self._current = self._begin(dict.fromkeys(self._entries))
        self._next = self._current

    def close(self) -> None:
        """Write everything that waits.

        Raises:
            UnavailableError: As of `flush`.
        """
        while self.pump():
            pass
        self.flush()

    def page(self, at_ms: int, segment: int, after: int) -> HistoryPage:
        """Chunks for a moment, as `Segments.page`; what was not flushed is not in them."""
        return self._segments.page(at_ms, segment, after)

    def _now(self) -> int:
        self._ms = max(self._ms, self._wall_ns() // 1_000_000)
        return self._ms

    def _take(self, ms: int, what: Entry | int | wire.DriverIs | wire.DriverGone) -> int:
        match what:
            case Entry():
                return self._entry(ms, what)
            case int():
                self._entries.pop(what, None)
                return self._write(ms, wire.Gone(what), what)
            case wire.DriverIs():
                self._drivers[what.driver.id] = what.driver
                return self._write(ms, what)
            case wire.DriverGone():
                self._drivers.pop(what.id, None)
                return self._write(ms, what)

    def _entry(self, ms: int, entry: Entry) -> int:
        old = self._entries.get(entry.id)
        self._entries[entry.id] = entry
        if old is None:
            return self._write(ms, wire.Put(entry), entry.id)
        change = wire.difference(old, entry)
        return self._write(ms, change, entry.id) if change is not None else 0

    def _write(self, ms: int, record: wire.Record, entry: int = 0) -> int:
        size = 0
        if self._current is not self._next:
            size = self._current.add(ms, record)
        following = self._next
        if following is None:
            return size
        if entry in following.unsent:
            if isinstance(record, wire.Gone):
                del following.unsent[entry]  # it never came into that segment
            return size
        return size + following.add(ms, record)

    def _begin(self, unsent: dict[int, None]) -> _Segment:
        segment = _Segment(self._segments.begin(), self._run, unsent)
        now = self._now()
        for driver in self._drivers.values():
            segment.add(now, wire.DriverIs(driver))
        if not unsent:
            self._complete(segment, now)
        return segment

    def _fill(self, segment: _Segment, room: int) -> None:
        """Write present values, as many as there is room for."""
        now = max(self._ms, segment.ms)
        while segment.unsent and room > 0:
            entry_id = next(iter(segment.unsent))
            del segment.unsent[entry_id]
            room -= segment.add(now, wire.Put(self._entries[entry_id]))
        if not (segment.unsent or self._pending):  # what waits may be older than this moment
            self._complete(segment, now)

    def _complete(self, segment: _Segment, now: int) -> None:
        segment.add(now, wire.Whole())
        segment.whole = True
        self._segments.whole(segment.number, now)

    def _turn_over(self, following: _Segment) -> None:
        following.beginning, following.begun_with = following.size, following.records
        self._current, self._next = following, None

    def _outweighed(self) -> bool:
        """Whether the changes of the present segment are more than its beginning."""
        current, entries = self._current, len(self._entries)
        beginning = current.beginning or ENTRY_BYTES * entries
        begun_with = current.begun_with or entries
        return current.size - beginning > max(
            SHORTEST, beginning
        ) or current.records - begun_with > max(FEWEST, entries)
