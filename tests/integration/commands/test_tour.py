"""The commands against a real runtime: the whole tour, and every way in which it can fail."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "resources" / "samples" / "SampleUSB.app"
BUNDLE_ID = "com.example.sampleusb.driver"
DRIVER = "MyUserUSBInterfaceDriver"
DEADLINE = 30.0


class Runtime:
    """A runtime of its own, and the commands talking to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "s"
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "runtime", "--socket", str(self.socket)),
                *("--state-dir", str(self.folder / "state"), "--allow-socket-approval"),
            ],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + DEADLINE
        while self.run("dext", "list").returncode == 3:
            assert self.process.poll() is None
            assert time.monotonic() < deadline

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(DEADLINE)

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", f"runtime.commands.{command}", *arguments],
            cwd=ROOT,
            env={**os.environ, "IOREGISTRY_SOCKET": str(self.socket)},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def ok(self, command: str, *arguments: str) -> str:
        done = self.run(command, *arguments)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def refused(self, code: int, command: str, *arguments: str) -> str:
        """The one sentence of a command that does not succeed."""
        done = self.run(command, *arguments)
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr.count("\n") == 1
        assert done.stderr.split(":")[0].split()[0] == command
        return done.stderr.strip()

    def drivers(self) -> list[dict[str, Any]]:
        drivers: list[dict[str, Any]] = json.loads(self.ok("dext", "list", "--json"))
        return drivers

    def wait_for_driver(self, **wanted: object) -> dict[str, Any]:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            for driver in self.drivers():
                if all(driver[key] == value for key, value in wanted.items()):
                    return driver
        pytest.fail(f"no driver with {wanted}: {self.drivers()}")


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    runtime = Runtime(tmp_path)
    yield runtime
    if runtime.process.poll() is None:
        runtime.stop()


def test_the_tour(runtime: Runtime) -> None:
    ctl = "systemextensionsctl"
    assert runtime.ok(ctl, "developer", "on") == "developer mode is on\n"
    request_id, state = runtime.ok(ctl, "activate", str(SAMPLE)).strip().split(" ", 1)
    assert state == "waiting for approval"
    (pending,) = json.loads(runtime.ok(ctl, "pending", "--json"))
    assert pending["id"] == request_id
    assert pending["requester"]["uid"] == os.getuid()
    assert runtime.ok(ctl, "approve", request_id) == f"approved {request_id}\n"
    assert runtime.ok(ctl, "approve", request_id) == f"approved {request_id}\n"
    assert runtime.ok(ctl, "pending") == "no request waits for approval\n"
    row = runtime.ok(ctl, "list").splitlines()[-1]
    assert row == f"*\t*\t-\t{BUNDLE_ID} (1.0/1)\tSample USB Driver\t[activated enabled]"
    assert runtime.ok("dext", "plug", "sample").startswith("plugged sample: IOService:/")
    first = runtime.wait_for_driver(name=DRIVER, state="running")
    assert "Start" in runtime.ok("dext", "log", DRIVER)
    told = runtime.ok("dext", "list", "--sandbox")
    assert "    may talk to IOUSBHostInterface@0 of Sample USB Device@" in told
    assert "    may not start processes (seccomp)\n" in told
    assert f"pid {first['pid']}" in runtime.ok("dext", "crash", DRIVER)
    second = runtime.wait_for_driver(name=DRIVER, state="running", crashes=1)
    assert second["pid"] != first["pid"]
    runtime.ok("dext", "restart", DRIVER)
    third = runtime.wait_for_driver(name=DRIVER, state="running", starts=3)
    assert third["crashes"] == 1
    assert runtime.ok("dext", "stop", DRIVER).startswith(f"stopped {DRIVER} (1): ")
    runtime.wait_for_driver(name=DRIVER, state="stopped")
    runtime.ok("dext", "restart", DRIVER)
    runtime.wait_for_driver(name=DRIVER, state="running", starts=4)
    assert runtime.ok("dext", "unplug", "sample").startswith("unplugged sample: ")
    runtime.wait_for_driver(name=DRIVER, state="stopped")
    assert runtime.ok(ctl, "uninstall", "-", BUNDLE_ID).startswith(f"removed {BUNDLE_ID}@")
    assert runtime.ok("dext", "list") == "no drivers\n"
    assert runtime.ok(ctl, "reset") == "there is no extension\n"
    assert json.loads(runtime.ok(ctl, "reset", "--json")) == []
    assert runtime.ok(ctl, "gc").startswith("removed 1 staged")
    assert json.loads(runtime.ok(ctl, "gc", "--json")) == [{"removed": 0}]
    assert json.loads(runtime.ok(ctl, "developer", "--json")) == [{"developer": True}]
    deeds = [entry["deed"] for entry in json.loads(runtime.ok(ctl, "audit", "--json"))]
    assert [deed for deed in deeds if deed != "developer mode"] == [
        *("requested", "approved", "removed"),
    ]
    assert runtime.ok(ctl, "list") == "0 extension(s)\n"


def test_a_log_is_followed_until_it_is_interrupted(runtime: Runtime) -> None:
    runtime.ok("systemextensionsctl", "developer", "on")
    request = runtime.ok("systemextensionsctl", "activate", str(SAMPLE)).split()[0]
    runtime.ok("systemextensionsctl", "approve", request)
    runtime.ok("dext", "plug", "sample")
    runtime.wait_for_driver(name=DRIVER, state="running")
    follower = subprocess.Popen(
        [sys.executable, "-m", "runtime.commands.dext", "log", "-f", DRIVER],
        cwd=ROOT,
        env={**os.environ, "IOREGISTRY_SOCKET": str(runtime.socket)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert follower.stdout is not None
    reads: list[str] = []
    while len(reads) < 3:  # the device sends for as long as it is plugged
        line = follower.stdout.readline()
        assert line, "the follower ended"
        reads += [line] if "ReadComplete" in line else []
    follower.send_signal(signal.SIGINT)
    _, complaint = follower.communicate(timeout=DEADLINE)
    assert len(set(reads)) == len(reads)
    assert (follower.returncode, complaint) == (130, "")
    found = json.loads(runtime.ok("dext", "log", "--search", "start:", "--json", DRIVER))
    assert [line["text"] for line in found] == ["Start: driving IOUSBHostInterface"]
    assert "nothing with “unheard of”" in runtime.ok(
        "dext", "log", "--search", "unheard of", DRIVER
    )


def test_an_approval_is_waited_for_and_survives_the_runtime(runtime: Runtime) -> None:
    ctl = "systemextensionsctl"
    runtime.ok(ctl, "developer", "on")
    request = runtime.ok(ctl, "activate", str(SAMPLE)).split()[0]
    runtime.stop(signal.SIGKILL)
    runtime.start()
    assert runtime.ok(ctl, "pending").startswith(request)
    waiting = subprocess.Popen(
        [sys.executable, "-m", f"runtime.commands.{ctl}", "activate", "--wait", str(SAMPLE)],
        cwd=ROOT,
        env={**os.environ, "IOREGISTRY_SOCKET": str(runtime.socket)},
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + DEADLINE
    while json.loads(runtime.ok(ctl, "pending", "--json"))[0]["count"] < 2:
        assert time.monotonic() < deadline
    runtime.ok(ctl, "approve", BUNDLE_ID)
    answer, _ = waiting.communicate(timeout=DEADLINE)
    assert (waiting.returncode, answer) == (0, f"{request} completed\n")
    runtime.stop(signal.SIGKILL)
    runtime.start()
    assert runtime.ok(ctl, "activate", str(SAMPLE)) == f"{request} completed\n"


def test_every_failure_is_one_sentence(runtime: Runtime, tmp_path: Path) -> None:
    ctl = "systemextensionsctl"
    assert "expected one that waits, found none" in runtime.refused(1, ctl, "approve", "x")
    assert "expected an app folder X.app" in runtime.refused(1, ctl, "activate", "/none.app")
    assert "Applications" in runtime.refused(1, ctl, "activate", str(SAMPLE))
    assert "expected one of that identifier" in runtime.refused(1, ctl, "deactivate", "com.none")
    assert "of team T" in runtime.refused(1, ctl, "uninstall", "T", "com.none")
    assert "expected one of list, developer, " in runtime.refused(2, ctl, "frobnicate")
    assert "required" in runtime.refused(2, ctl)
    assert "expected one of com.apple.system_ext" in runtime.refused(2, ctl, "list", "bogus")
    assert "found an empty one" in runtime.refused(2, "dext", "restart", "")
    assert "Applications" in runtime.refused(1, ctl, "activate", str(SAMPLE), "--wait", "com.x")
    assert "found --bogus" in runtime.refused(2, "dext", "list", "--bogus")
    assert "expected a file, found a folder" in runtime.refused(1, "dext", "plug", f"{tmp_path}/")
    assert "driver x" in runtime.refused(1, "dext", "log", "x")
    assert "nosuch" in runtime.refused(1, "dext", "plug", "nosuch")
    assert "sample" in runtime.refused(1, "dext", "unplug", "sample")
    gone = str(tmp_path / "none")
    assert gone in runtime.refused(3, "dext", "--socket", gone, "list")
    assert gone in runtime.refused(3, "dext", "list", "--state-dir", gone)


def test_a_closed_pipe_is_quiet(runtime: Runtime) -> None:
    done = subprocess.run(
        f"{sys.executable} -m runtime.commands.systemextensionsctl list | true",
        shell=True,
        cwd=ROOT,
        env={**os.environ, "IOREGISTRY_SOCKET": str(runtime.socket)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_bad_bundles_and_developer_mode_are_said_plainly(runtime: Runtime, tmp_path: Path) -> None:
    ctl = "systemextensionsctl"
    runtime.ok(ctl, "developer", "on")
    app = tmp_path / "Broken.app"
    shutil.copytree(SAMPLE, app)
    dext = app / "Contents/Library/SystemExtensions" / f"{BUNDLE_ID}.dext"
    (dext / f"{DRIVER}.py").unlink()
    said = runtime.refused(1, ctl, "activate", str(app))
    assert said.endswith(f"{DRIVER}.py: expected the driver's module, found no such file")
    (dext / "Info.plist").write_bytes(b"<plist><dict><key>")
    assert "Info.plist: expected a property list, found" in runtime.refused(
        1, ctl, "activate", str(app)
    )
    assert runtime.ok(ctl, "list") == "0 extension(s)\n"
    request = runtime.ok(ctl, "activate", str(SAMPLE)).split()[0]
    runtime.ok(ctl, "developer", "off")
    assert "expected developer mode to be on" in runtime.refused(1, ctl, "approve", request)
    assert runtime.ok(ctl, "deny", request, "--note", "not today") == f"denied {request}\n"
    assert "found it denied by" in runtime.refused(1, ctl, "approve", request)
