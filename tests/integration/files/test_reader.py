"""The reader as a process: what it serves, what it refuses, what it can no longer do."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.client.blocking import Connection
from runtime.client.client import Client
from runtime.client.start import open_file
from runtime.model import properties
from runtime.model.entry import Entry
from runtime.model.errors import ProblemError, UnavailableError
from runtime.model.records import Mode, Status
from runtime.wire import client as wire
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.registry import Subscribe

SECONDS = 60.0
HEAD = b"+-o Root  <class IORegistryEntry, id 0x100000100, retain 1>\n"


@contextmanager
def _reader(path: Path) -> Iterator[tuple[Connection, subprocess.Popen[bytes]]]:
    sock, child = open_file(path)
    with child:
        with Connection(Client(sock, "test")) as connection:
            yield connection, child
        assert child.wait(SECONDS) in {0, 1}


def _snapshot(connection: Connection) -> tuple[list[Entry], Status]:
    connection.call(Subscribe(), SECONDS)
    entries: list[Entry] = []
    status: Status | None = None
    for message in connection.messages(SECONDS):
        if isinstance(message, wire.Part):
            entries += message.entries
            status = message.status or status
        elif isinstance(message, wire.SnapshotEnd):
            assert not message.more
            break
    assert status is not None
    return entries, status


def _dump(path: Path, lines: bytes) -> Path:
    path.write_bytes(HEAD + b"    {\n" + lines + b"    }\n    \n")
    return path


def test_a_snapshot_and_then_nothing(tmp_path: Path) -> None:
    path = _dump(tmp_path / "a.txt", b'      "k" = (1,"two",<00ff>)\n      "bad" = <0>\n')
    with _reader(path) as (connection, _):
        (entry,), status = _snapshot(connection)
        assert (entry.name, entry.cls) == ("Root", "IORegistryEntry")
        assert properties.decode(entry.props) == {"k": [1, "two", b"\0\xff"], "bad": "<0>"}
        assert status.mode is Mode.FILE
        assert status.notes[0] == "a.txt (ioreg text): this is a file, nothing here is live"
        assert status.notes[1].startswith(
            "1 place could not be read, the first: Root, property 'bad'"
        )
        with pytest.raises(ProblemError, match=r"a\.txt: expected a running system") as refused:
            connection.call(Plug("sample"), SECONDS)
        assert refused.value.code == "read-only"
        assert _snapshot(connection)[0] == [entry], "a second subscription gets it again"


def test_entries_of_another_plane_alone_have_no_parent_but_a_place(tmp_path: Path) -> None:
    path = tmp_path / "tree.txt"
    path.write_bytes(
        b"+-o /  <class IOPlatformExpertDevice, id 0x100000101, retain 9>\n  {\n  }\n  \n"
        b"  +-o soc@10  <class IOService, id 0x100000102, retain 1>\n      {\n      }\n      \n"
    )
    with _reader(path) as (connection, _):
        entries, _ = _snapshot(connection)
    assert [entry.parents_in("IOService") for entry in entries] == [(0,), ()]
    top, below = entries
    assert top.parents_in("IODeviceTree") == (0,)
    assert below.parents_in("IODeviceTree") == (top.id,)
    assert below.title_in("IODeviceTree") == "soc@10"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "found an empty file"),
        (b"hello", "expected ioreg's text or plist"),
        (b"bplist00", "expected a property list, found a broken one"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"IORegistry recording 9\n", "expected version 1, found '9'"),
        (b"+-o", "expected ioreg's text"),
        (b"[1]", "expected an array of entries"),
    ],
)
def test_what_is_no_registry_is_one_sentence(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "f"
    path.write_bytes(data)
    with _reader(path) as (connection, _), pytest.raises(UnavailableError) as told:
        connection.call(Subscribe(), SECONDS)
    assert str(told.value).startswith(f"{path}: ")
    assert sentence in str(told.value)
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with _reader(tmp_path / "none") as (connection, _), pytest.raises(UnavailableError) as told:
        connection.call(Subscribe(), SECONDS)
    assert str(told.value) == f"{tmp_path}/none: expected a file, found: No such file or directory"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with _reader(tmp_path) as (connection, _), pytest.raises(UnavailableError, match="directory"):
        connection.call(Subscribe(), SECONDS)


def test_values_that_no_message_can_hold_are_cut_and_told(tmp_path: Path) -> None:
    path = _dump(tmp_path / "b", b'      "big" = <' + b"00" * 3_000_000 + b'>\n      "s" = 1\n')
    with _reader(path) as (connection, _):
        (entry,), status = _snapshot(connection)
    table = properties.decode(entry.props)
    assert (len(table["big"]), table["s"]) == (4096, 1)  # type: ignore[arg-type]
    assert "1 value is too large to be shown at once" in status.notes


def test_it_is_confined(tmp_path: Path) -> None:
    path = _dump(tmp_path / "c", b'      "k" = 1\n')
    with _reader(path) as (connection, child):
        _snapshot(connection)
        status = Path(f"/proc/{child.pid}/status").read_text()
        facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert facts["NoNewPrivs"] == "1"
        assert facts["Seccomp"] == "2"
        assert int(facts["CapEff"], 16) == 0
        if os.geteuid() == 0:
            assert facts["Uid"].split() == ["65534"] * 4
        limits = Path(f"/proc/{child.pid}/limits").read_text()
        assert "Max address space         unlimited" not in limits
        if os.geteuid() == 0:
            opened = list(Path(f"/proc/{child.pid}/fd").iterdir())
            assert len(opened) <= 4  # the three standard ones and the connection


def test_its_end_is_the_end_of_its_client(tmp_path: Path) -> None:
    path = _dump(tmp_path / "d", b'      "k" = 1\n')
    sock, child = open_file(path)
    with child:
        sock.close()
        assert child.wait(SECONDS) == 0


def test_memory_is_ten_times_the_file_and_64_mib(tmp_path: Path) -> None:
    """20 MB of entries with properties, through the reader, measured by the kernel."""
    block = (
        b'  | {\n  |   "a" = {"x"=1,"y"="text","z"=(1,2,3)}\n  |   "b" = <00112233>\n  | }\n  | \n'
    )
    with (tmp_path / "e").open("wb") as file:
        file.write(HEAD)
        for number in range(20_000_000 // 200):
            file.write(b"  +-o E  <class IOService, id 0x%x, registered, matched, active, "
                       b"busy 0 (0 ms), retain 5>\n" % (0x1000001000 + number))  # fmt: skip
            file.write(block)
        file.write(b"  +-o F  <class IOService, retain 1>\n")
    size = (tmp_path / "e").stat().st_size
    with _reader(tmp_path / "e") as (connection, child):
        entries, _ = _snapshot(connection)
        peak = int(
            next(
                line.split()[1]
                for line in Path(f"/proc/{child.pid}/status").read_text().splitlines()
                if line.startswith("VmHWM")
            )
        )
    assert len(entries) > 90_000
    assert peak * 1024 <= (64 << 20) + 10 * size
