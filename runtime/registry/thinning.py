"""Makes room in history: takes the detail out of old segments, and drops the oldest of all.

A thinned segment keeps its beginning, and of what came after: what came and went, where it was,
who drove it, and every driver's record. Values of properties and counters stay as they were at its
beginning. When thinned segments fill half the room, the oldest of them goes.
Invariant: a step is short enough for a turn of an event loop; a segment is thinned as a whole, or
stays as it was.
"""

from typing import Any

from runtime.model.entry import Entry
from runtime.model.errors import BreachError, UnavailableError
from runtime.registry.segments import Segments
from runtime.wire import history as wire

SLICE = 16 << 10  # bytes of records that are compressed at once: about 1 ms

_DETAIL = frozenset(
    Entry.__struct_fields__.index(name) for name in ("busy", "busy_ms", "retain", "props")
)


class Thinning:
    """Works while there is something to do; one thread."""

    def __init__(self, segments: Segments) -> None:
        self._segments = segments
        self._copy: _Copy | None = None

    def begin_anew(self) -> None:
        """Forget what was being thinned: history goes on in another file."""
        self._copy = None

    def step(self) -> bool:
        """Do a little; True when more waits.

        Raises:
            UnavailableError: The disk is full or the file is broken; the segment stays.
        """
        try:
            if self._copy is None:
                return self._segments.sweep() or self._begin()
            self._go_on(self._copy)
        except UnavailableError:
            if self._copy is not None:
                self._segments.abandon(self._copy.number)
            self._copy = None
            raise
        return True

    def _begin(self) -> bool:
        """Choose what goes next: the detail of the oldest, or a thinned one as a whole."""
        segments = self._segments
        if segments.size <= segments.keep:
            return False
        number = segments.oldest(thin=False)
        if number and segments.thin_size <= segments.keep // 2:
            self._copy = _Copy(number)
            return True
        number = segments.oldest(thin=True) or number
        if number:
            segments.drop(number)
        return bool(number)

    def _go_on(self, copy: "_Copy") -> None:
        found = self._segments.chunk(copy.number, copy.after)
        try:
            chunk = copy.last() if found is None else copy.take(*found)
        except BreachError:  # what nobody can read needs no room
            self._segments.abandon(copy.number)
            self._segments.drop(copy.number)
            self._copy = None
            return
        if chunk is not None:
            self._segments.add_thin(copy.number, *chunk)
        if found is None:
            self._segments.replace(copy.number)
            self._copy = None


class _Copy:
    """The thinned copy of one segment, chunk by chunk; `after` is the last that was taken."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.after = 0
        self._reader = wire.Reader()
        self._writer = wire.Writer()
        self._whole = False
        self._ms = 0  # of the record at hand
        self._said_ms = 0  # of the last `At` that is kept
        self._waiting: list[bytes] = []
        self._first_ms = 0
        self._size = 0

    def take(self, number: int, data: bytes) -> tuple[int, bytes] | None:
        """Take the next chunk; return one of ours with its time when enough has come together."""
        self.after = number
        for record in self._reader.records(data):
            if isinstance(record, wire.At):
                self._ms = record.ms
            elif (lean := self._lean(record)) is not None:
                self._keep(lean)
        return self.last() if self._size >= SLICE else None

    def last(self) -> tuple[int, bytes] | None:
        """What waits, as a chunk with the time of its first change; None for nothing."""
        if not self._waiting:
            return None
        chunk = self._first_ms, self._writer.chunk_of(self._waiting)
        self._waiting, self._first_ms, self._size = [], 0, 0
        return chunk

    def _keep(self, record: wire.Record) -> None:
        if self._ms != self._said_ms:
            self._said_ms = self._ms
            self._waiting.append(wire.encode(wire.At(self._ms)))
        self._first_ms = self._first_ms or self._ms
        encoded = wire.encode(record)
        self._size += len(encoded)
        self._waiting.append(encoded)

    def _lean(self, record: wire.Record) -> wire.Record | None:
        """A record without detail; None when there was nothing else to it."""
        if isinstance(record, wire.Begin):
            return wire.Begin(record.format, record.run, thin=True)
        self._whole = self._whole or isinstance(record, wire.Whole)
        if not (self._whole and isinstance(record, wire.Set)):
            return record
        fields: dict[int, Any] = {at: raw for at, raw in record.fields.items() if at not in _DETAIL}
        return wire.Set(record.id, fields) if fields else None
