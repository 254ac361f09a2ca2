"""Drivers that fight the protocol by hand: each is ended for what it did, and leaves nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.model.errors import ProblemError
from runtime.model.outcome import Exit, ExitHow
from runtime.wire import client as wire
from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.drivers import ReleaseDriver
from runtime.wire.commands.registry import Subscribe, Topic

from .apps import driver_source, make_app
from .conftest import ROOT, RuntimeProcess, wait_for

PRELUDE = """
import os, time
import msgspec
from runtime.driverkit.transport import process
from runtime.model.outcome import Stage
from runtime.wire import codec, driver, methods
control = process()._connection._control.fileno()
def send(message):
    os.write(control, codec.encode(message))
"""


def _run(runtime: RuntimeProcess, folder: Path, body: str) -> None:
    runtime.approve(runtime.pending(make_app(folder, driver_source(PRELUDE + body))))
    runtime.call(Plug("sample"))


def _first_exit(runtime: RuntimeProcess) -> Exit:
    found: list[Exit] = []

    def ended() -> bool:
        found[:] = [driver.last_exit for driver in runtime.records().drivers if driver.last_exit]
        return bool(found)

    wait_for(ended, "its end")
    return found[0]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(
            "send(driver.Staged(Stage.LOADED))\ntime.sleep(30)",
            "expected the next launch stage",
            id="a stage twice",
        ),
        pytest.param(
            "for _ in range(200): send(driver.Staged(Stage.LOCKED_DOWN))",
            "expected the next launch stage",
            id="breaches after the breach, read when it is reaped",
        ),
        pytest.param(
            "send(driver.Goodbye())\ntime.sleep(30)",
            "found it running",
            id="a goodbye and no end",
        ),
        pytest.param(
            "v = 1\nfor _ in range(400): v = [v]\n"
            "method = methods.SetProperties(codec.raw({'a': v}))\n"
            "send(driver.Call(9, self.GetRegistryEntryID(), method))\ntime.sleep(30)",
            "levels",
            id="properties that nobody could walk",
        ),
    ],
)
def test_a_breach(runtime_process: RuntimeProcess, tmp_path: Path, body: str, said: str) -> None:
    """It is killed for that, its device can be unplugged, and the runtime ends in order."""
    _run(runtime_process, tmp_path, body)
    ended = _first_exit(runtime_process)
    assert ended.how is ExitHow.BREACH
    assert said in ended.detail
    runtime_process.call(Unplug("sample"))
    assert runtime_process.driver().state == "stopped"
    assert runtime_process.process is not None
    runtime_process.process.terminate()
    assert runtime_process.process.wait(20) == 0


def test_an_epitaph_of_many_lines(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """Only the first line is the reason."""
    _run(runtime_process, tmp_path, 'raise ValueError("one\\n" * 1000)')
    assert _first_exit(runtime_process).detail == "ValueError: one"


def test_half_a_character_in_a_log_line(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """A log never ends a driver."""
    _run(runtime_process, tmp_path, 'IOLog("before \\ud800 after")')
    driver = runtime_process.driver_when(lambda d: d.state == "running", "the driver")
    assert "before ? after" in runtime_process.log(driver)


def test_log_lines_of_full_length(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """However many bytes a line has, whoever follows or asks gets all of them.

    Its state and its log come on two sockets: it may be running before its last lines are there.
    """
    _run(runtime_process, tmp_path, 'for n in range(450): IOLog("\u20ac" * 4096)')
    follower = runtime_process.connect()
    follower.call(Subscribe(tuple(Topic)))
    driver = runtime_process.driver_when(lambda d: d.state == "running", "the driver")

    def whole() -> int:
        return sum(len(text) == 4096 for text in runtime_process.log(driver))

    wait_for(lambda: whole() >= 450, "its last line")
    assert whole() == 450
    for message in follower.messages(20):
        told = message.drivers if isinstance(message, wire.Part | wire.Delta) else ()
        if any(d.state == "running" for d in told):  # in the snapshot, where it was quicker
            break


def test_transfers_on_many_pipes(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """What a driver has outstanding is bounded for all of its pipes together."""
    body = """
from runtime.driverkit import IOReturnError
here = provider._transport
here.call(0, methods.InterfaceOpen())
pipe = codec.Decoder(int, "handle")
pipes = [pipe(here.call(0, methods.CopyPipe(0x81))) for _ in range(3)]
queued = 0
try:
    for number in range(5000):
        here.call(pipes[number % 3], methods.AsyncIO(number, 64, bytes(60_000)))
        queued += 1
except IOReturnError as error:
    IOLog(f"{error}")
"""
    _run(runtime_process, tmp_path, body)

    def refused() -> bool:
        drivers = runtime_process.records().drivers
        return any(
            "too many outstanding transfers" in text
            for driver in drivers
            for text in runtime_process.log(driver)
        )

    wait_for(refused, "the refusal")


def test_a_release_does_not_make_two(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """A quarantined driver whose place another one has by now stays where it is."""
    _run(runtime_process, tmp_path, "os._exit(1)")
    first = runtime_process.driver_when(lambda d: d.state == "quarantined", "the quarantine")
    runtime_process.approve(runtime_process.pending())
    wait_for(
        lambda: [d.state for d in runtime_process.records().drivers] == ["quarantined", "running"],
        "the next candidate",
    )
    with pytest.raises(ProblemError, match="found MyUserUSBInterfaceDriver on it"):
        runtime_process.call(ReleaseDriver(first.id))


def test_text_that_steers_a_terminal(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    """The forms for other programs have it escaped or not at all."""
    body = "self.SetProperties({'a\\x1b[31m': 'b\\x01\\u202e'})"
    _run(runtime_process, tmp_path, body)
    runtime_process.driver_when(lambda d: d.state == "running", "the driver")
    environment = os.environ | {"IOREGISTRY_SOCKET": str(runtime_process.socket)}
    for form in ("-al", "--json"):
        command = [sys.executable, "-m", "runtime.commands.ioreg", form]
        said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
        assert b"\x1b" not in said.stdout
