"""An entry as rows of key, type and value.

Numbers are shown decimal with hexadecimal, data as hexadecimal and text, nested arrays and
dictionaries as indented rows.
Invariant: Qt-free; keys and types stay English, as in `ioreg`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ioregui.plaintext import SENTENCE, plain
from runtime.model import properties
from runtime.model.entry import Entry, State
from runtime.model.errors import BreachError
from runtime.model.properties import Value
from runtime.wire.commands.registry import Details

DATA_BYTES = 64
"""Bytes of data that are shown; more is counted."""

ROWS = 5000
"""Rows that are shown of one entry; more is counted."""

_STATES = (
    (State.REGISTERED, "registered"),
    (State.MATCHED, "matched"),
    (State.INACTIVE, "terminated"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line; a `heading` has a key only."""

    depth: int
    key: str
    kind: str
    value: str
    heading: bool = False


def of_entry(entry: Entry, path: str, state: str) -> list[Row]:
    """Return what identifies an entry, then its properties."""
    rows = [
        Row(0, "class", "", plain(entry.cls)),
        Row(0, "id", "", f"{entry.id:#x}"),
        Row(0, "path", "", plain(path, SENTENCE)),
    ]
    if said := state_text(entry, state):
        rows.append(Row(0, "state", "", said))
    if entry.user_classes:
        rows.append(Row(0, "user classes", "", " : ".join(map(plain, entry.user_classes))))
    if entry.driver:
        rows.append(Row(0, "driver", "", plain(entry.driver)))
    if entry.pid:
        rows.append(Row(0, "pid", "", str(entry.pid)))
    rows.append(Row(0, "busy", "", f"{entry.busy} ({entry.busy_ms} ms)"))
    rows.append(Row(0, "retain", "", str(entry.retain)))
    rows.append(Row(0, "Properties", "", "", heading=True))
    rows.extend(_bounded(_properties(entry)))
    return rows


def of_details(details: Details) -> list[Row]:
    """Return the facts that were read from a device."""
    rows: list[Row] = []
    for section in details.sections:
        rows.append(Row(0, plain(section.title), "", "", heading=True))
        rows.extend(
            Row(indent, plain(name), "", plain(value, SENTENCE))
            for indent, name, value in section.rows
        )
    if details.note:
        rows.append(Row(0, "note", "", plain(details.note, SENTENCE)))
    return rows


def state_text(entry: Entry, word: str) -> str:
    """Return the state word with what IOService's state says beside it."""
    if entry.state & State.PLAIN:
        return word
    words = [name for flag, name in _STATES if entry.state & flag]
    return ", ".join([word, *words] if word else words)


def value_text(value: Value) -> str:
    """Return a value that is no array and no dictionary as one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value) if -10 < value < 10 else f"{value} ({value:#x})"
    if isinstance(value, bytes):
        return _data_text(value)
    return plain(str(value), SENTENCE)


def kind_of(value: Value) -> str:
    """Return IOKit's word for the type of a value."""
    if isinstance(value, bool):
        return "boolean"
    for kind, word in _KINDS:
        if isinstance(value, kind):
            return word
    return "dictionary"


_KINDS = ((int, "number"), (str, "text"), (bytes, "data"), (list, "array"))


def _properties(entry: Entry) -> Iterator[Row]:
    try:
        decoded = properties.decode(entry.props)
    except BreachError as error:
        yield Row(0, "properties", "", plain(str(error), SENTENCE))
        return
    if not decoded:
        yield Row(0, "none", "", "")
    for key, value in decoded.items():
        yield from _nested(0, key, value)


def _nested(depth: int, key: str, value: Value) -> Iterator[Row]:
    name = plain(key)
    if isinstance(value, dict):
        yield Row(depth, name, "dictionary", _count(len(value)))
        for below, item in value.items():
            yield from _nested(depth + 1, below, item)
    elif isinstance(value, list):
        yield Row(depth, name, "array", _count(len(value)))
        for at, item in enumerate(value):
            yield from _nested(depth + 1, f"[{at}]", item)
    else:
        yield Row(depth, name, kind_of(value), value_text(value))


def _bounded(rows: Iterator[Row]) -> Iterator[Row]:
    for at, row in enumerate(rows):
        if at >= ROWS:
            yield Row(0, "…", "", f"more than {ROWS} rows")
            return
        yield row


def _count(items: int) -> str:
    return "1 item" if items == 1 else f"{items} items"


def _data_text(data: bytes) -> str:
    shown = data[:DATA_BYTES]
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in shown)
    more = f" … {len(data)} bytes" if len(data) > DATA_BYTES else ""
    return f"<{shown.hex(' ', -4)}>  {text}{more}"
