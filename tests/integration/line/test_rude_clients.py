"""Clients that vanish, crowd in, or never read: their harm ends with their connection."""

import contextlib
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.client.blocking import connect
from runtime.engine.listener import CLIENTS
from runtime.model.errors import ProblemError, UnavailableError
from runtime.model.events import Unplugged
from runtime.wire import client as wire
from runtime.wire import codec, framing, limits
from runtime.wire.commands import Command
from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.extensions import Activate, Decide
from runtime.wire.commands.lifetime import Quit
from runtime.wire.commands.registry import GetRecords, Subscribe, Topic

from .conftest import SPARE_WORKER, RuntimeProcess, wait_for


@contextlib.contextmanager
def _raw(runtime: RuntimeProcess, *commands: Command) -> Iterator[socket.socket]:
    """A connection by hand that has asked for these commands."""
    asks = [wire.Ask(number, command) for number, command in enumerate(commands, start=1)]
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(runtime.socket))
        for message in (wire.Hello(limits.CLIENT_VERSION, "rude"), *asks):
            sock.sendall(framing.frame(codec.encode(message)))
        yield sock


def test_an_approval_goes_on_without_its_client(runtime_process: RuntimeProcess) -> None:
    """Who approves and vanishes has approved: the driver starts."""
    runtime_process.call(Plug("sample"))
    request = runtime_process.pending()
    decision = Decide(request.id, request.content_hash, request.nonce, approve=True)
    with _raw(runtime_process, decision):
        wait_for(lambda: runtime_process.records().extensions[0].state == "active", "the approval")
    wait_for(
        lambda: [d.state for d in runtime_process.records().drivers] == ["running"], "the driver"
    )


def test_an_unplug_goes_on_without_its_client(running: RuntimeProcess) -> None:
    """The device goes, and its port is free."""
    with _raw(running, Unplug("sample")):
        wait_for(lambda: running.driver().state != "running", "the driver to be stopped")
    wait_for(lambda: isinstance(running.events()[-1].detail, Unplugged), "the device to go")


def test_quitting_goes_on_without_its_client(running: RuntimeProcess) -> None:
    """A runtime that was told to end ends, and not only its drivers."""
    with _raw(running, Quit()), contextlib.suppress(UnavailableError):
        # It may have ended before it could be asked again.
        wait_for(lambda: running.driver().state != "running", "the driver to be stopped")
    assert running.process is not None
    assert running.process.wait(20) == 0


def test_a_client_that_never_reads(runtime_process: RuntimeProcess) -> None:
    """Its commands wait or end with it; nobody else does, and the runtime does not grow."""
    assert runtime_process.process is not None
    pid = runtime_process.process.pid
    before = _resident(pid)
    flood = b"".join(
        framing.frame(codec.encode(wire.Ask(number, GetRecords()))) for number in range(1, 200_000)
    )
    with _raw(runtime_process, Subscribe(tuple(Topic))) as rude:
        rude.settimeout(1.0)
        with pytest.raises(OSError, match=r"Broken pipe|timed out"):  # they are not all taken
            rude.sendall(flood)
        assert runtime_process.records().drivers == ()
        assert _resident(pid) - before < 32 << 20


def test_more_clients_than_there_is_room_for(runtime_process: RuntimeProcess) -> None:
    """The surplus is turned away in a sentence; those that go make room."""
    with contextlib.ExitStack() as crowd:
        for _ in range(CLIENTS - 1):
            crowd.enter_context(_raw(runtime_process))
        wait_for(lambda: _refusal(runtime_process) != "", "the crowd to be there")
        assert f"at most {CLIENTS} clients" in _refusal(runtime_process)
        assert runtime_process.records().drivers == ()
    wait_for(lambda: _refusal(runtime_process) == "", "room for one more")


def test_no_descriptor_left(runtime_process: RuntimeProcess) -> None:
    """Everything that needs one says so; with room again what was approved runs."""
    runtime = runtime_process
    assert runtime.process is not None
    pid = runtime.process.pid
    request = runtime.pending()
    runtime.child(SPARE_WORKER)
    runtime.records()  # it is made, and nothing more is under way
    app, room = request.requester.app_path, _limit_with_room(pid, 2)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (room, 4096))
    runtime.call(Activate(app))  # the worker that waited; its descriptor is the third that is free
    with pytest.raises(ProblemError, match="worker: expected to be able to start one"):
        runtime.call(Activate(app))
    assert runtime.approve(request).state == "completed"
    with contextlib.ExitStack() as crowd:
        for _ in range(10):
            crowd.enter_context(_raw(runtime))
        used = _cpu_seconds(pid)
        time.sleep(1.0)  # long enough to see a busy loop
        assert _cpu_seconds(pid) - used < 0.5
    assert runtime.records().extensions[0].state == "active", "an approval is lost"
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (1024, 4096))
    runtime.call(Plug("sample"))
    wait_for(lambda: [d.state for d in runtime.records().drivers] == ["running"], "the driver")


def test_a_runtime_that_does_not_accept(tmp_path: Path) -> None:
    """A full queue is not the same as nobody there."""
    path = tmp_path / "busy"
    with socket.socket(socket.AF_UNIX) as listening, contextlib.ExitStack() as waiting:
        listening.bind(str(path))
        listening.listen(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                sock = waiting.enter_context(socket.socket(socket.AF_UNIX))
                sock.setblocking(False)
                sock.connect(str(path))
        with pytest.raises(UnavailableError, match="found it busy"):
            connect("test", path)


def _refusal(runtime: RuntimeProcess) -> str:
    """Why one more client is turned away; empty when it is not."""
    with connect("test", runtime.socket) as one:
        try:
            one.call(GetRecords())
        except UnavailableError as error:
            return str(error)
    return ""


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def _limit_with_room(pid: int, room: int) -> int:
    """The limit of descriptors that leaves a process this many free ones, gaps counted."""
    used = {int(link.name) for link in Path(f"/proc/{pid}/fd").iterdir()}
    limit = 0
    while room:
        room -= limit not in used
        limit += 1
    return limit


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
