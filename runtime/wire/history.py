"""The registry's past as a stream: what is kept in the journal, sent to clients, and exported.

A segment is one zlib stream in chunks; each chunk ends at a full byte and can be read as soon
as it and those before it are there. A chunk is a 32-bit big-endian length and an array of
records. A segment begins with `Begin`. It is good for every moment from its first `Whole` on:
what comes before that builds up the state in any order, present values beside later changes.
Entry fields are numbered as in `runtime.model.entry.Entry`, which only ever appends.
Times are milliseconds since 1970.
Invariant: values only, no I/O and no clock; what is read is bounded and checked.
"""

import struct
import zlib
from collections.abc import Iterable

import msgspec

from runtime.model.entry import Entry
from runtime.model.errors import BreachError
from runtime.model.records import Driver
from runtime.wire import limits

FORMAT = 1
LEVEL = 6  # of zlib: 32 KiB of records in about 1 ms

_PROPS = Entry.__struct_fields__.index("props")
_LENGTH = struct.Struct("!I")


class Begin(msgspec.Struct, frozen=True, array_like=True, tag="begin"):
    """The first record of a segment: nothing is known yet.

    `thin`: after `Whole` only what came and went was kept, and who drove it: properties and
    counters stay as they were then.
    """

    format: int
    run: str
    thin: bool = False


class At(msgspec.Struct, frozen=True, array_like=True, tag="at"):
    """What follows happened then."""

    ms: int


class Put(msgspec.Struct, frozen=True, array_like=True, tag="put"):
    """An entry is there, with this value."""

    entry: Entry


class Set(msgspec.Struct, frozen=True, array_like=True, tag="set"):
    """Fields of an entry changed, and single properties: `props` new or other, `without` gone."""

    id: int
    fields: dict[int, msgspec.Raw]
    props: dict[str, msgspec.Raw] = {}
    without: tuple[str, ...] = ()


class Gone(msgspec.Struct, frozen=True, array_like=True, tag="gone"):
    """An entry was removed."""

    id: int


class DriverIs(msgspec.Struct, frozen=True, array_like=True, tag="driver"):
    """A driver's record is now this one."""

    driver: Driver


class DriverGone(msgspec.Struct, frozen=True, array_like=True, tag="driver-gone"):
    """A driver is gone for good."""

    id: int


class Whole(msgspec.Struct, frozen=True, array_like=True, tag="whole"):
    """From here on the state is complete."""


Record = Begin | At | Put | Set | Gone | DriverIs | DriverGone | Whole

_encoder = msgspec.msgpack.Encoder()
_records = msgspec.msgpack.Decoder(list[Record])
_raw_props = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])
_fields = [
    msgspec.msgpack.Decoder(field.type) for field in msgspec.structs.fields(Entry)
]  # by number


class Writer:
    """Writes one segment."""

    def __init__(self) -> None:
        self._stream = zlib.compressobj(LEVEL)

    def chunk(self, records: list[Record]) -> bytes:
        """The records as the next chunk."""
        return self.chunk_of([_encoder.encode(record) for record in records])

    def chunk_of(self, encoded: list[bytes]) -> bytes:
        """The next chunk, of records that `encode` has made."""
        body = _encoder.encode([msgspec.Raw(record) for record in encoded])
        compressed = self._stream.compress(_LENGTH.pack(len(body)) + body)
        return compressed + self._stream.flush(zlib.Z_SYNC_FLUSH)


class Reader:
    """Reads one segment, chunk by chunk."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()

    def records(self, chunk: bytes) -> list[Record]:
        """The records of the next chunk.

        Raises:
            BreachError: It is not the next chunk of a segment, or larger than allowed.
        """
        try:
            data = self._stream.decompress(chunk, limits.HISTORY_CHUNK)
            if self._stream.unconsumed_tail or len(data) < _LENGTH.size:
                raise BreachError(f"history: expected a whole chunk, found {len(data)} bytes of it")
            (length,) = _LENGTH.unpack_from(data)
            if length != len(data) - _LENGTH.size:
                raise BreachError(f"history: expected {length} bytes of records, found {len(data)}")
            return _records.decode(data[_LENGTH.size :])
        except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BreachError(f"history: expected a chunk of records, found {error}") from error


def encode(record: Record) -> bytes:
    """One record as `Writer.chunk_of` takes it."""
    return _encoder.encode(record)


def difference(old: Entry, new: Entry) -> Set | None:
    """What turns one value of an entry into another; None where nothing differs."""
    fields: dict[int, msgspec.Raw] = {}
    props: dict[str, msgspec.Raw] = {}
    without: tuple[str, ...] = ()
    for at, name in enumerate(Entry.__struct_fields__):
        before, after = getattr(old, name), getattr(new, name)
        if before is after or before == after:
            continue
        if at == _PROPS and (delta := _properties(old.props, new.props)) is not None:
            props, without = delta
        else:
            fields[at] = msgspec.Raw(_encoder.encode(after))
    if not (fields or props or without):
        return None
    return Set(new.id, fields, props, without)


def changed(old: Entry, change: Set) -> Entry:
    """The value of an entry after a change.

    Raises:
        BreachError: The change names a field that there is not, or a value of another type.
    """
    try:
        values: dict[str, object] = {
            Entry.__struct_fields__[at]: _fields[at].decode(raw)
            for at, raw in change.fields.items()
        }
        if change.props or change.without:
            merged = _raw_props.decode(old.props) | change.props
            for key in change.without:
                merged.pop(key, None)
            values["props"] = msgspec.Raw(_encoder.encode(merged))
        return msgspec.structs.replace(old, **values)
    except (msgspec.MsgspecError, UnicodeDecodeError, IndexError) as error:
        raise BreachError(f"history: expected fields of an entry, found {error}") from error


class Moment:
    """The registry and the drivers as they were; built up record by record.

    Attributes:
        run: The run of the runtime that saw it.
        ms: When the last record that was applied happened; 0 before the first.
        entries: By id, unordered.
        drivers: By id.
        whole: Whether the state is complete.
        values_ms: Of a time that was thinned: when the values of properties were so; else 0.
    """

    def __init__(self) -> None:
        self.run = ""
        self.ms = 0
        self.entries: dict[int, Entry] = {}
        self.drivers: dict[int, Driver] = {}
        self.whole = False
        self.values_ms = 0
        self._thin = False

    def apply(self, records: Iterable[Record], until_ms: int) -> bool:
        """Apply records up to a time; False when one after it came.

        Raises:
            BreachError: A record is about an entry that is not there, or of another format.
        """
        for record in records:
            if isinstance(record, At):
                if record.ms > until_ms and self.whole:
                    return False
                self.ms = record.ms
            else:
                self._apply(record)
        return True

    def ordered(self) -> list[Entry]:
        """The entries, parents before children; those without a parent are left out."""
        below: dict[int, list[Entry]] = {}
        for entry in self.entries.values():
            below.setdefault(entry.parent, []).append(entry)
        found: list[Entry] = []
        waiting = sorted(below.get(0, []), key=_id)
        while waiting:
            entry = waiting.pop()
            found.append(entry)
            waiting.extend(sorted(below.get(entry.id, []), key=_id, reverse=True))
        return found

    def _apply(self, record: Record) -> None:
        match record:
            case Begin():
                if record.format != FORMAT:
                    raise BreachError(f"history: expected format {FORMAT}, found {record.format}")
                self.run, self._thin = record.run, record.thin
            case Put():
                self.entries[record.entry.id] = record.entry
            case Set():
                old = self.entries.get(record.id)
                if old is None:
                    raise BreachError(f"history: expected entry {record.id:#x}, found none")
                self.entries[record.id] = changed(old, record)
            case Gone():
                self.entries.pop(record.id, None)
            case DriverIs():
                self.drivers[record.driver.id] = record.driver
            case DriverGone():
                self.drivers.pop(record.id, None)
            case Whole():
                self.whole = True
                self.values_ms = self.ms if self._thin else 0


def _id(entry: Entry) -> int:
    return entry.id


def _properties(
    old: msgspec.Raw, new: msgspec.Raw
) -> tuple[dict[str, msgspec.Raw], tuple[str, ...]] | None:
    """New or other properties and those gone; None where that would lose the order of keys."""
    before, after = _raw_props.decode(old), _raw_props.decode(new)
    other = {key: raw for key, raw in after.items() if before.get(key) != raw}
    without = tuple(key for key in before if key not in after)
    kept = [key for key in before if key in after]
    if kept + [key for key in other if key not in before] != list(after):
        return None
    return other, without
