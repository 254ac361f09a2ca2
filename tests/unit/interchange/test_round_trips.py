"""Every form comes out as it went in, also with names and values that mean harm."""

import re

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.interchange import json_form, plist_reader, recording, text_reader
from runtime.interchange.ioreg_archive import archive
from runtime.interchange.ioreg_text import Options
from runtime.interchange.plist_values import load
from runtime.interchange.registry_file import RegistryFile
from runtime.model import properties
from runtime.model.entry import Entry
from runtime.model.errors import ProblemError
from runtime.model.identity import SERVICE_PLANE
from runtime.reader.load import read
from tests.unit.interchange.registries import VALUES, facts, registries, text_of

EXAMPLES = settings(max_examples=150)


@EXAMPLES
@given(registries())
def test_text(entries: list[Entry]) -> None:
    text = text_of(entries)
    again = text_of(text_reader.read(text).entries)
    assert again.split(b"\n") == text.split(b"\n")


@EXAMPLES
@given(registries())
def test_json(entries: list[Entry]) -> None:
    text = "\n".join(json_form.lines(entries)).encode()
    assert facts(json_form.read(text).entries) == facts(entries)


@EXAMPLES
@given(registries())
def test_recording(entries: list[Entry]) -> None:
    data = recording.write(entries, (SERVICE_PLANE,), 5, "box")
    found = recording.read(data)
    assert facts(found.entries) == facts(entries)
    assert (found.planes, found.host) == ((SERVICE_PLANE,), "box")


OWN = re.compile("IORegistryEntry|IOObject|IOService")


@EXAMPLES
@given(registries(VALUES))
def test_plist(entries: list[Entry]) -> None:
    data = archive(entries, Options(list_all=True))
    found: RegistryFile = plist_reader.read(load(data, "test"), len(data))
    known = [_sorted(entry) for entry in entries]
    assert facts(found.entries) == facts(known)


def _sorted(entry: Entry) -> Entry:
    """Property lists have no order of keys."""
    table = properties.decode(entry.props)
    return msgspec.structs.replace(entry, props=properties.encode(table))


@EXAMPLES
@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_one_sentence_or_a_file(data: bytes) -> None:
    for start in (b"", b"+-o R  <class X>\n", b"P: /devices/x\n", b"[", b"bplist00", b"<?xml"):
        assert "\n" not in _told(start + data)


def _told(data: bytes) -> str:
    """What is said of a file; empty where it could be read."""
    try:
        read(data, "f")
    except ProblemError as error:
        return str(error)
    return ""
