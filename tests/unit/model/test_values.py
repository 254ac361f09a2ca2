"""Small values of the model: their bounds, and the numbers that they take from others."""

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.model import archive
from runtime.model.content import content_hash
from runtime.model.entry import READY, Entry, State
from runtime.model.errors import (
    BreachError,
    BundleError,
    InspectorError,
    ProblemError,
    SpawnError,
    UnavailableError,
)
from runtime.model.identity import ROOT_ID
from runtime.model.kern_return import IOReturn
from runtime.model.outcome import Exit, ExitHow
from runtime.model.usb import EndpointDescriptor, TransferType, parse_setup


def test_the_first_entry_has_apples_first_id() -> None:
    assert ROOT_ID == 0x100000100


def test_a_title_has_a_location_only_where_there_is_one() -> None:
    assert Entry(ROOT_ID, 0, "Root", "IORegistryEntry").title == "Root"
    assert Entry(ROOT_ID, 0, "usb", "IOUSBHostDevice", "14200000").title == "usb@14200000"


def test_a_ready_entry_is_registered_and_matched() -> None:
    assert READY == State.REGISTERED | State.MATCHED
    assert not READY & State.INACTIVE


@pytest.mark.parametrize(
    "kind", [BreachError, SpawnError, UnavailableError, ProblemError, BundleError]
)
def test_every_error_is_of_this_project(kind: type[InspectorError]) -> None:
    assert issubclass(kind, InspectorError)


def test_a_bundles_error_carries_what_programs_need() -> None:
    error = BundleError("invalid-bundle", "a.dext: no", path="Info.plist", sx_code=9)
    assert (error.code, error.path, error.sx_code, str(error)) == (
        "invalid-bundle",
        "Info.plist",
        9,
        "a.dext: no",
    )


@pytest.mark.parametrize(
    ("name", "number"),  # from IOReturn.h: iokit_common_err(0x2bc) is 0xe00002bc, and so on
    [
        ("ERROR", 0xE00002BC),
        ("EXCLUSIVE_ACCESS", 0xE00002C5),
        ("UNSUPPORTED", 0xE00002C7),
        ("NOT_OPEN", 0xE00002CD),
        ("BUSY", 0xE00002D5),
        ("TIMEOUT", 0xE00002D6),
        ("NOT_READY", 0xE00002D8),
        ("NO_SPACE", 0xE00002DB),
        ("NOT_PERMITTED", 0xE00002E2),
        ("ABORTED", 0xE00002EB),
        ("NOT_RESPONDING", 0xE00002ED),
        ("NOT_FOUND", 0xE00002F0),
    ],
)
def test_return_codes_have_apples_numbers(name: str, number: int) -> None:
    assert IOReturn[name] == number


@pytest.mark.parametrize(
    ("how", "number", "name"),
    [
        (ExitHow.SIGNAL, signal.SIGSEGV, "SIGSEGV"),
        (ExitHow.SIGNAL, 63, "signal 63"),
        (ExitHow.CODE, 11, ""),
    ],
)
def test_only_a_signal_has_a_signals_name(how: ExitHow, number: int, name: str) -> None:
    assert Exit(how, number).signal_name == name


@pytest.mark.parametrize(
    ("address", "attributes", "is_input", "kind"),
    [(0x81, 3, True, TransferType.INTERRUPT), (0x02, 2, False, TransferType.BULK)],
)
def test_an_endpoint_reads_its_bits(
    address: int, attributes: int, is_input: bool, kind: TransferType
) -> None:
    endpoint = EndpointDescriptor(address, attributes, 8, 10)
    assert (endpoint.is_input, endpoint.transfer_type) == (is_input, kind)


def test_a_setup_packet_is_little_endian() -> None:
    request = parse_setup(bytes.fromhex("80 06 0001 0900 1200".replace(" ", "")))
    assert (request.request_type, request.request) == (0x80, 6)
    assert (request.value, request.index, request.length) == (0x0100, 9, 18)


@pytest.mark.parametrize("length", [0, 7, 9])
def test_a_setup_packet_has_eight_bytes(length: int) -> None:
    with pytest.raises(BreachError, match=f"expected 8 bytes, found {length}"):
        parse_setup(bytes(length))


plain = st.text("abcXYZ019._-", min_size=1, max_size=8).filter(lambda part: part not in {".", ".."})
paths = st.lists(plain, min_size=1, max_size=3).map("/".join)


@given(files=st.dictionaries(paths, st.binary(max_size=16), max_size=5))
def test_an_archive_does_not_depend_on_the_order_of_its_files(files: dict[str, bytes]) -> None:
    packed = archive.pack(files)
    assert archive.unpack(packed) == files
    assert archive.pack(dict(reversed(files.items()))) == packed


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/", "a\0b"])
def test_a_path_that_could_leave_the_bundle_is_a_breach(path: str) -> None:
    with pytest.raises(BreachError, match="plain relative path"):
        archive.pack({path: b""})


@given(noise=st.binary(max_size=64))
def test_noise_is_a_breach_or_an_archive(noise: bytes) -> None:
    complaint = "bundle archive"
    try:
        archive.unpack(noise)
    except BreachError as error:
        complaint = str(error)
    assert complaint.startswith("bundle archive")


def test_a_content_hash_is_sha256_in_hex() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert content_hash(b"") == empty
