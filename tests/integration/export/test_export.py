"""The export process against `ioreg`: the same bytes, of a file that its reader parses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.interchange import recording
from runtime.interchange.recorded import Past
from runtime.model import properties
from runtime.model.entry import Entry, State
from runtime.model.events import Event, Unplugged
from runtime.model.identity import ROOT_ID, EntryId
from runtime.wire.history import At, Begin, Gone, Put, Record, Whole, Writer

END_MS = 1_700_000_000_000
MATCHED = int(State.REGISTERED | State.MATCHED)
ROOT = Entry(ROOT_ID, 0, "Root", "IORegistryEntry", state=int(State.PLAIN))
HUB = Entry(EntryId(ROOT_ID + 1), ROOT_ID, "Hub", "IOUSBHostDevice", "1", state=MATCHED)
STICK = Entry(
    EntryId(ROOT_ID + 2),
    HUB.id,
    "Stick",
    "IOUSBHostDevice",
    "2",
    state=MATCHED,
    props=properties.encode({"USB Serial Number": "SECRET99", "idVendor": 0x46D, "d": b"\x01\xff"}),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A recording whose stick was unplugged ten minutes before its end."""
    writer = Writer()
    gone_ms = END_MS - 600_000
    begin: list[Record] = [Begin(1, "run"), At(END_MS - 3_600_000)]
    begin += [Put(ROOT), Put(HUB), Put(STICK), Whole()]
    later: list[Record] = [At(gone_ms), Gone(STICK.id)]
    chunks = [writer.chunk(begin), writer.chunk(later)]
    events = [Event(1, gone_ms * 1_000_000, Unplugged("Stick SECRET99", "IOUSBHostDevice"))]
    path = tmp_path / "machine.ioregrec"
    path.write_bytes(
        recording.write(
            [ROOT, HUB],
            ("IOService",),
            END_MS * 1_000_000,
            "ada",
            history=[chunks],
            events=events,
        )
    )
    return path


def run(module: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True,
        timeout=60,
        check=False,
        env=os.environ,
    )


def export(*arguments: str | Path) -> str:
    done = run("runtime.export", *arguments)
    assert done.stdout == b""
    assert (done.returncode == 0) is not bool(done.stderr)
    assert done.stderr.count(b"\n") <= 1
    return done.stderr.decode()


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("text", ["-l", "-w0"]),
        ("plist", ["-a", "-l"]),
        ("json", ["--json"]),
    ],
)
def test_a_form_is_what_ioreg_prints(
    file: Path, tmp_path: Path, form: str, options: list[str]
) -> None:
    to = tmp_path / "out"
    assert export("--of", file, "save", form, to) == ""
    assert to.read_bytes() == run("runtime.commands.ioreg", "--from", file, *options).stdout
    assert export("--of", file, "save", form, to, "--at", "30 minutes ago") == ""
    then = ["--from", str(file), "--at", "2023-11-14T21:43:20+00:00"]
    assert to.read_bytes() == run("runtime.commands.ioreg", *then, *options).stdout
    assert b"Stick" in to.read_bytes()


def test_a_recording_takes_its_past_along_without_secrets(file: Path, tmp_path: Path) -> None:
    to = tmp_path / "sent.ioregrec"
    told = export("--of", file, "save", "recording", to, "--since", "20 minutes ago", "--anonymous")
    assert told == ""
    again = recording.read(to.read_bytes())
    assert (again.host, again.wall_ns) == ("", END_MS * 1_000_000)
    assert [event.detail for event in again.events] == [
        Unplugged("Stick hidden-1", "IOUSBHostDevice")
    ]
    then = Past(again.history).moment(END_MS - 700_000).entries[STICK.id]
    assert properties.decode(then.props)["USB Serial Number"] == "hidden-1"
    assert b"SECRET99" not in to.read_bytes()


def test_a_comparison_is_what_ioreg_prints(file: Path, tmp_path: Path) -> None:
    text, lines = tmp_path / "a.txt", tmp_path / "a.json"
    other = tmp_path / "other.ioregrec"
    other.write_bytes(recording.write([ROOT, HUB, STICK], ("IOService",)))
    assert export("compare", file, other, "--text", text, "--json", lines) == ""
    diff = ["--diff", str(file), str(other)]
    assert text.read_bytes() == run("runtime.commands.ioreg", *diff).stdout
    assert lines.read_bytes() == run("runtime.commands.ioreg", *diff, "--json").stdout
    assert json.loads(lines.read_bytes())[0]["change"] == "added"


def test_moments_of_a_file_count_from_its_end(file: Path, tmp_path: Path) -> None:
    text, lines = tmp_path / "a.txt", tmp_path / "a.json"
    sides = ("30 minutes ago", "now")
    assert export("--of", file, "compare", *sides, "--text", text, "--json", lines) == ""
    (removed,) = json.loads(lines.read_bytes())
    assert (removed["change"], removed["name"]) == ("removed", "Stick")


@pytest.mark.parametrize(
    ("sides", "sentence"),
    [
        (("now", "never"), "never: expected a file, a time or “now”"),
        (("2 hours ago", "now"), "expected one that the recording knows"),
        (("{folder}", "now"), "expected a file, found: Is a directory"),
        (("{folder}/noise", "now"), "expected ioreg's text or plist"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(
    file: Path, tmp_path: Path, sides: tuple[str, str], sentence: str
) -> None:
    (tmp_path / "noise").write_bytes(b"noise")
    names = [side.format(folder=tmp_path) for side in sides]
    text, lines = tmp_path / "a.txt", tmp_path / "a.json"
    told = export("--of", file, "compare", *names, "--text", text, "--json", lines)
    assert sentence in told
    assert not text.exists()
    assert not lines.exists()


def test_what_cannot_be_written_is_one_sentence_and_what_was_there_stays(
    file: Path, tmp_path: Path
) -> None:
    assert "found something else" in export("--of", file, "save", "text", tmp_path)
    assert "No such file" in export("--of", file, "save", "text", tmp_path / "no" / "x")
    there = tmp_path / "there"
    there.write_bytes(b"before")
    assert "no such plane" in export("--of", file, "--plane", "X", "save", "text", there)
    assert there.read_bytes() == b"before"
    there.chmod(0o640)
    assert export("--of", file, "save", "text", there) == ""
    assert there.stat().st_mode & 0o777 == 0o640
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
