"""A debugger in a live driver: the stuck loop is found, a variable changed, and it goes on."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.model.driver_lifecycle import DriverState
from runtime.model.errors import ProblemError
from runtime.wire import debugger as stream
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.drivers import DebugDriver
from runtime.wire.commands.extensions import SetDeveloperMode

from .apps import driver_source, make_app
from .conftest import SAMPLE, SECONDS, RuntimeProcess, wait_for

PROMPT = stream.PROMPT.encode()
RUNNING = DriverState.RUNNING
STUCK = """
stuck = True
counter = 0
while stuck:
    counter += 1
IOLog("free again")
"""

SPINNER = """
from runtime.driverkit import IODispatchQueue
def spin():
    rounds = 0
    while rounds >= 0:
        rounds += 1
        if rounds < 100:
            IOLog("round")
    IOLog("free again")
queue = IODispatchQueue.Create("Spinner")
queue.DispatchAsync(spin)
"""


class Session:
    """One debugger's connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.greeting = self._until_prompt()

    def say(self, line: str) -> str:
        """Type a line and return what comes before the next prompt."""
        self.send(line)
        return self._until_prompt()

    def send(self, line: str) -> None:
        """Type a line and wait for nothing."""
        self._socket.sendall(line.encode() + b"\n")

    def leave(self, line: str) -> None:
        """Type a line that ends the session, and see it end."""
        self.send(line)
        while self._socket.recv(4096):
            pass

    def _until_prompt(self) -> str:
        text = b""
        while not text.endswith(PROMPT):
            data = self._socket.recv(4096)
            assert data, text
            text += data
        return text.removesuffix(PROMPT).decode()


@contextmanager
def attached(runtime: RuntimeProcess) -> Iterator[Session]:
    door = runtime.call(DebugDriver(runtime.driver().id)).path
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(SECONDS)
        sock.connect(door)
        yield Session(sock)


def run(runtime: RuntimeProcess, app: Path) -> None:
    runtime.approve(runtime.pending(app))
    runtime.call(Plug("sample"))


def test_an_endless_loop_is_found_stepped_changed_and_left(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    run(runtime_process, make_app(tmp_path, driver_source(STUCK)))
    wait_for(lambda: any(d.pid for d in runtime_process.records().drivers), "its process")
    stuck = runtime_process.driver_when(lambda driver: len(driver.launch) >= 4, "its code to run")
    with attached(runtime_process) as debugger:
        assert "Stopped in Start" in debugger.greeting
        assert "Default (stopped here):" in debugger.say("threads")
        assert "watcher" in debugger.say("threads")
        assert "while stuck" in debugger.say("list")
        for _ in range(3):
            assert "Start()" in debugger.say("next")
        wait_for(lambda: runtime_process.driver().debugging, "the record to say so")
        debugger.say("stuck = False")
        debugger.leave("c")
    driver = runtime_process.driver_when(lambda driver: driver.state is RUNNING, "it to run")
    assert driver.pid == stuck.pid
    assert "free again" in runtime_process.log(driver)
    wait_for(lambda: not runtime_process.driver().debugging, "the record to say so")


def test_an_idle_driver_stops_at_once_and_goes_on_when_the_peer_leaves(
    running: RuntimeProcess,
) -> None:
    pid = running.driver().pid
    with attached(running) as debugger:
        assert "Stopped in" in debugger.greeting
        assert "watcher" in debugger.say("threads")
        assert "watcher.py" in debugger.say("thread watcher")
    wait_for(lambda: not running.driver().debugging, "the end of the session")
    with attached(running) as debugger:  # and it can be debugged again
        debugger.leave("q")
    assert running.driver().pid == pid
    assert running.driver().crashes == 0


def test_a_breakpoint_stops_in_the_drivers_own_module(running: RuntimeProcess) -> None:
    module = next(SAMPLE.glob("Contents/Library/SystemExtensions/*/MyUserUSBInterfaceDriver.py"))
    lines = module.read_text().splitlines()
    line = lines.index("        if status == kIOReturnAborted:") + 1
    with attached(running) as debugger:
        said = debugger.say(f"b MyUserUSBInterfaceDriver.py:{line}")
        assert f".dext/MyUserUSBInterfaceDriver.py:{line}" in said
        assert "not found" in debugger.say("b NoModule.py:1")
        assert "-> if status == kIOReturnAborted" in debugger.say("c")
        assert debugger.say("p actualByteCount").strip() == "8"
        assert "-> if status != kIOReturnSuccess" in debugger.say("n")
        debugger.leave("q")
    assert running.driver().crashes == 0


def test_only_in_developer_mode_and_once_at_a_time(running: RuntimeProcess) -> None:
    driver = running.driver()
    with attached(running):
        wait_for(lambda: running.driver().debugging, "the record to say so")
        with pytest.raises(ProblemError, match="already"):
            running.call(DebugDriver(driver.id))
    running.call(SetDeveloperMode(on=False))
    with pytest.raises(ProblemError, match="developer mode"):
        running.call(DebugDriver(driver.id))


def view(debugger: Session) -> stream.View:
    """What a window is told before the next prompt."""
    said = debugger.say("view")
    return stream.decode(said[said.index(stream.MARK) + 1 :].splitlines()[0].encode())


def test_a_window_sees_the_stuck_thread_first_and_frees_it(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    run(runtime_process, make_app(tmp_path, driver_source(SPINNER)))
    started = runtime_process.driver_when(lambda driver: driver.state is RUNNING, "it to run")
    wait_for(lambda: "round" in runtime_process.log(started), "its queue to spin")
    with attached(runtime_process) as debugger:
        seen = view(debugger)
        spinner = seen.threads[0]
        assert (spinner.name, spinner.callback, spinner.stopped) == ("Spinner", "spin", False)
        assert spinner.frames[0].function == "spin"
        assert seen.thread == "Default"
        said = debugger.say("thread Spinner")
        seen = stream.decode(said[said.index(stream.MARK) + 1 :].splitlines()[0].encode())
        assert (seen.thread, seen.frame) == ("Spinner", 0)
        assert [(each.name, each.kind) for each in seen.variables] == [("rounds", "int")]
        assert "expected a frame" in debugger.say("frame 99")
        debugger.say("rounds = -9")
        debugger.leave("c")
    wait_for(lambda: "free again" in runtime_process.log(started), "its queue to be free")
    assert runtime_process.driver().pid == started.pid


def test_one_who_leaves_a_statement_that_never_returns_debugs_no_more(
    running: RuntimeProcess,
) -> None:
    pid = running.driver().pid
    with attached(running) as debugger:
        debugger.send("while True: print('still here')")
        wait_for(lambda: running.driver().debugging, "the record to say so")
    wait_for(lambda: not running.driver().debugging, "the end of the session")
    with attached(running) as debugger:
        debugger.leave("q")
    assert (running.driver().pid, running.driver().crashes) == (pid, 0)


def test_one_who_leaves_between_two_stops_debugs_no_more(running: RuntimeProcess) -> None:
    pid = running.driver().pid
    with attached(running) as debugger:
        debugger.say("import textwrap")
        assert "Breakpoint 1" in debugger.say("b textwrap.dedent")  # which nobody calls
        debugger.send("c")
        wait_for(lambda: running.driver().debugging, "the record to say so")
    wait_for(lambda: not running.driver().debugging, "the end of the session")
    with attached(running) as debugger:
        assert "textwrap" not in debugger.say("b")
        debugger.leave("q")
    assert running.driver().pid == pid
