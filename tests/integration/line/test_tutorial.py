"""What docs/writing-a-driver.md says, done."""

import os
import re
import subprocess
import sys
from pathlib import Path

from runtime.commands import dext
from runtime.model.driver_lifecycle import DriverState
from runtime.model.records import RequestState
from runtime.wire.commands.devices import Plug

from .conftest import ROOT, RuntimeProcess, wait_for

PAGE = ROOT / "docs" / "writing-a-driver.md"
FILE = re.compile(r"^`(Meter\.app/\S+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def build(folder: Path) -> Path:
    """Write every file of the page."""
    written = 0
    for path, text in FILE.findall(PAGE.read_text(encoding="utf-8")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
        written += 1
    assert written == 5, "the page has five files"
    return folder / "Meter.app"


def listed(runtime: RuntimeProcess) -> str:
    """What the page's last command of its fourth section prints."""
    done = subprocess.run(
        [*(sys.executable, "-m", "runtime.commands.ioreg"), *("-r", "-n", "MeterDriver", "-l")],
        env=os.environ | {"IOREGISTRY_SOCKET": str(runtime.socket)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_tutorials_driver_runs_and_is_replaced(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    app = build(tmp_path)
    assert dext.run(["lint", str(app)]) == 0
    request = runtime_process.pending(app)
    assert (request.bundle_id, request.name) == ("com.example.meter.driver", "Meter Driver")
    assert request.usage == "Shows what the meter counts."
    assert runtime_process.approve(request).state is RequestState.COMPLETED
    runtime_process.call(Plug("sample"))
    first = runtime_process.driver_when(
        lambda driver: driver.state is DriverState.RUNNING, "the driver to run"
    )
    wait_for(lambda: "count 1" in runtime_process.log(first), "the second reading")
    assert re.search(r'"MeterCount" = [1-9]', listed(runtime_process))
    module = next(app.rglob("MeterDriver.py"))
    module.write_text(module.read_text(encoding="utf-8").replace('f"count', 'f"now'))
    newer = runtime_process.pending(app)
    assert newer.state is RequestState.WAITING, "approval belongs to the content"
    runtime_process.approve(newer)

    def replaced() -> bool:
        drivers = runtime_process.records().drivers
        running = [one for one in drivers if one.state is DriverState.RUNNING]
        return any(text.startswith("now ") for one in running for text in runtime_process.log(one))

    wait_for(replaced, "the changed driver")
