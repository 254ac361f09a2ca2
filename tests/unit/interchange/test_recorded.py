"""Recordings with a past: every moment comes back, secrets do not, old files stay readable."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.interchange import recorded, recording
from runtime.interchange.anonymous import Anonymizer
from runtime.model import properties
from runtime.model.entry import Entry
from runtime.model.errors import BreachError, ProblemError
from runtime.model.identity import ROOT_ID, EntryId
from runtime.model.properties import Properties
from runtime.wire.history import At, Begin, Gone, Moment, Put, Record, Whole, Writer, difference

GOLDEN = Path(__file__).parents[2] / "data" / "recording-1.ioregrec"
SERIAL = "9QX7Y123"
PROPS: Properties = {
    "ID_SERIAL_SHORT": SERIAL,
    "ID_SERIAL": f"Maker_Disk_{SERIAL}",
    "DEVLINKS": [f"/dev/disk/by-id/usb-Maker_Disk_{SERIAL}-0:0"],
    "ID_MODEL": "Disk",
    "idVendor": 0x1234,
    "USB Serial Number": SERIAL,
    "address": "52:54:00:12:34:56",
    "note": "seen by ada-laptop.example.org at 52:54:00:12:34:56",
    "IOPlatformSerialNumber": b"C02XK",
}
ROOT = Entry(ROOT_ID, 0, "Root", "IORegistryEntry")
DISK = Entry(
    EntryId(ROOT_ID + 1), ROOT_ID, f"Disk {SERIAL}", "IOMedia", props=properties.encode(PROPS)
)
LATER = Entry(
    DISK.id, ROOT_ID, DISK.name, "IOMedia", props=properties.encode(PROPS | {"state": "busy"})
)


def segment(first_ms: int = 1000) -> list[bytes]:
    """Root and a disk, which changes after a second and goes after two."""
    change = difference(DISK, LATER)
    assert change is not None
    steps: list[list[Record]] = [
        [Begin(1, "run"), At(first_ms), Put(ROOT), Put(DISK), Whole()],
        [At(first_ms + 1000), change],
        [At(first_ms + 2000), Gone(DISK.id)],
    ]
    writer = Writer()
    return [writer.chunk(records) for records in steps]


def names(moment: Moment) -> list[str]:
    return [entry.name for entry in moment.ordered()]


def file() -> bytes:
    return recording.write([ROOT], ("IOService",), 5, "ada", [segment(), segment(10_000)])


def assert_every_moment(data: bytes) -> None:
    history = recording.read_history(data)
    assert names(recorded.moment(history, 1000)) == ["Root", DISK.name]
    assert recorded.moment(history, 2500).entries[DISK.id] == LATER
    assert names(recorded.moment(history, 9999)) == ["Root"]
    assert names(recorded.moment(history, 10_000)) == ["Root", DISK.name]
    with pytest.raises(ProblemError, match="expected one that the recording knows"):
        recorded.moment(history, 999)


def test_every_moment_comes_back() -> None:
    assert_every_moment(file())
    assert [entry.name for entry in recording.read(file()).entries] == ["Root"]


def test_the_first_version_is_still_read() -> None:
    assert_every_moment(GOLDEN.read_bytes())


def test_a_recording_of_one_moment_has_no_past() -> None:
    assert recording.read_history(recording.write([ROOT], ("IOService",))) == ()


def test_secrets_are_left_out_and_the_rest_stays() -> None:
    hiding = Anonymizer(["ada-laptop.example.org"])
    found = recorded.moment(recorded.anonymous([segment()], hiding), 2000).entries[DISK.id]
    assert (found.name, found.cls) == ("Disk hidden-3", "IOMedia")
    assert properties.decode(found.props) == {
        "ID_SERIAL_SHORT": "hidden-3",
        "ID_SERIAL": "Maker_Disk_hidden-3",
        "DEVLINKS": ["/dev/disk/by-id/usb-Maker_Disk_hidden-3-0:0"],
        "ID_MODEL": "Disk",
        "idVendor": 0x1234,
        "USB Serial Number": "hidden-3",
        "address": "hidden-4",
        "note": "seen by host-1 at hidden-4",
        "IOPlatformSerialNumber": b"\x00" * 5,
        "state": "busy",
    }


@given(
    st.dictionaries(
        st.sampled_from(["serial", "ID_SERIAL", "name", "UUID", "wwn", "other"]),
        st.text(max_size=12) | st.integers(0, 99) | st.binary(max_size=4),
    )
)
def test_no_secret_is_left(props: Properties) -> None:
    entry = Entry(ROOT_ID, 0, "x", "C", props=properties.encode({**props, "copy": dict(props)}))
    hiding = Anonymizer()
    hiding.learn([entry])
    found = properties.decode(hiding.replaced(entry).props)
    assert list(found) == [*props, *(["copy"] if "copy" not in props else [])]
    again = Anonymizer()
    again.learn([entry])
    assert hiding.replaced(entry) == again.replaced(entry)
    for key in ("serial", "UUID", "wwn"):
        secret = props.get(key)
        if isinstance(secret, str) and len(secret) >= 4 and any(map(str.isalpha, secret)):
            assert found[key] != secret


def test_a_damaged_past_is_one_sentence() -> None:
    data = recording.write([ROOT], ("IOService",), history=[[b"noise"]])
    with pytest.raises(BreachError, match="history: expected a chunk of records"):
        recorded.moment(recording.read_history(data), 1000)
