"""Registries that hypothesis makes up, and the readings that the tests compare."""

from collections.abc import Sequence

from hypothesis import strategies as st

from runtime.interchange.ioreg_text import Options, lines
from runtime.interchange.registry_file import properties_of
from runtime.model import properties
from runtime.model.entry import READY, Entry, State
from runtime.model.identity import ROOT_ID, EntryId
from runtime.model.properties import Properties, Value

HOSTILE = st.sampled_from(
    [
        "",
        "\n",
        '"',
        '" = "',
        "+-o Root  <class IORegistryEntry, id 0x100000100, retain 1>",
        "a\n+-o Fake  <class X, id 0x1, retain 1>\nb",
        "x\n  | +-o Y\n",
        '  "k" = 1',
        "}\n",
        "a,b",
        '","',
        "<00>",
        "$",
        "\u202e\u2066",
        "é\U0001f600",
        "&lt;class",
        "x" * 5000,
    ]
)
TEXTS = st.one_of(HOSTILE, st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12))
NUMBERS = st.integers(-(1 << 63), (1 << 64) - 1)
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans(), st.binary(max_size=24))
VALUES: st.SearchStrategy[Value] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)
NAMES = st.one_of(
    st.sampled_from(["IOUSBHostDevice", "a b", "pci8086,1", "x@y", "{", "/", "<class", "$"]),
    st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12),
)


@st.composite
def registries(draw: st.DrawFn, values: st.SearchStrategy[Value] = VALUES) -> list[Entry]:
    """Entries in `ioreg`'s order, parents before their children."""
    count = draw(st.integers(0, 8))
    made: list[Entry] = [
        Entry(ROOT_ID, 0, "Root", "IORegistryEntry", state=int(State.PLAIN), retain=3)
    ]
    for number in range(1, count + 1):
        parent = draw(st.sampled_from(made)).id
        table: Properties = draw(st.dictionaries(TEXTS, values, max_size=4))
        made.append(
            Entry(
                EntryId(ROOT_ID + number),
                parent,
                draw(NAMES),
                draw(st.sampled_from(["IOService", "IOUSBHostDevice", "IOMedia"])),
                draw(st.sampled_from(["", "0", "1f,3", "1a110000"])),
                draw(st.sampled_from([int(READY), 0, 2, 7])),
                draw(st.integers(0, 2)),
                draw(st.integers(0, 99)),
                draw(st.integers(1, 99)),
                props=properties.encode(table),
            )
        )
    return _depth_first(made)


def _depth_first(entries: Sequence[Entry]) -> list[Entry]:
    below: dict[int, list[Entry]] = {}
    for entry in entries:
        below.setdefault(entry.parent, []).append(entry)
    ordered: list[Entry] = []
    waiting = below[0]
    while waiting:
        entry = waiting.pop()
        ordered.append(entry)
        waiting += reversed(below.get(entry.id, ()))
    return ordered


def text_of(entries: Sequence[Entry], **options: object) -> bytes:
    """`ioreg -l` of entries; options by their names in `Options`."""
    chosen = Options(**{"list_all": True, **options})  # type: ignore[arg-type]
    found = lines(entries, chosen)
    return b"".join(line.encode("utf-8", "surrogateescape") + b"\n" for line in found)


def facts(entries: Sequence[Entry]) -> list[tuple[object, ...]]:
    """What every form that is no text keeps of an entry."""
    return [
        (
            entry.id,
            entry.parent,
            entry.name,
            entry.cls,
            entry.location,
            entry.state,
            entry.busy,
            entry.busy_ms,
            entry.retain,
            properties_of(entry),
        )
        for entry in entries
    ]
