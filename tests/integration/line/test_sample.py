"""The sample app as a user gets it: installed, launched, asked about."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from runtime.client import apps
from runtime.model.records import RequestState
from runtime.wire.commands.drivers import StopDriver
from runtime.wire.commands.extensions import InstallSample, SetDeveloperMode

from .conftest import SAMPLE, SECONDS, RuntimeProcess, wait_for


def test_install_launch_approve(runtime_process: RuntimeProcess) -> None:
    """Its program submits the request by itself; the app is the user's own copy."""
    installed = runtime_process.call(InstallSample())
    assert Path(installed.app_path).parent == Path(os.environ["HOME"]) / "Applications"
    added = Path(installed.app_path, "added")
    added.touch()
    runtime_process.call(InstallSample(keep=True))
    assert added.exists(), "a copy that may be signed stays"
    runtime_process.call(InstallSample())
    assert not added.exists(), "another copy is in its place"
    runtime_process.call(SetDeveloperMode(on=True))
    program = subprocess.Popen(
        apps.command(installed.program),
        env={**os.environ, "IOREGISTRY_SOCKET": str(runtime_process.socket)},
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: len(runtime_process.records().requests) == 1, "the app's request")
    (request,) = runtime_process.records().requests
    assert request.state is RequestState.WAITING
    assert request.requester.app_path == installed.app_path
    assert request.requester.pid == program.pid
    runtime_process.approve(request)
    said, _ = program.communicate(timeout=SECONDS)
    assert program.returncode == 0, said
    assert said.strip()


def test_the_request_outlives_the_app(runtime_process: RuntimeProcess) -> None:
    """A requester that leaves only loses its answer."""
    installed = runtime_process.call(InstallSample())
    runtime_process.call(SetDeveloperMode(on=True))
    program = subprocess.Popen(
        apps.command(installed.program),
        env={**os.environ, "IOREGISTRY_SOCKET": str(runtime_process.socket)},
        stdout=subprocess.DEVNULL,
    )
    wait_for(lambda: len(runtime_process.records().requests) == 1, "the app's request")
    program.kill()
    program.wait(SECONDS)
    (request,) = runtime_process.records().requests
    assert runtime_process.approve(request).state is RequestState.COMPLETED


def test_its_program_opens_the_driver_and_reads(
    running: RuntimeProcess, capfd: pytest.CaptureFixture[str]
) -> None:
    """The app has the entitlement for its own driver; the answer is what the device sent."""
    wait_for(lambda: any("bytes" in line for line in running.log(running.driver())), "a read")
    program = apps.command(str(SAMPLE / "Contents/Linux/SampleUSB"))
    env = {**os.environ, "IOREGISTRY_SOCKET": str(running.socket)}
    assert subprocess.run([*program, "read"], env=env, check=False, timeout=SECONDS).returncode == 0
    said = capfd.readouterr().out
    assert re.fullmatch(r"SampleUSB: [1-9]\d* reads, the last one ([0-9a-f]{2} ?){8}\n", said), said
    assert subprocess.run([*program, "raed"], env=env, check=False, timeout=SECONDS).returncode == 2
    assert "found raed" in capfd.readouterr().out
    running.call(StopDriver(running.driver().id))
    wait_for(lambda: running.driver().pid == 0, "the driver's end")
    assert subprocess.run([*program, "read"], env=env, check=False, timeout=SECONDS).returncode == 1
    assert "found none" in capfd.readouterr().out


@pytest.mark.parametrize("name", ["SampleUSB", "SampleHID", "SampleNub"])
def test_a_program_refuses_what_it_does_not_know(
    runtime_process: RuntimeProcess, name: str
) -> None:
    """Above all it does not take a call for help for a request."""
    program = SAMPLE.with_name(f"{name}.app") / "Contents/Linux" / name
    ended = subprocess.run(
        [*apps.command(str(program)), "--help"],
        env={**os.environ, "IOREGISTRY_SOCKET": str(runtime_process.socket)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (2, "")
    assert ended.stdout.startswith(f"{name}: expected no argument")
    assert ended.stdout.endswith("found --help\n")
    assert not runtime_process.records().requests
