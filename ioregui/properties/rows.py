"""An entry as rows of key, type, value and source.

Nested arrays and dictionaries are indented rows that can be folded.
Invariant: Qt-free; keys, types and sources stay English, as in `ioreg`; how many rows there are
is bounded, however much an entry says.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from ioregui.plaintext import SENTENCE, plain
from ioregui.properties.links import Link, Links
from ioregui.properties.sources import source_of
from ioregui.properties.values import Numbers, is_cut, kind_of, value_text
from runtime.interchange.registry_file import FIRST_FREE_ID
from runtime.model import properties
from runtime.model.entry import Entry, State
from runtime.model.errors import BreachError
from runtime.model.properties import Properties, Value
from runtime.wire.commands.registry import Details

ROWS = 2000
"""Rows that are shown of one entry at first; more is counted."""

OPEN_ITEMS = 24
"""Arrays and dictionaries with more items than this are folded at first."""

_STATES = (
    (State.REGISTERED, "registered"),
    (State.MATCHED, "matched"),
    (State.INACTIVE, "terminated"),
)

Steps = tuple[str | int, ...]
"""The keys and places that lead from an entry's properties to one value; empty for no value."""

_Linker = Callable[[str, Value], Link | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One line; a `heading` has a key only.

    `opened` says of an array or dictionary whether its items are shown, None of all else. `cut`
    says that there is more than the row shows, `link` what its value names.
    """

    depth: int
    key: str
    kind: str
    value: str
    heading: bool = False
    source: str = ""
    steps: Steps = ()
    opened: bool | None = None
    cut: bool = False
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """How an entry is looked at.

    `folds` says what was opened or folded by hand, `limit` how many rows are shown at most,
    `links` finds what values name, `live` is that of `source_of`, `cut` names the keys whose
    values are not here whole.
    """

    numbers: Numbers = Numbers.BOTH
    folds: Mapping[Steps, bool] = field(default_factory=dict)
    limit: int = ROWS
    links: Links | None = None
    live: bool = False
    cut: frozenset[str] = frozenset()


PLAIN = Look()
"""Everything as it comes: no links, and both bases."""


def of_entry(entry: Entry, path: str, state: str, look: Look = PLAIN) -> list[Row]:
    """Return what identifies an entry, then its properties."""
    return [
        *_identity(entry, path, state, look.links),
        Row(0, "Properties", "", "", heading=True),
        *_bounded(_properties(entry, look), look.limit),
    ]


def of_details(details: Details) -> list[Row]:
    """Return the facts that were read from a device."""
    rows: list[Row] = []
    for section in details.sections:
        rows.append(Row(0, plain(section.title), "", "", heading=True))
        rows.extend(
            Row(indent, plain(name), "", plain(value, SENTENCE), source="device")
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


def value_at(table: Properties, steps: Steps) -> Value:
    """Return the value that steps lead to.

    Raises:
        LookupError: It is not there any more.
    """
    value: Value = table
    for step in steps:
        match value, step:
            case dict(), str():
                value = value[step]
            case list(), int():
                value = value[step]
            case _:
                raise KeyError(step)
    return value


def steps_text(steps: Steps) -> str:
    """Return steps as one text: ``a/b[0]``."""
    parts = [f"[{step}]" if isinstance(step, int) else f"/{step}" for step in steps]
    return "".join(parts).removeprefix("/")


def _identity(entry: Entry, path: str, state: str, links: Links | None) -> Iterator[Row]:
    """What a file does not say of an entry is left out, as in `ioreg`."""
    known = entry.id < FIRST_FREE_ID
    yield Row(0, "class", "", plain(entry.cls))
    if known:
        yield Row(0, "id", "", f"{entry.id:#x}")
    yield Row(0, "path", "", plain(path, SENTENCE))
    if said := state_text(entry, state):
        yield Row(0, "state", "", said)
    if links is not None and (provider := links.provider(entry)) is not None:
        yield Row(0, "provider", "", links.title(provider), link=provider)
    if entry.user_classes:
        yield Row(0, "user classes", "", " : ".join(map(plain, entry.user_classes)))
    if entry.driver:
        link = links.driver(entry) if links is not None else None
        yield Row(0, "driver", "", plain(entry.driver), link=link)
    if entry.pid:
        link = links.process(entry) if links is not None else None
        yield Row(0, "pid", "", str(entry.pid), link=link)
    if not entry.state & State.PLAIN or entry.busy or entry.busy_ms:
        yield Row(0, "busy", "", f"{entry.busy} ({entry.busy_ms} ms)")
    if known or entry.retain:
        yield Row(0, "retain", "", str(entry.retain))


def _properties(entry: Entry, look: Look) -> Iterator[Row]:
    try:
        table = properties.decode(entry.props)
    except BreachError as error:
        yield Row(0, "properties", "", plain(str(error), SENTENCE))
        return
    if not table:
        yield Row(0, "none", "", "")
    for key, value in table.items():
        source = source_of(entry, key, table, live=look.live)
        yield from _nested((key,), value, source, partial(_linked, look.links, entry), look)


def _nested(steps: Steps, value: Value, source: str, link: _Linker, look: Look) -> Iterator[Row]:
    depth, step, kind = len(steps) - 1, steps[-1], kind_of(value)
    name = f"[{step}]" if isinstance(step, int) else plain(step)
    if not isinstance(value, dict | list):
        text, linked = value_text(value, look.numbers), link(str(step), value)
        cut = is_cut(value) or (not depth and step in look.cut)
        yield Row(depth, name, kind, text, False, source, steps, None, cut, linked)
        return
    opened = look.folds.get(steps, len(value) <= OPEN_ITEMS) if value else None
    yield Row(depth, name, kind, _count(len(value)), False, source, steps, opened)
    if opened:
        for below, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _nested((*steps, below), item, source, link, look)


def _linked(links: Links | None, entry: Entry, key: str, value: Value) -> Link | None:
    return links.value(entry, key, value) if links is not None else None


def _bounded(rows: Iterator[Row], limit: int) -> Iterator[Row]:
    for at, row in enumerate(rows):
        if at >= limit:
            yield Row(0, "…", "", f"more than {limit} rows", cut=True)
            return
        yield row


def _count(items: int) -> str:
    return "1 item" if items == 1 else f"{items} items"
