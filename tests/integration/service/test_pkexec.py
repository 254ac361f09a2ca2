"""The window has the service installed by the real pkexec, which asks a real polkitd."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from runtime.linux import usage
from tests.integration.service.conftest import ANNA, ROOT, SECONDS, Bus, Desktop


class Window:
    """The test's end of `installer.py`."""

    def __init__(self, bus: Bus) -> None:
        module = "tests.integration.service.installer"
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, str(bus.folder / "bus"), str(ANNA)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # without a terminal, as when a desktop starts it
        )
        self.pid = self._process.pid
        assert self._read() is None

    def install(self) -> list[str]:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        said = self._read()
        assert said is not None
        first, *rest = said
        assert first == "Installing the system service needs an administrator's password."
        return rest

    def close(self) -> None:
        self._process.communicate(timeout=SECONDS)
        assert self._process.returncode == 0

    def _read(self) -> list[str] | None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the window ended"
        found: list[str] | None = json.loads(line)
        return found


@pytest.fixture
def window(bus: Bus) -> Iterator[Window]:
    if shutil.which("pkexec") is None:
        pytest.skip("no pkexec: package pkexec")
    made = Window(bus)
    yield made
    made.close()


def test_an_administrator_s_yes_installs_it_and_nothing_else_does(
    desktop: Desktop, window: Window
) -> None:
    nobody = window.install()
    assert nobody == [
        "The system service was not installed: nobody to ask for a password: no polkit agent runs "
        "in this session"
    ]
    for how in ("closed", "no"):
        desktop.order(agent=how, pid=window.pid, started=usage.started_ticks(window.pid))
        denied = window.install()
        assert denied == ["The system service was not installed: no administrator said yes"]
    desktop.order(agent="yes", pid=window.pid, started=usage.started_ticks(window.pid))
    desktop.asked()
    done = window.install()
    assert done == ["The system service is installed; this window goes over to it.", "Quit"]
    (asked,) = desktop.asked()
    assert asked.startswith("org.freedesktop.policykit.exec: ")
