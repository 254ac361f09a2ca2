"""The broker of a device: there while a driver wants it, and whatever is killed, given back."""

from pathlib import Path

import pytest

from runtime.model import properties
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry
from runtime.model.outcome import ExitHow
from runtime.model.properties import Properties
from runtime.wire import client as wire
from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.drivers import RestartDriver
from runtime.wire.commands.registry import Subscribe, Topic

from .apps import driver_source, make_app
from .conftest import RuntimeProcess, alive, kill, wait_for

WAITS_FOR_A_READ = """
from runtime.driverkit import IOBufferMemoryDescriptor
provider.Open(self)
pipe = provider.CopyPipe(0x81)
buffer = IOBufferMemoryDescriptor.Create(8)
while True:
    pipe.IO(buffer, 8)
    IOLog("read")
"""


def brokers(runtime: RuntimeProcess) -> list[Entry]:
    """The entries of brokers."""
    with runtime.connect() as connection:
        connection.call(Subscribe((Topic.ENTRIES,)))
        found: list[Entry] = []
        for message in connection.messages(20):
            if isinstance(message, wire.Part):
                found += [entry for entry in message.entries if entry.cls == "DeviceBroker"]
            if isinstance(message, wire.SnapshotEnd):
                return found
    raise AssertionError


def the_broker(runtime: RuntimeProcess) -> tuple[int, Properties]:
    """The only broker's pid and properties, once it serves."""
    shown: list[tuple[int, Properties]] = []

    def serves() -> bool:
        shown[:] = [(each.pid, properties.decode(each.props)) for each in brokers(runtime)]
        return [each["BrokerState"] for _, each in shown] == ["serving"]

    wait_for(serves, "the broker to serve")
    return shown[0]


def test_it_is_locked_down_and_shown(running: RuntimeProcess) -> None:
    pid, shown = the_broker(running)
    assert shown["BrokerPID"] == pid
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    assert status["Seccomp"] == "2"
    assert status["NoNewPrivs"] == "1"
    assert status["CapEff"] == "0" * 16
    applied = shown["BrokerSandbox"]
    assert isinstance(applied, list)
    assert "no capabilities, no new privileges" in applied
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    kept = ("socket:", "pipe:", "anon_inode:[eventpoll]", "/dev/null")
    assert all(link.startswith(kept) for link in links), links


def test_it_stays_while_its_driver_restarts_and_goes_with_the_last_one(
    running: RuntimeProcess,
) -> None:
    pid, _ = the_broker(running)
    first = running.driver()
    kill(first.pid)
    again = running.driver_when(
        lambda d: d.state is DriverState.RUNNING and d.pid != first.pid, "the restart"
    )
    running.call(RestartDriver(again.id))
    running.driver_when(lambda d: d.state is DriverState.RUNNING and d.starts == 3, "the restart")
    assert the_broker(running)[0] == pid
    running.call(Unplug("sample"))
    wait_for(lambda: not alive(pid), "the end of the broker")
    wait_for(lambda: not brokers(running), "the end of its entry")
    assert "ReadComplete: kIOReturnAborted" not in running.log(running.driver())
    running.call(Plug("sample"))
    running.driver_when(lambda d: d.state is DriverState.RUNNING, "the driver")
    assert the_broker(running)[0] != pid


def test_it_is_killed(running: RuntimeProcess) -> None:
    """The driver reads why, is no crashed one, and starts again with another broker."""
    pid, _ = the_broker(running)
    before = running.driver()
    kill(pid)
    after = running.driver_when(
        lambda d: d.state is DriverState.RUNNING and d.pid != before.pid, "the restart"
    )
    assert after.crashes == 0
    assert the_broker(running)[0] != pid
    log = running.log(after)
    assert "ReadComplete: kIOReturnOffline, no further reads" in log
    assert "free" in log, "it was stopped in order"
    assert any("broker of Sample USB Device: crashed: SIGKILL" in line for line in log)


def test_it_is_killed_while_its_driver_is_in_start(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    app = make_app(tmp_path, driver_source(WAITS_FOR_A_READ.strip()))
    runtime_process.approve(runtime_process.pending(app))
    runtime_process.call(Plug("sample"))
    wait_for(lambda: len(runtime_process.records().drivers) == 1, "the driver")
    wait_for(lambda: "read" in runtime_process.log(runtime_process.driver()), "a read")
    kill(the_broker(runtime_process)[0])
    driver = runtime_process.driver_when(lambda d: d.starts > 1, "the restart")
    assert driver.crashes == 0


def test_the_runtime_is_killed(running: RuntimeProcess) -> None:
    pid, _ = the_broker(running)
    running.kill()
    wait_for(lambda: not alive(pid), "the end of the broker")


def test_a_quarantined_driver_has_none(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    app = make_app(tmp_path, driver_source("provider.Open(self)\nimport os\nos._exit(1)"))
    runtime_process.approve(runtime_process.pending(app))
    runtime_process.call(Plug("sample"))
    wait_for(
        lambda: [d.state for d in runtime_process.records().drivers] == ["quarantined"],
        "quarantine",
    )
    wait_for(lambda: not brokers(runtime_process), "the end of the broker")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param("tell(b'\\xc1')", "packet of a driver to its provider", id="no message"),
        pytest.param(
            "tell(codec.encode(driver.Call(1, 0, methods.Stop())))",
            "expected a method of its provider, found Stop",
            id="a method of another object",
        ),
        pytest.param(
            "call = codec.encode(driver.Call(1, 1, methods.PipeIO(8)))\n"
            "provider.Open(self); provider.CopyPipe(0x81); tell(call); tell(call)",
            "expected a free call number",
            id="a number twice",
        ),
    ],
)
def test_a_breach_at_the_broker_ends_the_driver_alone(
    runtime_process: RuntimeProcess, tmp_path: Path, body: str, said: str
) -> None:
    prelude = (
        "import os, time\n"
        "from runtime.wire import codec, driver, methods\n"
        "line = provider._transport._connection._services[self.GetRegistryEntryID()]\n"
        "peer = line.provider.fileno()\n"
        "def tell(data): os.write(peer, data)\n"
    )
    source = driver_source(prelude + body + "\ntime.sleep(30)")
    runtime_process.approve(runtime_process.pending(make_app(tmp_path, source)))
    runtime_process.call(Plug("sample"))
    wait_for(lambda: any(d.last_exit for d in runtime_process.records().drivers), "its end")
    ended = runtime_process.driver().last_exit
    assert ended is not None
    assert ended.how is ExitHow.BREACH
    assert said in ended.detail
    notes = [event.detail for event in runtime_process.events()]
    assert not any("broker" in str(note) for note in notes), "the broker lives on"
