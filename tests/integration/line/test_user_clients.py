"""Programs that open a driver's service, through the whole line."""

import os
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

from runtime.client import apps
from runtime.client.blocking import connect
from runtime.client.following import Following
from runtime.client.services import service_open
from runtime.client.user_client import UserClient
from runtime.linux.sockets import send_packet
from runtime.model import properties
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry
from runtime.model.errors import ReturnError
from runtime.model.identity import EntryId
from runtime.model.kern_return import IOReturn
from runtime.model.records import Driver
from runtime.wire.commands.devices import Plug
from tests.integration.line.apps import BUNDLE
from tests.integration.line.conftest import SECONDS, RuntimeProcess, wait_for
from tests.integration.line.user_clients import ACCESS, grant, make_open_app


def the_service(runtime: RuntimeProcess, app: Path) -> EntryId:
    """Have the app's driver run; its service's entry."""
    runtime.approve(runtime.pending(app))
    runtime.call(Plug("sample"))
    return EntryId(running(runtime).service)


def running(runtime: RuntimeProcess) -> Driver:
    return runtime.driver_when(lambda driver: driver.state is DriverState.RUNNING, "a driver")


def clients_of(runtime: RuntimeProcess, service: EntryId) -> list[Entry]:
    with connect("test", runtime.socket) as follower:
        following = Following(follower)
        following.wait_quiet(SECONDS)
        return list(following.registry.children(service))


def wait_log(runtime: RuntimeProcess, *lines: str) -> None:
    wait_for(lambda: set(lines) <= set(runtime.log(runtime.driver())), f"the log lines {lines}")


def test_a_program_calls_its_driver(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    service = the_service(runtime_process, make_open_app(tmp_path, any_program=True))
    connection = runtime_process.connect()
    with pytest.raises(ReturnError, match="type 9 is none of mine") as refused:
        service_open(connection, service, 9)
    assert refused.value.code == IOReturn.BAD_ARGUMENT
    with pytest.raises(ReturnError) as nothing:
        service_open(connection, EntryId(1))
    assert nothing.value.code == IOReturn.NOT_FOUND
    assert clients_of(runtime_process, service) == []

    with service_open(connection, service) as client:
        (entry,) = clients_of(runtime_process, service)
        creator = f"pid {os.getpid()}, {Path('/proc/self/comm').read_text().strip()}"
        assert (entry.id, entry.name, entry.cls) == (
            client.entry,
            "TrialClient",
            "IOUserUserClient",
        )
        assert entry.user_classes[:2] == ("TrialClient", "IOUserClient")
        assert properties.decode(entry.props)["IOUserClientCreator"] == creator
        check_calls(client, creator)
        check_pipelined(client)
        check_asynchronous(client)
        check_memory(client)
    wait_for(lambda: clients_of(runtime_process, service) == [], "the client to go")
    wait_log(runtime_process, "client stopped", "client freed")

    check_that_garbage_ends_a_client_alone(runtime_process, service)


def check_calls(client: UserClient, creator: str) -> None:
    assert client.call(0, (2, (1 << 64) - 3), scalar_outputs=1).scalars == ((1 << 64) - 1,)
    assert client.call(1, structure=b"abc", structure_output=3).structure == b"abc"
    assert client.call(6, structure_output=300).structure.decode() == creator
    for code, wrong in (
        (IOReturn.BAD_ARGUMENT, lambda: client.call(0, (1,), scalar_outputs=1)),
        (IOReturn.BAD_ARGUMENT, lambda: client.call(0, (1, 2))),
        (IOReturn.BAD_ARGUMENT, lambda: client.call(0, (1, 2), b"x", scalar_outputs=1)),
        (IOReturn.BAD_ARGUMENT, lambda: client.call(2)),
        (IOReturn.BAD_ARGUMENT, lambda: client.call(0, (-1, 2), scalar_outputs=1)),
        (IOReturn.UNSUPPORTED, lambda: client.call(99)),
        (IOReturn.MESSAGE_TOO_LARGE, lambda: client.call(7, scalar_outputs=2)),
        (IOReturn.UNSUPPORTED, lambda: client.map_memory(5)),
    ):
        with pytest.raises(ReturnError) as caught:
            wrong()
        assert caught.value.code == code, caught.value


def check_pipelined(client: UserClient) -> None:
    """More than the sockets hold, in both directions, without anybody waiting for ever."""
    large = bytes(60_000)
    numbers = [client.submit(1, structure=large, structure_output=60_000) for _ in range(40)]
    assert all(client.result(number).structure == large for number in numbers)


def check_asynchronous(client: UserClient) -> None:
    ended: list[tuple[int, tuple[int, ...]]] = []
    for _ in range(2):
        client.call_async(2, lambda status, values: ended.append((status, values)))
    assert ended == []
    client.call(3)
    while len(ended) < 2:
        assert select.select([client], [], [], SECONDS)[0]
        client.on_readable()
    assert ended == [(0, (7, 8))] * 2
    with pytest.raises(ReturnError) as caught:
        client.call_async(0, lambda _status, _values: ended.append((1, ())), (1, 2))
    assert caught.value.code == IOReturn.BAD_ARGUMENT


def check_memory(client: UserClient) -> None:
    memory, queue = client.map_memory(2), client.map_queue(1)
    client.call(5)
    assert bytes(memory[:6]) == b"hello\0"
    assert memory.readonly
    assert (queue.take(), queue.take(), queue.take()) == (b"one", b"two", None)
    queue.close()
    with pytest.raises(ReturnError) as second:
        client.map_queue(1)
    assert second.value.code == IOReturn.NOT_PERMITTED


def check_that_garbage_ends_a_client_alone(runtime: RuntimeProcess, service: EntryId) -> None:
    rude, polite = (service_open(runtime.connect(), service) for _ in range(2))
    send_packet(rude._sock, b"garbage")
    with pytest.raises(ReturnError) as caught:
        rude.call(3)
    assert caught.value.code == IOReturn.IPC_ERROR
    assert polite.call(0, (1, 2), scalar_outputs=1).scalars == (3,)
    assert [entry.id for entry in clients_of(runtime, service)] == [polite.entry]
    polite.close()
    rude.close()


def test_a_driver_s_end_ends_what_waits(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    service = the_service(runtime_process, make_open_app(tmp_path, any_program=True))
    ended: list[int] = []
    client = service_open(runtime_process.connect(), service)
    client.call_async(2, lambda status, _values: ended.append(status))
    began = time.monotonic()
    with pytest.raises(ReturnError) as caught:
        client.call(4)
    assert caught.value.code == IOReturn.IPC_ERROR
    assert ended == [IOReturn.IPC_ERROR]
    assert time.monotonic() - began < SECONDS / 2
    with pytest.raises(ReturnError, match="has gone"):
        client.call(3)
    client.close()
    wait_for(lambda: running(runtime_process).service != service, "a new process")
    assert clients_of(runtime_process, service) == []


def test_an_app_needs_the_entitlement_and_its_end_closes_its_client(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    app = make_open_app(tmp_path, any_program=False)
    service = the_service(runtime_process, app)
    with pytest.raises(ReturnError) as stranger:
        service_open(runtime_process.connect(), service)
    assert stranger.value.code == IOReturn.NOT_PERMITTED
    assert ACCESS in stranger.value.text
    assert "it is not the program of an app" in stranger.value.text

    denied = run(app, runtime_process, service)
    assert denied.wait(SECONDS) != 0
    assert denied.stderr is not None
    said = denied.stderr.read()
    assert said.startswith("0xe00002e2 ")
    assert f"{ACCESS} has to be a list with {BUNDLE}" in said
    finish(denied)

    grant(app / "Contents", ACCESS, [BUNDLE])
    program = run(app, runtime_process, service)
    assert program.stdout is not None
    assert program.stdout.readline() == "open\n"
    assert len(clients_of(runtime_process, service)) == 1
    program.send_signal(signal.SIGKILL)
    wait_for(lambda: clients_of(runtime_process, service) == [], "the client to go")
    wait_log(runtime_process, "aborted", "client stopped", "client freed")
    finish(program)


def run(app: Path, runtime: RuntimeProcess, service: EntryId) -> subprocess.Popen[str]:
    """The app's program, as the window starts it."""
    pipe = subprocess.PIPE
    command = apps.command(str(app / "Contents/Linux/Trial"))
    command += [str(runtime.socket), str(service)]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def finish(program: subprocess.Popen[str]) -> None:
    program.communicate(timeout=SECONDS)
