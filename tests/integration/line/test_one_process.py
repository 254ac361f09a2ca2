"""IOUserServerOneProcess: the drivers of two devices in one process, through all that happens."""

from pathlib import Path

import pytest

from runtime.client.blocking import Connection
from runtime.families.simulated.nodes import location_id
from runtime.model import properties
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry
from runtime.model.events import Crashed, TakenAlong
from runtime.model.identity import BundleId
from runtime.model.outcome import ExitHow
from runtime.model.processes import Role
from runtime.model.properties import Properties
from runtime.model.records import Driver
from runtime.wire import client as wire
from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.drivers import (
    CrashDriver,
    ListCrashes,
    ReadProcesses,
    RestartDriver,
    SampleDriver,
    StopDriver,
)
from runtime.wire.commands.extensions import Deactivate
from runtime.wire.commands.registry import Subscribe, Topic

from .apps import BUNDLE, make_app
from .conftest import RuntimeProcess, alive, kill, wait_for

SOURCE = """
from runtime.driverkit import *

made = []


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        made.append(self)
        self.provider = provider
        self.name = f"{self.GetRegistryEntryID():#x}"
        IODispatchQueue.Create(f"beside {self.name}").DispatchAsync(self.beside)
        provider.Open(self)
        self.pipe = provider.CopyPipe(0x81)
        self.buffer = IOBufferMemoryDescriptor.Create(8)
        self.SetProperties({"Siblings": len(made)})
        self.RegisterService()
        self.pipe.AsyncIO(self.buffer, 8, self.CreateAction(self.ReadComplete))
        IOLog(f"Start {self.name}")

    def beside(self):
        IOLog(f"beside {self.name}")

    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def ReadComplete(self, action, status, actualByteCount, completionTimestamp):
        assert self.CopyDispatchQueue().OnQueue()
        IOLog(f"read {self.name}")
        EXTRA

    def Stop(self, provider):
        made.remove(self)
        IOLog(f"Stop {self.name}, {len(made)} left")
        super().Stop(provider)
"""


FAULTY = f"""if self.provider.CopyProperties()["locationID"] == {location_id(2):#x}:
            __import__("ctypes").string_at(0)"""


def personality(**changes: object) -> dict[str, object]:
    table = {
        "IOClass": "IOUserService",
        "IOProviderClass": "IOUSBHostInterface",
        "IOUserClass": "Trial",
        "IOUserServerName": BUNDLE,
        "IOUserServerOneProcess": True,
        "CFBundleIdentifier": BUNDLE,
        "idVendor": 0x1209,
        "idProduct": 1,
        "bInterfaceNumber": 0,
        "bConfigurationValue": 1,
    }
    return {"Trial": table | changes}


def activate(
    runtime: RuntimeProcess,
    folder: Path,
    personalities: dict[str, object],
    extra: str = "",
    version: str = "1",
) -> None:
    source = SOURCE.replace("EXTRA", extra)
    app = make_app(folder, source, CFBundleVersion=version, IOKitPersonalities=personalities)
    runtime.approve(runtime.pending(app))


def drivers(runtime: RuntimeProcess) -> list[Driver]:
    return sorted(runtime.records().drivers, key=lambda driver: driver.id)


def running(runtime: RuntimeProcess) -> list[Driver]:
    return [driver for driver in drivers(runtime) if driver.state is DriverState.RUNNING]


def both(runtime: RuntimeProcess) -> tuple[Driver, Driver]:
    """Wait until two drivers run, and return them."""
    wait_for(lambda: len(running(runtime)) == 2, f"two drivers, found {drivers(runtime)}")
    first, second = running(runtime)
    return first, second


def entries(connection: Connection) -> list[Entry]:
    """Every entry as it is now."""
    connection.call(Subscribe((Topic.ENTRIES,)))
    found: list[Entry] = []
    for message in connection.messages(20):
        if isinstance(message, wire.Part):
            found += message.entries
        if isinstance(message, wire.SnapshotEnd):
            break
    return found


def servers(runtime: RuntimeProcess) -> list[Properties]:
    found = entries(runtime.connect())
    return [properties.decode(entry.props) for entry in found if entry.cls == "IOUserServer"]


def threads(runtime: RuntimeProcess, driver: Driver) -> set[str]:
    return {name for name, _ in runtime.call(SampleDriver(driver.id)).threads}


@pytest.fixture
def pair(runtime_process: RuntimeProcess, tmp_path: Path) -> RuntimeProcess:
    """Two devices, their drivers running in one process."""
    activate(runtime_process, tmp_path, personality())
    runtime_process.call(Plug("sample"))
    runtime_process.call(Plug("sample"))
    both(runtime_process)
    return runtime_process


def test_they_share_a_process_and_each_has_its_device_its_queue_and_its_log(
    pair: RuntimeProcess,
) -> None:
    first, second = both(pair)
    assert first.pid == second.pid
    for one in (first, second):
        wait_for(lambda: f"read {one.service:#x}" in pair.log(one), "a read")  # noqa: B023
        other = second if one is first else first
        assert not [line for line in pair.log(one) if f"{other.service:#x}" in line]
        assert f"beside {one.service:#x}" in pair.log(one)
        assert one.may[0].startswith("talk to IOUSBHostInterface")
        assert one.may[1].endswith("as another driver in its process does")
    (server,) = servers(pair)
    assert server["IOAssociatedServices"] == [first.service, second.service]
    assert server["IOUserServerTag"] == first.service
    processes = pair.call(ReadProcesses()).processes
    assert [one.pid for one in processes if one.role is Role.DRIVER] == [first.pid]
    queues = {f"Default of {each.service:#x}" for each in (first, second)}
    assert queues <= threads(pair, second)


def test_a_crash_is_everybodys_and_one_report(pair: RuntimeProcess) -> None:
    first, second = both(pair)
    pair.call(CrashDriver(second.id))
    wait_for(lambda: [driver.starts for driver in running(pair)] == [2, 2], "two restarts")
    again = both(pair)
    assert again[0].pid == again[1].pid != first.pid
    assert [driver.crashes for driver in again] == [1, 1]
    crashed = [event.detail for event in pair.events() if isinstance(event.detail, Crashed)]
    assert len(crashed) == 2
    wait_for(lambda: bool(pair.call(ListCrashes()).reports), "the report")
    (report,) = pair.call(ListCrashes()).reports
    assert report.concerns(first.name, first.provider_path)
    assert report.concerns(second.name, second.provider_path)
    assert len(servers(pair)) == 1


def test_unplugging_one_leaves_the_other_and_the_last_one_ends_the_process(
    pair: RuntimeProcess,
) -> None:
    first, second = both(pair)
    pair.call(Unplug("sample"))
    (left,) = running(pair)
    assert (left.id, left.pid, left.crashes) == (first.id, first.pid, 0)
    assert f"Stop {second.service:#x}, 1 left" in pair.log(second)
    assert left.may[1:] == tuple(line for line in left.may[1:] if "another driver" not in line)
    (server,) = servers(pair)
    assert server["IOAssociatedServices"] == [first.service]
    tag = f"{second.service:#x}"
    wait_for(lambda: not any(tag in name for name in threads(pair, first)), "its queues to end")
    pair.call(Plug("sample"))
    assert {driver.pid for driver in both(pair)} == {first.pid}
    pair.call(Unplug("sample"))
    pair.call(Unplug("sample"))
    assert not running(pair)
    assert not alive(first.pid)
    assert servers(pair) == []
    assert not [driver.note for driver in drivers(pair) if driver.crashes]


def test_a_stop_is_ones_and_a_restart_comes_back_to_the_same_process(pair: RuntimeProcess) -> None:
    first, second = both(pair)
    pair.call(StopDriver(first.id))
    wait_for(lambda: [driver.id for driver in running(pair)] == [second.id], "the stop of one")
    pair.call(RestartDriver(first.id))
    again = both(pair)
    assert {driver.pid for driver in again} == {second.pid}
    assert [driver.starts for driver in again] == [2, 1]


def test_deactivation_ends_all_and_an_upgrade_moves_all(
    pair: RuntimeProcess, tmp_path: Path
) -> None:
    before, _ = both(pair)
    activate(pair, tmp_path, personality(), version="2", extra="IOLog('new')")

    def moved() -> bool:
        found = running(pair)
        return len(found) == 2 and all(driver.pid != before.pid for driver in found)

    wait_for(moved, "both to move")
    first, second = both(pair)
    assert first.pid == second.pid
    assert first.content_hash != before.content_hash
    assert not alive(before.pid)
    pair.call(Deactivate(BundleId(BUNDLE)))
    wait_for(lambda: not running(pair) and not alive(first.pid), "the end of all")
    assert not [driver.note for driver in drivers(pair) if driver.crashes]


def test_a_kill_while_one_starts_and_one_stops_loses_nobody(pair: RuntimeProcess) -> None:
    first, second = both(pair)
    pair.call(StopDriver(second.id))
    kill(first.pid)
    wait_for(lambda: [d.starts for d in running(pair)] == [2], "the one that nobody stopped")
    assert drivers(pair)[1].state is DriverState.STOPPED
    crash = drivers(pair)[0].last_exit
    assert crash is not None
    assert (crash.how, crash.number) == (ExitHow.SIGNAL, 9)


def test_a_hang_of_one_is_seen_on_all_and_ends_with_the_process(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    activate(runtime_process, tmp_path, personality(), extra="while len(made) == 2: pass")
    runtime_process.call(Plug("sample"))
    first = runtime_process.driver_when(
        lambda driver: "read" in str(runtime_process.log(driver)), "a read"
    )
    runtime_process.call(Plug("sample"))

    def late() -> bool:
        return [one.state for one in drivers(runtime_process)] == [DriverState.NOT_RESPONDING] * 2

    wait_for(late, "both to be late")
    assert all("ReadComplete on queue Default of" in one.note for one in drivers(runtime_process))
    kill(first.pid)
    wait_for(lambda: [one.starts for one in drivers(runtime_process)] == [2, 2], "two restarts")
    assert len({one.pid for one in drivers(runtime_process)}) == 1


def test_a_crash_on_a_service_s_own_queue_is_counted_to_it_alone(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    """A signal on its queue: the thread is known by the record that the process leaves."""
    activate(runtime_process, tmp_path, personality(), extra=FAULTY)
    runtime_process.call(Plug("sample"))
    runtime_process.driver_when(lambda driver: driver.state is DriverState.RUNNING, "it to run")
    runtime_process.call(Plug("sample"))

    def twice() -> bool:
        return any(one.crashes > 1 for one in drivers(runtime_process))

    wait_for(twice, "two crashes")
    other, guilty = sorted(drivers(runtime_process), key=lambda one: one.crashes)
    assert guilty.crashes > 1
    assert other.crashes == 0
    taken = [e.detail for e in runtime_process.events() if isinstance(e.detail, TakenAlong)]
    assert {(one.name, one.by) for one in taken} == {(other.name, guilty.name)}
    assert len(taken) > 1


def test_one_without_a_class_is_refused_and_the_others_run_on(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    lost = personality(IOUserClass="Lost", idProduct=2)["Trial"]
    activate(runtime_process, tmp_path, personality() | {"Lost": lost})
    runtime_process.call(Plug("sample"))
    wait_for(lambda: len(running(runtime_process)) == 1, "the driver")
    (before,) = running(runtime_process)
    runtime_process.call(Plug("loopback"))

    def refused() -> list[Driver]:
        return [one for one in drivers(runtime_process) if one.name == "Lost" and one.note]

    wait_for(lambda: bool(refused()), "the other to be refused")
    (one,) = refused()
    assert (one.state, one.crashes) == (DriverState.STOPPED, 0)
    assert "named Lost, found nothing" in one.note
    (after,) = running(runtime_process)
    assert (after.pid, after.crashes) == (before.pid, 0)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"IOUserServerOneProcess": False}, id="false"),
        pytest.param({"IOUserServerName": "org.other.trial"}, id="of another organisation"),
    ],
)
def test_what_does_not_ask_for_it_shares_no_process(
    runtime_process: RuntimeProcess, tmp_path: Path, changes: dict[str, bool | str]
) -> None:
    activate(runtime_process, tmp_path, personality(**changes))
    runtime_process.call(Plug("sample"))
    runtime_process.call(Plug("sample"))
    first, second = both(runtime_process)
    assert first.pid != second.pid
    assert len(servers(runtime_process)) == 2
