"""docs/library.md's example, run as it stands there against a real runtime."""

import os
import re
import subprocess
import sys
from pathlib import Path

from runtime.client.following import Following
from runtime.client.notifications import Kind
from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.extensions import SetDeveloperMode

from .apps import driver_source, make_app
from .conftest import ROOT, RuntimeProcess

PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
SECONDS = 60


def test_the_example_sees_a_device_come_and_go(runtime_process: RuntimeProcess) -> None:
    blocks: list[str] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    code, _ = blocks
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "IOREGISTRY_SOCKET": str(runtime_process.socket),
    }
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as example:
        assert example.stdout is not None
        lines = list(iter(example.stdout.readline, "ready\n"))
        assert any(line.endswith("/lo\n") for line in lines)
        plugged = runtime_process.call(Plug("sample"))
        came = example.stdout.readline()
        runtime_process.call(Unplug("sample"))
        went = example.stdout.readline()
        assert example.wait(SECONDS) == 0
    assert came.startswith(f"came: {plugged.path}/")
    assert went.split()[1] == came.split()[1]


def test_the_other_example_activates_an_app_and_compares_versions(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    runtime_process.call(SetDeveloperMode(on=True))
    _, code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    first = make_app(tmp_path / "1", driver_source("pass"), CFBundleVersion="2")
    older = make_app(tmp_path / "2", driver_source("pass"), CFBundleVersion="1")
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "IOREGISTRY_SOCKET": str(runtime_process.socket),
    }
    command = [sys.executable, "-c", f"{code}\nimport sys\nfor app in sys.argv[1:]: activate(app)"]
    with subprocess.Popen(
        [*command, str(first), str(first), str(older)], env=env, stdout=subprocess.PIPE, text=True
    ) as example:
        assert example.stdout is not None
        assert example.stdout.readline() == "an administrator has to approve it\n"
        (request,) = runtime_process.records().requests
        runtime_process.approve(request)
        assert example.stdout.readline() == "COMPLETED\n"
        assert example.stdout.readline() == "COMPLETED\n", "approved before: active at once"
        assert example.stdout.readline().startswith("11 com.example.trial@")
        assert example.wait(SECONDS) == 0


def test_following_tells_a_whole_life_and_waits_for_quiet(
    runtime_process: RuntimeProcess,
) -> None:
    with runtime_process.connect() as connection:
        following = Following(connection)
        assert following.wait_quiet(SECONDS)
        assert list(following.notifications(0.0)) == []
        entry = runtime_process.call(Plug("sample")).entry
        runtime_process.call(Unplug("sample"))
        told: list[Kind] = []
        for note in following.notifications(SECONDS):
            if note.entry.id == entry:
                told.append(note.kind)
            if told[-1:] == [Kind.TERMINATE]:
                break
    service = [kind for kind in told if kind not in {Kind.INTEREST, Kind.BUSY}]
    assert service[-2:] == [Kind.WILL_TERMINATE, Kind.TERMINATE]
    assert service[:-2] in (
        [],  # it came and went between two messages but for its end
        [Kind.FIRST_PUBLISH, Kind.PUBLISH, Kind.FIRST_MATCH, Kind.MATCHED],
    )
