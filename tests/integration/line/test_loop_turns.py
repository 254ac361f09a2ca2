"""No turn of the runtime's loop takes long, whatever clients ask for."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from runtime.client import past
from runtime.model.identity import ROOT_ID
from runtime.registry.history import History
from runtime.registry.journal import Journal
from runtime.registry.tree import Registry
from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.drivers import CrashDriver
from runtime.wire.commands.registry import Subscribe

from .conftest import ROOT, SECONDS, RuntimeProcess, wait_for

LIMIT_MS = 5.0
ENTRIES = 4000
BEGAN_MS = 1_700_000_000_000


def lay_down_a_past(path: Path) -> int:
    """Write a journal with segments of thousands of entries; return its last moment."""
    ms = BEGAN_MS
    journal = Journal(path)
    history = History(journal.segments(), "earlier", lambda: ms * 1_000_000)
    registry = Registry(lambda: ms * 1_000_000, history.changed)
    known = [
        registry.attach(ROOT_ID, f"device{number}", "IOService", props={"serial": f"{number:032x}"})
        for number in range(ENTRIES)
    ]
    for number in range(3 * ENTRIES):
        ms += 10
        registry.merge_properties(known[number % ENTRIES], {"level": number})
        if number % 500 == 0:
            history.pump()
            history.flush()
    history.close()
    journal.close()
    return ms


def test_no_turn_over_five_milliseconds(tmp_path: Path, measured: Callable[[str], None]) -> None:
    """The whole line with a subscriber: snapshot, activation, approval, plug, crash, unplug.

    Behind it lies a large past, of which moments are asked for while room is made in it.
    """
    runtime = RuntimeProcess(tmp_path)
    report = tmp_path / "turns.json"
    runtime.state_dir.mkdir(parents=True, exist_ok=True)
    last_ms = lay_down_a_past(runtime.state_dir / "journal.sqlite")
    runtime.process = subprocess.Popen(
        [
            *(sys.executable, str(Path(__file__).with_name("timed_runtime.py"))),
            *("--socket", str(runtime.socket), "--state-dir", str(runtime.state_dir)),
            *("--allow-socket-approval", str(report)),
        ],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
    )
    follower = runtime.connect()
    follower.call(Subscribe())
    runtime.approve(runtime.pending())
    for _ in range(3):
        runtime.call(Plug("sample"))
        runtime.driver_when(lambda d: d.state == "running", "the driver to run")
        starts = runtime.driver().starts
        runtime.call(CrashDriver(runtime.driver().id))
        wait_for(lambda before=starts: runtime.driver().starts > before, "it again")  # type: ignore[misc]
        runtime.driver_when(lambda d: d.state == "running", "the driver to run again")
        runtime.call(Unplug("sample"))
    for at_ms in (last_ms, last_ms - 20_000, BEGAN_MS + 5000, last_ms):
        assert len(past.moment(follower, at_ms).entries) == ENTRIES + 1
    wait_for(lambda: past.moment(follower, BEGAN_MS + 5000).values_ms > 0, "detail to go")
    runtime.process.terminate()
    assert runtime.process.wait(SECONDS) == 0
    runtime.stop()
    worst = json.loads(report.read_text())
    measured(f"longest turn of the runtime's loop: {worst['ms']:.1f} ms ({worst['what'][:120]})")
    assert worst["ms"] < LIMIT_MS, worst
