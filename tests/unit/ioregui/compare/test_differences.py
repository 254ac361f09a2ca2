"""Differences as `ioreg --diff --json` has them: read back whole, shown safe and bounded."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioregui.compare import words
from ioregui.compare.difference import Difference, Kind, Property, read
from ioregui.compare.values import value
from ioregui.plaintext import SENTENCE
from runtime.export import diff
from runtime.interchange.registry_file import properties_of
from runtime.model import properties
from runtime.model.entry import Entry
from runtime.model.identity import ROOT_ID, EntryId
from runtime.model.properties import Properties
from runtime.query.compare import compare

LEAVES = st.text(max_size=8) | st.integers(-(2**63), 2**63) | st.binary(max_size=8) | st.booleans()
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)
TABLES = st.dictionaries(st.text(max_size=6), VALUES, max_size=4)


def registry(props: Properties, name: str = "Disk") -> list[Entry]:
    root = Entry(ROOT_ID, 0, "Root", "IORegistryEntry")
    return [
        root,
        Entry(EntryId(ROOT_ID + 1), ROOT_ID, name, "IOMedia", props=properties.encode(props)),
    ]


def lines(before: list[Entry], after: list[Entry]) -> list[Difference]:
    made = diff.json_lines(compare(before, after, "IOService", properties_of))
    return [one for line in made if (one := read(line.encode() + b"\n")) is not None]


@given(TABLES, TABLES)
def test_every_line_of_the_command_is_read_and_shown(before: Properties, after: Properties) -> None:
    differ = {
        key
        for key in {*before, *after}
        if key not in before or key not in after or before[key] != after[key]
    }
    found = lines(registry(before), registry(after))
    keys = {one.key for difference in found for one in difference.properties}
    assert differ <= keys
    for difference in found:
        assert difference.change is Kind.CHANGED
        shown = (words.what(difference), words.as_text(difference), words.title(difference))
        assert all(text.replace("\n", "").isprintable() for text in shown)
        assert len(shown[0]) <= SENTENCE


def test_what_is_added_and_removed_has_its_class() -> None:
    removed, added = lines(registry({}, "Old"), registry({}, "New"))
    assert (removed.change, removed.title, words.what(removed)) == (
        Kind.REMOVED,
        "Old",
        "IOMedia",
    )
    assert (added.change, added.path) == (Kind.ADDED, "IOService:/New")
    assert words.as_text(added) == "+ added  IOService:/New  IOMedia\n"


def test_a_change_says_both_sides() -> None:
    (found,) = lines(registry({"a": 1, "b": b"\x01", "gone": "x"}), registry({"a": 2, "b": [True]}))
    assert words.what(found) == "a: 1 → 2, and 2 more"
    assert words.as_text(found) == (
        "~ changed  IOService:/Disk\n    a: 1 → 2\n    b: <01> → (Yes)\n    gone: “x” → nothing\n"
    )
    headings = [group.title for group in words.facts(found)]
    assert headings == ["~ changed", "Properties: before → after"]


def test_a_move_says_where_it_was() -> None:
    moved = Difference(Kind.MOVED, "IOService:/b/mouse", "IOUSBHostDevice", "IOService:/a/mouse")
    assert words.what(moved) == "was at IOService:/a/mouse"
    assert [fact.label for fact in words.facts(moved)[0].facts] == ["Path", "Before", "Class"]


def test_a_thousand_properties_are_bounded_in_the_details_and_whole_in_a_copy() -> None:
    many = tuple(Property(f"key{at}", 1, 2) for at in range(1000))
    found = Difference(Kind.CHANGED, "IOService:/x", "C", "", many)
    facts = words.facts(found)[1].facts
    assert len(facts) == words.SHOWN + 1
    assert facts[-1].text == "… and 800 more: save the comparison to read all"
    assert words.as_text(found).count("\n") == 1001


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ({"data": "00ff"}, "<00ff>"),
        ({"dictionary": {"data": "00ff"}}, "{data = “00ff”}"),
        ({"data": 5}, "{data = 5}"),
        (list(range(50)), f"({', '.join(map(str, range(40)))}, … +10)"),
        ("a\x1b[31m\u202eb", "“a[31mb”"),
        (msgspec.UNSET, "nothing"),
    ],
)
def test_values_in_one_line(found: object, text: str) -> None:
    assert value(found) == text


@pytest.mark.parametrize("line", [b"[]\n", b"]\n", b"[", b""])
def test_brackets_are_no_difference(line: bytes) -> None:
    assert read(line) is None


def test_another_line_is_told() -> None:
    with pytest.raises(msgspec.MsgspecError):
        read(b',{"change": "exploded", "path": "x"}\n')
