"""Property lists from the world and from mutation: read, or refused in one sentence."""

import plistlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.extensions import plist
from runtime.extensions.manifest import read_manifest
from runtime.model import properties
from runtime.model.content import content_hash
from runtime.model.errors import BundleError

INFO = {
    "CFBundleIdentifier": "com.example.driver",
    "CFBundleExecutable": "Driver",
    "CFBundlePackageType": "DEXT",
    "CFBundleShortVersionString": "1.0",
    "CFBundleVersion": "1",
    "OSBundleUsageDescription": "Drives.",
    "IOKitPersonalities": {
        "One": {
            "IOProviderClass": "IOUSBHostInterface",
            "IOUserClass": "Driver",
            "idVendor": 0x1209,
            "data": b"\x00\x01",
            "list": [1, True, "x"],
        }
    },
}
FORMATS = (plistlib.dumps(INFO), plistlib.dumps(INFO, fmt=plistlib.FMT_BINARY))
SENTENCE = re.compile(r"[^\n]+: expected [^\n]+, found [^\n]+")


def is_sentence(refusal: BundleError) -> bool:
    return SENTENCE.fullmatch(str(refusal)) is not None


def read_whole(data: bytes) -> bool:
    """Whether a bundle with this Info.plist is read; fails on anything but a refusal."""
    try:
        manifest = read_manifest({"Info.plist": data, "Driver.py": b""}, "X.dext")
        manifest.personalities(content_hash(data))
    except BundleError as refusal:
        sentence = is_sentence(refusal)
    else:
        return True
    assert sentence
    return False


@pytest.mark.parametrize("data", FORMATS)
def test_both_formats_are_read(data: bytes) -> None:
    assert read_whole(data)


@given(
    st.sampled_from(FORMATS),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_changed_bytes_raise_nothing_else(data: bytes, changes: list[tuple[int, int]]) -> None:
    mutated = bytearray(data)
    for place, value in changes:
        mutated[place % len(mutated)] = value
    read_whole(bytes(mutated))


@given(st.sampled_from(FORMATS), st.integers(0, 2000), st.integers(0, 2000), st.binary(max_size=9))
def test_cut_and_filled_bytes_raise_nothing_else(
    data: bytes, start: int, length: int, filling: bytes
) -> None:
    start %= len(data)
    read_whole(data[:start] + filling + data[start + length :])


VALUES = st.recursive(
    st.one_of(
        st.text(max_size=20),
        st.integers(-(1 << 63), (1 << 64) - 1),
        st.booleans(),
        st.binary(max_size=8),
        st.floats(allow_nan=False),
        st.datetimes().map(lambda moment: moment.replace(microsecond=0)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from([*INFO, "Other"]), VALUES, max_size=8))
def test_any_value_at_any_key_is_read_or_refused(changes: dict[str, object]) -> None:
    data = plistlib.dumps({**INFO, **changes}, fmt=plistlib.FMT_BINARY)
    read_whole(data)


@given(st.dictionaries(st.text(max_size=9), VALUES, max_size=6))
def test_what_is_read_is_what_was_written(table: dict[str, object]) -> None:
    data = plistlib.dumps(table, fmt=plistlib.FMT_BINARY)
    try:
        found = plist.read(data, "X.plist")
    except BundleError as refusal:
        sentence = is_sentence(refusal)
    else:
        sentence = properties.decode(properties.encode(found)) == found == table
    assert sentence


def test_a_list_that_contains_itself_is_refused() -> None:
    # bplist00, one object: a dictionary whose key and value are... an array with itself inside.
    objects = [b"\xd1\x01\x02", b"\x51a", b"\xa1\x02"]
    body = b"bplist00"
    offsets = []
    for part in objects:
        offsets.append(len(body))
        body += part
    table = len(body)
    trailer = bytes(6) + b"\x01\x01" + (3).to_bytes(8, "big") + bytes(8) + table.to_bytes(8, "big")
    with pytest.raises(BundleError, match="levels"):
        plist.read(body + bytes(offsets) + trailer, "X.plist")


def test_shared_objects_are_counted_wherever_they_occur() -> None:
    inner: object = "x"
    for _ in range(6):
        inner = [inner] * 10
    data = plistlib.dumps({"a": inner}, fmt=plistlib.FMT_BINARY)
    assert len(data) < 1000 or len(data) < plist.MAX_BYTES
    with pytest.raises(BundleError, match="at most 50000 values"):
        plist.read(data, "X.plist")


def test_an_entity_bomb_is_refused() -> None:
    data = (
        b'<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "aaaaaaaaaa">]>'
        b"<plist><dict><key>a</key><string>&a;</string></dict></plist>"
    )
    with pytest.raises(BundleError, match="expected a property list"):
        plist.read(data, "X.plist")


def test_real_lists_are_read_or_refused_in_one_sentence(corpora: Path) -> None:
    read = 0
    files = [
        path
        for folder in ("plists", "entitlements")
        for path in sorted((corpora / folder).rglob("*"))
        if path.is_file() and not path.name.startswith("_")
    ]
    for path in files:
        data = path.read_bytes()
        read_whole(data)
        try:
            plist.read(data, path.name)
        except BundleError as refusal:
            sentence = is_sentence(refusal)
        else:
            sentence = True
            read += 1
        assert sentence, path
    assert len(files) > 60
    assert read > len(files) * 0.9
