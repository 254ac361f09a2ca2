"""What becomes of the runtime when its window is killed or told to end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime.client.blocking import Connection, connect
from runtime.model.errors import UnavailableError
from runtime.model.records import Mode
from runtime.wire.commands.registry import GetRecords

SECONDS = 30.0


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class OpenWindow:
    """A window off screen, in a process of its own."""

    def __init__(self, state: Path) -> None:
        self.socket = state / "runtime.sock"
        environment = {k: v for k, v in os.environ.items() if k != "IOREGISTRY_SOCKET"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ioregui", "--state-dir", str(state)],
            env=environment
            | {"QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(state / "config")},
            stderr=subprocess.DEVNULL,
        )

    def runtime(self) -> tuple[int, Mode]:
        """The pid and mode of the runtime behind it."""
        with self._connect() as runtime:
            status = runtime.call(GetRecords()).status
        return status.pid, status.mode

    def _connect(self) -> Connection:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                return connect("test", self.socket)
            except UnavailableError:
                assert time.monotonic() < deadline, "no runtime came"
                time.sleep(0.02)


@pytest.fixture
def window(tmp_path: Path) -> Iterator[OpenWindow]:
    made = OpenWindow(tmp_path / "state")
    yield made
    if made.process.poll() is None:
        made.process.kill()
    made.process.wait(SECONDS)


def test_killed_window_takes_its_runtime_with_it(window: OpenWindow) -> None:
    pid, mode = window.runtime()
    assert mode is Mode.EMBEDDED
    window.process.send_signal(signal.SIGKILL)
    window.process.wait(SECONDS)
    until(lambda: not is_there(pid), "runtime outlived its window")


def test_second_window_joins_the_first_ones_runtime(window: OpenWindow, tmp_path: Path) -> None:
    pid, _mode = window.runtime()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ioregui",
            "--state-dir",
            str(tmp_path / "state"),
            "--screenshot",
            str(tmp_path / "second.png"),
        ],
        timeout=SECONDS,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "second.png").exists()
    assert window.runtime()[0] == pid
