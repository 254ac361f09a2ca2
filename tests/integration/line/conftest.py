"""A real runtime process for each test, and what a test needs to follow it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from runtime.client.blocking import Connection, connect
from runtime.model.errors import UnavailableError
from runtime.model.events import Event
from runtime.model.records import Driver, LogLine, Request
from runtime.wire import client as wire
from runtime.wire.commands.base import CommandOf
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.drivers import ReadLog
from runtime.wire.commands.extensions import Activate, Decide, SetDeveloperMode
from runtime.wire.commands.registry import GetRecords, Records, Subscribe, Topic

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "resources" / "samples" / "SampleUSB.app"
CHILDREN = 7
"""Of a runtime whose driver has crashed and runs again: zygote, standby, understudy, worker, spare
broker, broker and driver."""
SPARE_WORKER = " spare "  # in the command of the worker that waits for the next job
SECONDS = 20.0  # no wait in a test is longer: a loaded machine takes 2

T = TypeVar("T")


class RuntimeProcess:
    """`python -m runtime` on a state folder of its own; survives being killed and restarted.

    `inside` is the command in which it runs.
    """

    def __init__(self, folder: Path, inside: tuple[str, ...] = ()) -> None:
        self._inside = inside
        self.state_dir = folder / "state"
        self.socket = folder / "runtime.sock"
        self.process: subprocess.Popen[bytes] | None = None
        self._connections: list[Connection] = []

    def start(self, *arguments: str) -> None:
        """Start it and wait until it answers."""
        self.process = subprocess.Popen(
            [
                *(*self._inside, sys.executable, "-m", "runtime", "--socket", str(self.socket)),
                *("--state-dir", str(self.state_dir), "--allow-socket-approval", *arguments),
            ],
            cwd=ROOT,
        )
        self.connect()

    def connect(self) -> Connection:
        """A new connection; closed with the fixture."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                connection = self._answering()
                break
            except UnavailableError:
                assert self.process is not None
                assert self.process.poll() is None, "the runtime ended before it listened"
                assert time.monotonic() < deadline, "the runtime did not listen in time"
                time.sleep(0.02)
        self._connections.append(connection)
        return connection

    def _answering(self) -> Connection:
        """A connection that answers: a killed one's child may hold its socket until exec."""
        connection = connect("test", self.socket)
        try:
            connection.call(GetRecords())
        except UnavailableError:
            connection.close()
            raise
        return connection

    def records(self) -> Records:
        """The present records."""
        return self._connections[0].call(GetRecords())

    def call(self, command: CommandOf[T]) -> T:
        """Carry out a command."""
        return self._connections[0].call(command)

    def kill(self) -> None:
        """`kill -9`, reaped; connections are dropped."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(SECONDS)
        self._close_connections()

    def stop(self) -> None:
        """End it in order."""
        self._close_connections()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(SECONDS)

    def pending(self, app: Path = SAMPLE) -> Request:
        """Turn developer mode on and ask for an app's extension."""
        self.call(SetDeveloperMode(on=True))
        return self.call(Activate(str(app)))

    def approve(self, request: Request) -> Request:
        """Approve what a request shows."""
        return self.call(Decide(request.id, request.content_hash, request.nonce, approve=True))

    def driver(self) -> Driver:
        """The only driver."""
        (driver,) = self.records().drivers
        return driver

    def driver_when(self, check: Callable[[Driver], bool], what: str) -> Driver:
        """The only driver, once it is as wanted."""
        wait_for(lambda: check(self.driver()), what)
        return self.driver()

    def log(self, driver: Driver) -> list[str]:
        """The texts of a driver's log."""
        lines: list[LogLine] = []
        while True:
            after = lines[-1].number if lines else 0
            page = self.call(ReadLog(driver.id, after))
            if not page.lines:
                return [line.text for line in lines]
            lines += page.lines

    def children(self, called: str = "") -> list[int]:
        """Its children, zombies too; or those whose command has this in it."""
        assert self.process is not None
        pid = self.process.pid
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        return [int(each) for each in found if called in _command(int(each))]

    def child(self, called: str) -> int:
        """The child called so, once it is alone: one just forked still has the zygote's name."""
        found: list[int] = []

        def alone() -> bool:
            found[:] = self.children(called)
            return len(found) == 1

        wait_for(alone, called)
        return found[0]

    def events(self) -> list[Event]:
        """The journal so far."""
        with connect("test", self.socket) as follower:
            follower.call(Subscribe((Topic.EVENTS,)))
            found: list[Event] = []
            for message in follower.messages(SECONDS):
                if isinstance(message, wire.Part):
                    found += message.events
                if isinstance(message, wire.SnapshotEnd):
                    return found
        raise AssertionError

    def _close_connections(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections.clear()


def wait_for(check: Callable[[], bool], what: str) -> None:
    """Ask until the answer is yes."""
    deadline = time.monotonic() + SECONDS
    while not check():
        assert time.monotonic() < deadline, f"waited {SECONDS:.0f} s for {what}"
        time.sleep(0.01)


def _command(pid: int) -> str:
    """What ps shows of a process; nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except OSError:
        return ""


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def runtime_process(tmp_path: Path) -> Iterator[RuntimeProcess]:
    """A runtime that runs."""
    runtime = RuntimeProcess(tmp_path)
    runtime.start()
    yield runtime
    runtime.stop()


@pytest.fixture
def running(runtime_process: RuntimeProcess) -> RuntimeProcess:
    """A runtime with the sample approved, its device plugged, and its driver running."""
    runtime_process.approve(runtime_process.pending())
    runtime_process.call(Plug("sample"))
    wait_for(
        lambda: [d.state for d in runtime_process.records().drivers] == ["running"],
        "the driver to run",
    )
    return runtime_process


def kill(pid: int) -> None:
    """`kill -9` a process that a test's runtime started."""
    os.kill(pid, signal.SIGKILL)
