"""The past of a real runtime: what was there, across a kill and a restart, through `ioreg --at`."""

import os
import subprocess
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from runtime.client import past
from runtime.client.blocking import Connection
from runtime.interchange import recording
from runtime.model.errors import ProblemError
from runtime.model.events import Plugged
from runtime.model.records import Driver
from runtime.wire import client as wire
from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.registry import Subscribe, Topic
from runtime.wire.history import Moment

if TYPE_CHECKING:
    from tests.integration.line.conftest import RuntimeProcess

SAMPLE = "Sample Device"


def now_ms() -> int:
    """A moment that nothing after this call shares."""
    ms = time.time_ns() // 1_000_000
    deadline = time.monotonic() + 1
    while time.time_ns() // 1_000_000 <= ms:
        assert time.monotonic() < deadline
    return ms


def names(moment: Moment) -> set[str]:
    return {entry.name for entry in moment.ordered()}


def test_what_was_there_stays_readable(runtime_process: "RuntimeProcess") -> None:
    runtime = runtime_process.connect()
    before = now_ms()
    plugged = runtime.call(Plug("sample"))
    during = now_ms()
    runtime.call(Unplug("sample"))
    after = now_ms()
    assert plugged.entry not in past.moment(runtime, before).entries
    assert plugged.entry in past.moment(runtime, during).entries
    assert plugged.entry not in past.moment(runtime, after).entries
    runtime_process.kill()
    runtime_process.start()
    again = runtime_process.connect()
    assert plugged.entry in past.moment(again, during).entries
    assert past.moment(again, now_ms()).run != past.moment(again, during).run
    with pytest.raises(ProblemError, match="expected one that history knows"):
        past.moment(again, before - 3_600_000)


def test_now_is_what_a_subscriber_sees(runtime_process: "RuntimeProcess") -> None:
    runtime = runtime_process.connect()
    plugged = runtime.call(Plug("sample"))
    seen = snapshot(runtime)
    found = past.moment(runtime_process.connect(), now_ms())
    assert plugged.entry in found.entries
    assert found.entries == seen
    assert all(isinstance(driver, Driver) for driver in found.drivers.values())


def snapshot(runtime: Connection) -> dict[int, object]:
    """All entries, by a subscription."""
    found: dict[int, object] = {}
    runtime.call(Subscribe((Topic.ENTRIES,)))
    for message in runtime.messages(10):
        if isinstance(message, wire.Part):
            found |= {entry.id: entry for entry in message.entries}
        elif isinstance(message, wire.SnapshotEnd):
            break
    return found


def test_ioreg_at(runtime_process: "RuntimeProcess") -> None:
    runtime = runtime_process.connect()
    before = now_ms()
    path = runtime.call(Plug("sample")).path
    name = path.rpartition("/")[2].partition("@")[0]
    during = now_ms()
    runtime.call(Unplug("sample"))

    def ioreg(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "runtime.commands.ioreg", "-w", "0", *options],
            env={**os.environ, "IOREGISTRY_SOCKET": str(runtime_process.socket)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def iso(ms: int) -> str:
        return datetime.fromtimestamp(ms / 1000).astimezone().isoformat()

    assert name in ioreg("--at", iso(during)).stdout
    gone = ioreg("--diff", iso(during), "now").stdout
    assert any(line.startswith("-") and name in line for line in gone.splitlines()), gone
    assert name not in ioreg("--at", iso(before)).stdout
    assert ioreg("--at", "now").stdout.startswith("+-o Root")
    refused = ioreg("--at", "2 weeks ago")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "expected one that history knows" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert "expected “10 minutes ago”" in ioreg("--at", "some day").stderr


def test_a_recording_takes_its_past_along(runtime_process: "RuntimeProcess") -> None:
    runtime = runtime_process.connect()
    plugged = runtime.call(Plug("sample"))
    during = datetime.fromtimestamp(now_ms() / 1000).astimezone().isoformat()
    runtime.call(Unplug("sample"))
    name = plugged.path.rpartition("/")[2].partition("@")[0]

    def ioreg(*arguments: str) -> bytes:
        return subprocess.run(
            [sys.executable, "-m", "runtime.commands.ioreg", *arguments],
            env={**os.environ, "IOREGISTRY_SOCKET": str(runtime_process.socket)},
            capture_output=True,
            timeout=30,
            check=True,
        ).stdout

    data = ioreg("--recording", "--since", "1 minute ago", "--anonymous")
    assert b"SIM0001" not in data
    file = runtime_process.state_dir / "sent.ioregrec"
    file.write_bytes(data)
    then = ioreg("--from", str(file), "--at", during, "-l", "-w", "0").decode()
    assert name in then
    assert '"USB Serial Number" = "hidden-' in then
    assert name not in ioreg("--from", str(file), "-w", "0").decode()


def test_the_window_has_a_live_past_written_and_compared(
    runtime_process: "RuntimeProcess",
) -> None:
    runtime = runtime_process.connect()
    before = datetime.fromtimestamp(now_ms() / 1000).astimezone().isoformat()
    name = runtime.call(Plug("sample")).path.rpartition("/")[2]
    folder = runtime_process.state_dir

    def export(*arguments: str) -> None:
        command = [sys.executable, "-m", "runtime.export", "--socket", str(runtime_process.socket)]
        subprocess.run([*command, *arguments], timeout=30, check=True)

    to, text, lines = folder / "sent.ioregrec", folder / "a.txt", folder / "a.json"
    export("save", "recording", str(to), "--since", before, "--anonymous")
    found = recording.read(to.read_bytes())
    assert found.history
    assert any(isinstance(event.detail, Plugged) for event in found.events)
    assert name.partition("@")[0] in {entry.name for entry in found.entries}
    assert b"SIM0001" not in to.read_bytes()
    export("compare", before, "now", "--text", str(text), "--json", str(lines))
    assert any(line.startswith("+ ") and name in line for line in text.read_text().splitlines())
