"""No turn of the runtime's loop takes long, whatever clients ask for."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.drivers import CrashDriver
from runtime.wire.commands.registry import Subscribe

from .conftest import ROOT, SECONDS, RuntimeProcess, wait_for

LIMIT_MS = 5.0


def test_no_turn_over_five_milliseconds(tmp_path: Path, measured: Callable[[str], None]) -> None:
    """The whole line with a subscriber: snapshot, activation, approval, plug, crash, unplug."""
    runtime = RuntimeProcess(tmp_path)
    report = tmp_path / "turns.json"
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
    runtime.process.terminate()
    assert runtime.process.wait(SECONDS) == 0
    runtime.stop()
    worst = json.loads(report.read_text())
    measured(f"longest turn of the runtime's loop: {worst['ms']:.1f} ms ({worst['what'][:120]})")
    assert worst["ms"] < LIMIT_MS, worst
