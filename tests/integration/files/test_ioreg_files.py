"""`ioreg` with files: every form in, every form out, and what differs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.interchange import explorer_writer, recording
from runtime.interchange.registry_file import FileEntry
from runtime.model import properties
from runtime.model.entry import Entry, Place, State
from runtime.model.identity import EntryId

ROOT = Path(__file__).resolve().parents[3]

TEXT = """\
+-o Root  <class IORegistryEntry, id 0x100000100, retain 11>
  | {
  |   "number" = 0x10
  |   "IORegistryPlanes" = {"IOService"="IOService"}
  | }
  | 
  +-o Box  <class IOPlatformExpertDevice, id 0x100000101, registered, matched, active, busy 0 (0 ms), retain 2>
    | {
    |   "model" = <"Box">
    |   "IOUserClasses" = ("MyDriver","IOService")
    | }
    | 
    +-o usb@14  <class IOPCIDevice, id 0x100000102, registered, matched, active, busy 0, retain 2>
        {
          "reg" = <00100000000000000000000000000000000000001010000200000000000000000000000000000100>
        }
        
"""  # noqa: E501, W291, W293 - ioreg's own lines


def _ioreg(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "runtime.commands.ioreg", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "a dump.txt"
    path.write_text(TEXT)
    return path


def test_byte_for_byte(dump: Path) -> None:
    done = _ioreg("--from", dump, "-l", "-w0")
    assert (done.stdout, done.stderr, done.returncode) == (TEXT, "", 0)


def test_stats_is_one_object(dump: Path) -> None:
    assert json.loads(_ioreg("--from", dump, "--stats").stdout) == {
        "format": "ioreg text",
        "roots": 1,
        "entries": 3,
        "properties": 5,
        "planes": ["IOService"],
        "max_depth": 2,
        "warnings": 0,
    }


@pytest.mark.parametrize("form", ["-a", "--json", "--ioreg", "--recording"])
def test_every_form_can_be_read_again(dump: Path, tmp_path: Path, form: str) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "runtime.commands.ioreg", "--from", str(dump), "-l", form],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=True,
    ).stdout
    again = tmp_path / "again"
    again.write_bytes(made)
    counts = json.loads(_ioreg("--from", again, "--stats").stdout)
    assert (counts["entries"], counts["properties"], counts["max_depth"]) == (3, 5, 2)
    assert _ioreg("--diff", dump, again).stdout == ""


def test_apples_options_combine_on_a_file(dump: Path) -> None:
    assert _ioreg("--from", dump, "-x", "-l").stdout.count("<426f7800>") == 1
    assert "class IORegistryEntry:IOService:IOPCIDevice, id" in _ioreg("--from", dump, "-i").stdout
    assert _ioreg("--from", dump, "-r", "-n", "usb@14").stdout.startswith("+-o usb@14  <class")
    assert _ioreg("--from", dump, "-r", "-c", "MyDriver").stdout.startswith("+-o Box  <class")
    assert _ioreg("--from", dump, "-r", "-c", "MyDriver", "-y").stdout == ""
    assert _ioreg("--from", dump, "-r", "-k", "reg", "-t", "-d1").stdout.count("+-o") == 3
    assert _ioreg("--from", dump, "-d", "1").stdout.count("+-o") == 1
    assert _ioreg("--from", dump, "-w", "20").stdout.splitlines()[0] == "+-o Root  <class IO$"


def test_smart_formatting(dump: Path) -> None:
    shown = _ioreg("--from", dump, "-f", "-l").stdout
    assert (
        '          "reg" = \n'
        "            00000000: 00 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 10 10 00 "
        "02 00 00 00 00 00 00 00 00 ................................\n"
        "            00000020: 00 00 00 00 00 00 01 00"
    ) in shown
    assert '"model" = <"Box">' in shown


def test_planes_of_a_saved_file(tmp_path: Path) -> None:
    root = FileEntry(EntryId(1), 0, "Root", "IORegistryEntry", state=int(State.PLAIN))
    hub = Entry(EntryId(2), 1, "controller", "IOPCIDevice")
    device = Entry(
        EntryId(3), 2, "mouse", "IOUSBHostDevice",
        props=properties.encode({"n": 1}), places=(Place("IOUSB", EntryId(1), "Mouse", "14100000"),),
    )  # fmt: skip
    path = tmp_path / "m.ioreg"
    path.write_bytes(explorer_writer.write([root, hub, device], ("IOService", "IOUSB")))
    shown = _ioreg("--from", path, "-p", "IOUSB").stdout.splitlines()
    assert [line.split("  <")[0] for line in shown] == ["+-o Root", "  +-o Mouse@14100000"]
    shown = _ioreg("--from", path).stdout.splitlines()
    assert [line.split("  <")[0].strip() for line in shown] == [
        "+-o Root", "+-o controller", "+-o mouse"]  # fmt: skip
    done = _ioreg("--from", path, "-p", "IOPower")
    assert done.returncode == 1
    assert "plane 'IOPower': expected one of this registry (IOService, IOUSB)" in done.stderr


def test_a_circle_in_a_saved_file_ends(tmp_path: Path) -> None:
    one = FileEntry(EntryId(1), 2, "one", "IOService", places=(Place("IOUSB", EntryId(2)),))
    two = FileEntry(EntryId(2), 1, "two", "IOService", places=(Place("IOUSB", EntryId(1)),))
    path = tmp_path / "c.ioreg"
    path.write_bytes(explorer_writer.write([one, two], ("IOService", "IOUSB")))
    done = _ioreg("--from", path)
    assert done.stdout.count("+-o") == 2
    assert "found a circle" in done.stderr


def test_many_parents_do_not_multiply_without_end(tmp_path: Path) -> None:
    entries = [FileEntry(EntryId(1), 0, "R", "IORegistryEntry", state=int(State.PLAIN))]
    entries += [
        FileEntry(
            EntryId(2 * level + side), 2 * level - 2 or 1, f"e{level}{side}", "IOService",
            places=(Place("IOService", EntryId(2 * level - 1)),) if level > 1 else (),
        )
        for level in range(1, 40) for side in (0, 1)
    ]  # fmt: skip
    path = tmp_path / "l.rec"
    path.write_bytes(recording.write(entries, ("IOService",)))
    assert 0 < _ioreg("--from", path).stdout.count("+-o") < 4000


def test_diff_in_words_and_as_objects(dump: Path, tmp_path: Path) -> None:
    other = tmp_path / "b"
    other.write_text(TEXT.replace("0x10\n", "17\n").replace("+-o usb@14", "+-o usb@15"))
    shown = _ioreg("--diff", dump, other).stdout
    assert shown.splitlines() == [
        f"--- {dump}",
        f"+++ {other}",
        "- IOService:/Box/usb@14  <class IOPCIDevice>",
        "+ IOService:/Box/usb@15  <class IOPCIDevice>",
        "~ IOService:/  <class IORegistryEntry>",
        '    "number" = 16 is now 17',
    ]
    made = json.loads(_ioreg("--diff", dump, other, "--json").stdout)
    assert [one["change"] for one in made] == ["removed", "added", "changed"]
    assert made[2]["properties"] == [{"key": "number", "before": 16, "after": 17}]


def test_a_file_and_now(dump: Path) -> None:
    made = json.loads(_ioreg("--diff", dump, "now", "--json").stdout)
    assert {"removed", "added"} <= {one["change"] for one in made}


def test_what_could_not_be_read_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("junk\n" + TEXT)
    done = _ioreg("--from", path)
    assert done.returncode == 0
    assert done.stderr == (
        f"ioreg: warning: {path}: 1 place could not be read, the first: "
        "first lines: expected `+-o `, found 1 other lines\n"
    )


@pytest.mark.parametrize(
    "arguments", [["--diff"], ["--diff", "a"], ["--from"], ["--from", "x", "-q"]]
)
def test_wrong_options_print_the_usage(arguments: list[str]) -> None:
    done = _ioreg(*arguments)
    assert (done.returncode, done.stderr[:13]) == (1, "usage: ioreg ")


def test_a_file_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    done = _ioreg("--from", tmp_path / "no\nfile")
    assert done.returncode == 1
    assert done.stderr.startswith("ioreg: error: ")
    assert done.stderr.count("\n") == 1
