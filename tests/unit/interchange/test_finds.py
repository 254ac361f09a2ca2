"""What fuzzing the readers found."""

import gzip
import json
import plistlib
import struct
from collections.abc import Callable

import msgspec
import pytest

from runtime.interchange import explorer_writer, json_form, recorded, recording
from runtime.interchange.anonymous import Anonymizer
from runtime.interchange.ioreg_archive import archive
from runtime.interchange.ioreg_text import Options
from runtime.interchange.registry_file import RegistryFile, properties_of
from runtime.model import properties
from runtime.model.entry import Entry, State
from runtime.model.errors import BreachError, ProblemError
from runtime.model.identity import ROOT_ID, SERVICE_PLANE, EntryId
from runtime.reader.load import read
from runtime.wire.history import Begin, Put, Record, Set, Whole, Writer


def _forms(file: RegistryFile) -> list[bytes]:
    return [
        recording.write(file.entries, file.planes),
        explorer_writer.write(file.entries, file.planes),
        "\n".join(json_form.lines(file.entries)).encode(),
        archive(file.entries, Options()),
    ]


def test_a_truth_value_is_no_number() -> None:
    table = {
        "IORegistryEntryName": "Root",
        "IOObjectClass": "IOService",
        "IORegistryEntryID": True,
        "IOServiceBusyState": True,
        "IOObjectRetainCount": True,
    }
    file = read(plistlib.dumps(table), "f")
    (entry,) = file.entries
    assert (entry.busy, entry.retain) == (0, 0)
    assert [len(read(form, "again").entries) for form in _forms(file)] == [1, 1, 1, 1]


def test_a_truth_value_is_no_number_in_json() -> None:
    file = read(b'[{"id": 1, "name": "a", "busy": true, "parent": false}, {"id": true}]', "f")
    assert (file.entries[0].busy, file.warnings.count) == (0, 1)
    assert read(_forms(file)[0], "again").entries[0].id == 1


def test_an_encoding_that_nobody_knows_is_counted() -> None:
    entry = Entry(ROOT_ID, 0, "Root", "IORegistryEntry", state=int(State.PLAIN))
    data = explorer_writer.write([msgspec.structs.replace(entry)], (SERVICE_PLANE,))
    broken = data.replace(b'encoding="UTF-8"', b'encoding="UVF-8"')
    assert broken != data
    assert read(broken, "f").warnings.count == 1


def test_json_with_the_marks_of_a_text_in_a_name_is_json() -> None:
    entry = Entry(ROOT_ID, 0, "+-o Root  <class", "IORegistryEntry", state=int(State.PLAIN))
    form = "\n".join(json_form.lines([entry])).encode()
    assert read(form, "f").entries[0].name == entry.name


def test_firmware_names_that_are_no_text_are_cleaned() -> None:
    file = read(
        b"P: /devices/soc\nE: SUBSYSTEM=platform\nE: OF_FULLNAME=/so\xffc@\xe5\x001\x18\n\n", "f"
    )
    (place,) = file.entries[-1].places
    assert (place.name, place.location) == ("soc", "1")
    sizes = [len(read(form, "again").entries) for form in _forms(file)[:3]]
    assert sizes == [len(file.entries)] * 3


@pytest.mark.parametrize("name", ["1-1..5", "1-", "1-1.", "9" * 5000])
def test_a_usb_device_with_a_strange_name_has_no_location(name: str) -> None:
    record = f"P: /devices/{name}\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\n\n"
    entry = read(record.encode(), "f").entries[-1]
    assert (entry.cls, entry.location) == ("IOUSBHostDevice", "00000000")


def test_a_holder_that_nobody_can_be_is_told_as_it_is() -> None:
    entry = Entry(ROOT_ID, 0, "Root", "IORegistryEntry", holder=6)
    file = read(recording.write([entry], (SERVICE_PLANE,)), "f")
    assert json_form.as_object(file.entries[0])["holder"] == "6"
    assert [len(read(form, "again").entries) for form in _forms(file)] == [1, 1, 1, 1]


@pytest.mark.parametrize("record", [Put, lambda entry: Set(entry.id, {}, {"k": entry.props})])
def test_a_past_with_properties_that_are_no_text_is_one_sentence(
    record: Callable[[Entry], Record],
) -> None:
    entry = Entry(ROOT_ID, 0, "Root", "IORegistryEntry", props=msgspec.Raw(b"\x81\xa1k\xa2a\xa9"))
    segment = [Writer().chunk([Begin(1, "run"), record(entry), Whole()])]
    with pytest.raises(BreachError, match="found"):
        recorded.anonymous([segment], Anonymizer([]))


def _binary_list(*objects: bytes) -> bytes:
    """A binary property list of these objects (CFBinaryPList.c), the first at the top."""
    body, offsets = b"bplist00", b""
    for each in objects:
        offsets += struct.pack(">I", len(body))
        body += each
    trailer = bytes(6) + b"\4\1" + struct.pack(">QQQ", len(objects), 0, len(body))
    return body + offsets + trailer


NAME_KEY = b"\x5f\x10\x13IORegistryEntryName"
CHILDREN_KEY = b"\x5f\x10\x17IORegistryEntryChildren"


def test_an_entry_inside_itself_is_read_once() -> None:
    itself = b"\xd2\1\2\3\4", NAME_KEY, CHILDREN_KEY, b"\x51x", b"\xa1\0"
    file = read(_binary_list(*itself), "f")
    assert ([entry.name for entry in file.entries], file.warnings.count) == (["x"], 1)


def test_entries_that_are_shared_do_not_multiply() -> None:
    levels = 40  # 2**40 entries, would each be read wherever it stands
    tables = [bytes((0xD2, 2 * levels, 2 * levels + 1, 2 * levels + 2, levels + at))
              for at in range(levels)]  # fmt: skip
    children = [bytes((0xA2, at + 1, at + 1)) for at in range(levels - 1)] + [b"\xa0"]
    file = read(_binary_list(*tables, *children, NAME_KEY, CHILDREN_KEY, b"\x51x"), "f")
    assert (len(file.entries), file.warnings.count) == (levels, levels - 1)


def _json(*pairs: tuple[int, int]) -> bytes:
    return json.dumps([{"id": own, "parent": up, "name": f"n{own}"} for own, up in pairs]).encode()


def _recording(*pairs: tuple[int, int]) -> bytes:
    return recording.write(
        [Entry(EntryId(own), up, f"n{own}", "IOService") for own, up in pairs], (SERVICE_PLANE,)
    )


@pytest.mark.parametrize("form", [_json, _recording])
@pytest.mark.parametrize(
    ("pairs", "expected", "warnings"),
    [
        ([(2, 1), (1, 0)], [(1, 0), (2, 1)], 0),  # a child before its parent
        ([(1, 1)], [(1, 0)], 1),  # below itself
        ([(1, 0), (2, 3), (3, 2)], [(1, 0), (2, 0), (3, 2)], 1),  # a circle beside a tree
        ([(1, 0), (1, 1), (2, 1)], [(1, 0), (2, 1)], 1),  # an id that is another's
        ([(2, 77), (3, 2)], [(2, 77), (3, 2)], 0),  # a part of a registry
        ([(0, 0), (1, 0)], [(1, 0)], 1),
    ],
)
def test_parents_come_first(
    form: Callable[..., bytes],
    pairs: list[tuple[int, int]],
    expected: list[tuple[int, int]],
    warnings: int,
) -> None:
    file = read(form(*pairs), "f")
    assert [(entry.id, entry.parent) for entry in file.entries] == expected
    assert file.warnings.count == warnings


@pytest.mark.parametrize("levels", [properties.DEPTH, properties.DEPTH + 1, 600])
def test_values_in_each_other_are_read_as_deep_as_a_registry_holds_them(levels: int) -> None:
    value = '{"a":' * levels + "1" + "}" * levels
    every = [
        read(f'[{{"id": 1, "name": "a", "properties": {{"k": {value}}}}}]'.encode(), "f"),
        read(
            f'+-o a  <class A>\n  {{\n    "k" = {value.replace(":", "=")}\n  }}\n  \n'.encode(), "f"
        ),
    ]
    for file in every:
        kept = properties_of(file.entries[0], file.warnings)["k"]
        assert file.warnings.count == (levels > properties.DEPTH)
        assert properties.decode(properties.encode({"k": kept})) == {"k": kept}


def test_every_member_of_a_gzip_file_is_read() -> None:
    lines = [b"+-o a  <class A>\n", b"+-o b  <class B>\n"]
    file = read(b"".join(map(gzip.compress, lines)) + bytes(512), "f")
    assert [entry.name for entry in file.entries] == ["a", "b"]
    with pytest.raises(ProblemError, match=r"^f: expected a whole gzip file, found a part"):
        read(b"".join(map(gzip.compress, lines))[:-1], "f")


def test_a_gzip_file_that_holds_far_too_much_is_refused() -> None:
    """A few kilobytes may not become what no memory holds."""
    bomb = gzip.compress(b"+-o a  <class A>\n" + bytes(64 << 20))
    with pytest.raises(ProblemError, match=r"^f: expected at most \d+ bytes in it, found more"):
        read(bomb, "f")
