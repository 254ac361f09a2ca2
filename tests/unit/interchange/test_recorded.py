"""Recordings with a past: every moment comes back, secrets do not, old files stay readable."""

from functools import partial
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.client.past import Retrieval
from runtime.interchange import recorded, recording
from runtime.interchange.anonymous import Anonymizer
from runtime.interchange.recorded import Past
from runtime.model import properties
from runtime.model.entry import Entry
from runtime.model.errors import BreachError, ProblemError
from runtime.model.events import Event, Plugged
from runtime.model.identity import ROOT_ID, EntryId
from runtime.model.properties import Properties
from runtime.wire import limits
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

PLUGGED = Event(7, 1_000_000_000, Plugged(DISK.name, DISK.cls), DISK.id, "IOService:/Disk")


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
    return recording.write(
        [ROOT], ("IOService",), 5, "ada", history=[segment(), segment(10_000)], events=[PLUGGED]
    )


def assert_every_moment(data: bytes) -> None:
    past = Past(recording.read(data).history)
    for moment in (past.moment, partial(paged, past)):
        assert names(moment(1000)) == ["Root", DISK.name]
        assert moment(2500).entries[DISK.id] == LATER
        assert names(moment(9999)) == ["Root"]
        assert names(moment(10_000)) == ["Root", DISK.name]
        with pytest.raises(ProblemError, match="expected one that the recording knows"):
            moment(999)


def paged(past: Past, at_ms: int) -> Moment:
    """A moment as a client gets it from the reader."""
    retrieval, found = Retrieval(at_ms), None
    while found is None:
        asked = retrieval.command
        found = retrieval.add(past.page(asked.at_ms, asked.segment, asked.after))
    return found


def test_every_moment_comes_back() -> None:
    assert_every_moment(file())
    assert [entry.name for entry in recording.read(file()).entries] == ["Root"]


def test_the_first_version_is_still_read() -> None:
    assert_every_moment(GOLDEN.read_bytes())


def test_a_recording_of_one_moment_has_no_past() -> None:
    file = recording.read(recording.write([ROOT], ("IOService",)))
    assert (file.history, file.events) == ((), [])
    with pytest.raises(ProblemError, match="expected a recording with its past, found none"):
        Past(file.history).page(5)


def test_what_happened_comes_back_and_what_a_newer_version_wrote_is_left_out() -> None:
    assert recording.read(file()).events == [PLUGGED]
    head, _, body = file().partition(b"\n")
    table = msgspec.msgpack.decode(body)
    table["events"].insert(0, [1, 5, ["never-heard-of", 1]])
    again = recording.read(head + b"\n" + msgspec.msgpack.encode(table))
    assert (again.events, again.wall_ns) == ([PLUGGED], 5)


def test_a_page_is_what_a_message_can_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = segment()
    monkeypatch.setattr(limits, "HISTORY_PAGE", max(map(len, segment())))
    past = Past([[first, second, third]])
    page = past.page(2000)
    assert (page.chunks, page.last, page.more, page.oldest_ms) == ((first,), 1, True, 1000)
    assert past.page(2000, page.segment, page.last).chunks == (second, third)
    monkeypatch.setattr(limits, "HISTORY_PAGE", len(first) - 1)
    with pytest.raises(BreachError, match="expected chunks of at most"):
        past.page(2000)


def test_secrets_are_left_out_and_the_rest_stays() -> None:
    hiding = Anonymizer(["ada-laptop.example.org"])
    found = Past(recorded.anonymous([segment()], hiding)).moment(2000).entries[DISK.id]
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


NO_SECRETS = {"none", "unknown", "localhost"}  # firmware writes them where it has none


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
            assert found[key] != secret or secret.lower() in NO_SECRETS


def test_a_damaged_past_is_one_sentence() -> None:
    data = recording.write([ROOT], ("IOService",), history=[[b"noise"]])
    with pytest.raises(BreachError, match="history: expected a chunk of records"):
        Past(recording.read(data).history).moment(1000)
