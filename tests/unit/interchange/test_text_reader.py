"""`ioreg`'s text as it was pasted, clipped, converted and printed by older systems."""

import time

import pytest

from runtime.interchange import text_reader
from runtime.interchange.ioreg_text import inheritance
from runtime.interchange.registry_file import RegistryFile, properties_of
from runtime.interchange.registry_file import stats as counted
from runtime.model.entry import State
from runtime.model.errors import ProblemError
from tests.unit.interchange.registries import text_of

MODERN = b"""\
+-o Root  <class IORegistryEntry, id 0x100000100, retain 11>
  | {
  |   "OS Build Version" = "10A432"
  | }
  | 
  +-o Box  <class IOPlatformExpertDevice, id 0x10000010f, registered, matched, active, busy 0 (0 ms), retain 25>
    | {
    |   "model" = <"MacBookPro5,4">
    |   "lines" = "first
second
"
    |   "negative" = 18446744073688580096
    | }
    | 
    +-o PCI0@0  <class IOPCIDevice, id 0x100000110, !registered, !matched, inactive, busy 1 (3 ms), retain 5>
        {
        }
        
"""  # noqa: E501, W291, W293 - ioreg's own lines


def _read(text: bytes) -> RegistryFile:
    return text_reader.read(text)


def test_what_a_dump_says() -> None:
    file = _read(MODERN)
    root, box, pci = file.entries
    assert (root.id, box.parent, pci.parent) == (0x100000100, root.id, box.id)
    assert (box.name, box.cls, box.retain) == ("Box", "IOPlatformExpertDevice", 25)
    assert (pci.name, pci.location, pci.busy, pci.busy_ms) == ("PCI0", "0", 1, 3)
    assert root.state == State.PLAIN
    assert box.state == State.REGISTERED | State.MATCHED
    assert pci.state == State.INACTIVE
    assert properties_of(box) == {
        "model": b"MacBookPro5,4\0",
        "lines": "first\nsecond\n",
        "negative": 18446744073688580096,
    }
    assert file.warnings.count == 0


def test_it_comes_out_as_it_went_in() -> None:
    assert text_of(_read(MODERN).entries) == MODERN


def test_hexadecimal_is_asked_of_the_values() -> None:
    shown = text_of(_read(MODERN).entries, hexadecimal=True)
    assert f'"negative" = {18446744073688580096:#x}'.encode() in shown
    assert b'"model" = <4d6163426f6f6b50726f352c3400>' in shown


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_windows_editors(encoding: str) -> None:
    data = MODERN.decode().replace("\n", "\r\n").encode(encoding)
    assert text_of(_read(data).entries) == MODERN


def test_old_macs_line_ends() -> None:
    assert text_of(_read(MODERN.replace(b"\n", b"\r")).entries) == MODERN


def test_html() -> None:
    page = MODERN.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    assert text_of(_read(b"<html><body><pre>" + page).entries) == MODERN


def test_rtf() -> None:
    body = MODERN.replace(b"{", b"\\{").replace(b"}", b"\\}").replace(b"\n", b"\\\n")
    data = b"{\\rtf1\\ansi{\\fonttbl\\f0 Menlo;}{\\*\\x y}\\f0\\fs22 \\cf0 " + body + b"}"
    assert text_of(_read(data).entries) == MODERN


def test_before_ids() -> None:
    text = (
        b"+-o Root  <class IORegistryEntry, retain count 13>\n"
        b"  +-o A  <class IOService, registered, matched, active, busy 0, retain count 4>\n"
    )
    file = _read(text)
    assert [entry.retain for entry in file.entries] == [13, 4]
    assert file.warnings.count == 0
    assert text_of(file.entries).startswith(b"+-o Root  <class IORegistryEntry, retain count 13>\n")


def test_classes_only() -> None:
    text = (
        b"+-o Root class: IORegistryEntry\n"
        b"  +-o J313AP class: IORegistryEntry:IOService:IOPlatformExpertDevice\n"
    )
    root, board = _read(text).entries
    assert (root.cls, board.cls) == ("IORegistryEntry", "IOPlatformExpertDevice")
    assert inheritance(board) == ["IORegistryEntry", "IOService", "IOPlatformExpertDevice"]
    assert text_of([board]) == (b"+-o J313AP  <class IOPlatformExpertDevice>\n    {\n    }\n    \n")


def test_two_roots_in_one_file() -> None:
    file = _read(MODERN + MODERN)
    assert len({entry.id for entry in file.entries}) == 6
    found = counted(file.format, file.entries, file.planes, file.warnings)
    assert (found.roots, found.entries, found.properties, found.max_depth) == (2, 6, 8, 2)
    assert text_of(file.entries) == MODERN + MODERN


def test_the_device_tree_plane_is_seen() -> None:
    text = MODERN.replace(b"+-o Box ", b"+-o / ")
    assert _read(text).planes == ("IODeviceTree",)


def test_a_clipped_file_is_read_as_far_as_it_goes() -> None:
    clipped = b"\n".join(
        line if len(line) < 60 else line[:59] + b"$" for line in MODERN.split(b"\n")
    )
    file = _read(clipped)
    assert [entry.name for entry in file.entries] == ["Root", "Box", "PCI0"]
    assert file.warnings.count == 3  # lines of entries that lost their end


def test_a_block_without_its_end_does_not_swallow_the_next_entry() -> None:
    text = MODERN.replace(b"  | }\n  | \n", b"", 1)
    file = _read(text)
    assert [entry.name for entry in file.entries] == ["Root", "Box", "PCI0"]
    assert properties_of(file.entries[0]) == {"OS Build Version": "10A432"}
    assert "line 1: expected a block" in file.warnings.first[0]


def test_lines_before_the_first_entry_are_counted() -> None:
    file = _read(b"$ ioreg -l\nLast login\n" + MODERN)
    assert len(file.entries) == 3
    assert file.warnings.first == ["first lines: expected `+-o `, found 2 other lines"]


def test_indentation_that_no_parent_has() -> None:
    text = b"+-o R  <class X, id 0x1, retain 1>\n      +-o S  <class X, id 0x2, retain 1>\n"
    file = _read(text)
    assert file.entries[1].parent == 1
    assert file.warnings.count == 1


def test_no_entry_is_a_sentence() -> None:
    with pytest.raises(ProblemError, match="expected a line with"):
        _read(b"+- o\n")


def test_ten_thousand_levels() -> None:
    lines = [b" " * 2 * n + b"+-o E%d  <class X, id 0x%x, retain 1>" % (n, n + 1)
             for n in range(10_000)]  # fmt: skip
    text = b"\n".join(lines) + b"\n"
    started = time.process_time()
    file = _read(text)
    assert counted(file.format, file.entries, file.planes, file.warnings).max_depth == 9999
    assert time.process_time() - started < 20


@pytest.mark.parametrize(
    "line",
    [
        b'"v" = "' + b"\n+-o x" * 200_000 + b'"',
        b'"v" = (' + b"(" * 1_000_000 + b")",
        b'"v" = {' + b'"a"={' * 200_000,
        b'"v" = <' + b'"a",' * 300_000 + b">",
        b'"v" = "' + b'"' * 1_000_000,
        b'"' + b"\n+-o x" * 200_000,
    ],
    ids=["entries", "arrays", "dictionaries", "data", "quotes", "key"],
)
def test_a_line_of_a_megabyte_takes_time_in_proportion(line: bytes) -> None:
    text = (
        b"+-o R  <class X, id 0x1, retain 1>\n    {\n      "
        + line
        + b'\n      "w" = 1\n    }\n    \n'
    )
    started = time.process_time()
    file = _read(text)
    found = counted(file.format, file.entries, file.planes, file.warnings)
    assert time.process_time() - started < 10
    assert found.entries >= 1
    assert text_of(file.entries) == text
