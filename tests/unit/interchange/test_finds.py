"""What fuzzing the readers found."""

import plistlib
from collections.abc import Callable

import msgspec
import pytest

from runtime.interchange import explorer_writer, json_form, recorded, recording
from runtime.interchange.anonymous import Anonymizer
from runtime.interchange.ioreg_archive import archive
from runtime.interchange.ioreg_text import Options
from runtime.interchange.registry_file import RegistryFile
from runtime.model.entry import Entry, State
from runtime.model.errors import BreachError
from runtime.model.identity import ROOT_ID, SERVICE_PLANE
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
