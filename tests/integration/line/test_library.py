"""docs/library.md's example, run as it stands there against a real runtime."""

import os
import re
import subprocess
import sys

from runtime.client.following import Following
from runtime.client.notifications import Kind
from runtime.wire.commands.devices import Plug, Unplug

from .conftest import ROOT, RuntimeProcess

PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
SECONDS = 60


def test_the_example_sees_a_device_come_and_go(runtime_process: RuntimeProcess) -> None:
    blocks: list[str] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (code,) = blocks
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
