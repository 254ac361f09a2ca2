"""Every role of the frozen program: window, runtime, zygote, worker, and a driver in a sandbox."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
NAME = "MyUserUSBInterfaceDriver"
TIMEOUT = 60.0  # seconds


@pytest.fixture
def runtime(program: Path, tmp_path: Path) -> Iterator[Path]:
    """The frozen program as a runtime; its socket."""
    socket = tmp_path / "socket"
    command: list[str | Path] = [
        program,
        "--role=runtime",
        "--socket",
        socket,
        "--state-dir",
        tmp_path / "state",
    ]
    process = subprocess.Popen([*command, "--allow-socket-approval"], stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + TIMEOUT
        while not socket.is_socket():
            assert process.poll() is None, "the frozen runtime ended"
            assert time.monotonic() < deadline, "the frozen runtime does not listen"
            time.sleep(0.02)
        yield socket
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def run(socket: Path, name: str, *arguments: str) -> str:
    """Run one of the project's commands against the frozen runtime."""
    done = subprocess.run(
        [BIN / name, *arguments],
        env=os.environ | {"IOREGISTRY_SOCKET": str(socket)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, f"{name} {arguments}: {done.stdout}{done.stderr}"
    return done.stdout


def until(condition: Callable[[], int]) -> int:
    """Return what the condition gives, once it is not 0."""
    deadline = time.monotonic() + TIMEOUT
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come in time"
    return found


def test_the_resources_come_along(program: Path) -> None:
    folder = program.parent / "_internal" / "resources" / "samples"
    assert list(folder.glob("*.app/Contents/Library/SystemExtensions/*.dext/Info.plist"))


def test_a_driver_runs_crashes_and_comes_again(program: Path, runtime: Path) -> None:
    app = program.parent / "_internal" / "resources" / "samples" / "SampleUSB.app"
    run(runtime, "systemextensionsctl", "developer", "on")
    run(runtime, "systemextensionsctl", "activate", str(app))
    (request,) = json.loads(run(runtime, "systemextensionsctl", "pending", "--json"))
    run(runtime, "systemextensionsctl", "approve", request["id"])
    run(runtime, "dext", "plug", "sample")

    def pid() -> int:
        printed = run(runtime, "ioreg", "-r", "-n", NAME, "-l")
        found = re.search(r'"IOUserServerPID" = (\d+)', printed)
        return int(found[1]) if found else 0

    first = until(pid)
    run(runtime, "dext", "crash", NAME)
    until(lambda: pid() not in {0, first})
    run(runtime, "dext", "unplug", "sample")


def test_the_window_starts_its_own_runtime(program: Path, tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    done = subprocess.run(
        [program, "--screenshot", picture],
        env=os.environ | {"IOREGISTRY_STATE_DIR": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
