"""Drivers that do everything wrong: each is one clear sentence, and the runtime goes on."""

from pathlib import Path

import pytest

from runtime.model import words
from runtime.model.events import Crashed, Hung
from runtime.model.outcome import ExitHow
from runtime.wire.commands.devices import Plug, Unplug

from .apps import driver_source, make_app
from .conftest import RuntimeProcess, alive, wait_for


def _run(runtime: RuntimeProcess, app: Path) -> None:
    runtime.approve(runtime.pending(app))
    runtime.call(Plug("sample"))
    wait_for(lambda: len(runtime.records().drivers) == 1, "the driver")


def _first_crash(runtime: RuntimeProcess) -> Crashed:
    found: list[Crashed] = []

    def crashed() -> bool:
        found[:] = [e.detail for e in runtime.events() if isinstance(e.detail, Crashed)]
        return bool(found)

    wait_for(crashed, "a crash")
    return found[0]


def test_raises_in_start(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """A crash with the exception and its frames, then quarantine."""
    app = make_app(tmp_path, driver_source("self.nothing()"))
    _run(runtime_process, app)
    crash = _first_crash(runtime_process)
    assert "AttributeError" in crash.exit.detail
    assert any("Start" in frame for frame in crash.exit.frames)
    assert "AttributeError" in words.text(crash)
    driver = runtime_process.driver_when(lambda d: d.state == "quarantined", "the quarantine")
    assert driver.crashes == 6


def test_start_returns_an_error(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """An error is no crash: the driver is stopped, and says why."""
    app = make_app(tmp_path, driver_source("raise IOReturnError(kIOReturnNoDevice)"))
    _run(runtime_process, app)
    driver = runtime_process.driver_when(lambda d: d.state == "stopped", "the driver to stop")
    assert driver.crashes == 0
    assert driver.note.startswith("Start failed: ")


def test_exits(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """The exit code is the reason."""
    _run(runtime_process, make_app(tmp_path, driver_source("import os\nos._exit(7)")))
    crash = _first_crash(runtime_process)
    assert (crash.exit.how, crash.exit.number) == (ExitHow.CODE, 7)


def test_hangs_in_start(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """Not responding after its deadline, and killable all the same; log lines are no progress."""
    body = "import time\nwhile True:\n    time.sleep(0.01)\n    IOLog('still here')"
    _run(runtime_process, make_app(tmp_path, driver_source(body)))
    driver = runtime_process.driver_when(lambda d: d.state == "not responding", "the deadline")
    assert "Start" in driver.note
    runtime_process.call(Unplug("sample"))
    assert not alive(driver.pid)
    assert runtime_process.driver().state == "stopped"


def test_works_long_in_start(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """Longer than a callback may be silent: every call that returns gives it more time."""
    body = (
        "import time\n"
        "for part in range(14):\n"
        "    end = time.monotonic() + 0.5\n"
        "    while time.monotonic() < end: pass\n"
        "    self.SetProperties({'Part': part})"
    )
    _run(runtime_process, make_app(tmp_path, driver_source(body)))
    states: set[str] = set()

    def running() -> bool:
        states.add(runtime_process.driver().state)
        return "running" in states

    wait_for(running, "the driver to run")
    assert states == {"starting", "running"}
    assert not any(isinstance(event.detail, Hung) for event in runtime_process.events())
    assert runtime_process.driver().launch[-1].after_us > 6_500_000


def test_floods_its_log(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """Lines above the limit are counted, others are kept, and the runtime answers meanwhile."""
    body = 'for n in range(20_000): IOLog(f"line {n}")\nfor n in range(20_000): print("out", n)'
    _run(runtime_process, make_app(tmp_path, driver_source(body)))
    driver = runtime_process.driver_when(lambda d: d.state == "running", "the driver to run")
    wait_for(
        lambda: any("dropped" in text for text in runtime_process.log(driver)),
        "the count of what was dropped",
    )


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param("b'\\xff' * 40", id="no message"),
        pytest.param("b''", id="an empty packet"),
    ],
)
def test_sends_garbage(runtime_process: RuntimeProcess, tmp_path: Path, garbage: str) -> None:
    """A breach ends it, named as such; nothing else is touched."""
    body = (
        "import os, socket, stat\n"
        "for fd in range(3, 64):\n"
        "    try:\n"
        "        if stat.S_ISSOCK(os.fstat(fd).st_mode): os.write(fd, " + garbage + ")\n"
        "    except OSError: pass\n"
        "import time; time.sleep(30)"
    )
    _run(runtime_process, make_app(tmp_path, driver_source(body)))
    assert _first_crash(runtime_process).exit.how is ExitHow.BREACH


def test_the_class_is_missing(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """A module without the class of its personality cannot be loaded, and says so."""
    _run(runtime_process, make_app(tmp_path, "x = 1\n"))
    crash = _first_crash(runtime_process)
    assert "Trial" in crash.exit.detail


def test_a_syntax_error(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """So does one that is no Python."""
    _run(runtime_process, make_app(tmp_path, "def (:\n"))
    assert "SyntaxError" in _first_crash(runtime_process).exit.detail
