"""What the runtime tells of its processes, and drivers that somebody stops and starts."""

import os
from pathlib import Path

import pytest

from runtime.model.driver_lifecycle import DriverState
from runtime.model.errors import ProblemError
from runtime.model.processes import Process, Role
from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.drivers import (
    Processes,
    QuarantineDriver,
    ReadProcesses,
    ReleaseDriver,
    RestartDriver,
    StopDriver,
)

from .apps import driver_source, make_app
from .conftest import RuntimeProcess, wait_for

STUCK = """
while True:
    pass
"""


def of_role(runtime: RuntimeProcess, role: Role) -> list[Process]:
    return [one for one in runtime.call(ReadProcesses()).processes if one.role is role]


def test_every_process_is_told_with_what_it_uses(running: RuntimeProcess) -> None:
    told: list[Processes] = []

    def all_there() -> bool:
        told.append(running.call(ReadProcesses()))
        known = told[-1].processes  # one that is being made has no memory for a moment
        return {one.role for one in known} == set(Role) and all(one.memory for one in known)

    wait_for(all_there, "a process of each role, all of them with memory")
    found = told[-1]
    assert running.process is not None
    assert found.processes[0].pid == running.process.pid
    for one in found.processes:
        assert one.threads >= 1
        assert one.memory < 1 << 30
        assert 0 < one.started_us <= found.at_us
        os.kill(one.pid, 0)
    (driver,) = (one for one in found.processes if one.role is Role.DRIVER)
    assert (driver.pid, driver.driver) == (running.driver().pid, running.driver().id)
    assert driver.threads >= 2, "its main thread and its watcher"
    assert of_role(running, Role.UNDERSTUDY)[0].driver == running.driver().id


def test_a_driver_that_spins_uses_the_processor_and_its_call_grows_old(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    runtime_process.approve(runtime_process.pending(make_app(tmp_path, driver_source(STUCK))))
    runtime_process.call(Plug("sample"))

    def spins() -> bool:
        found = of_role(runtime_process, Role.DRIVER)
        return bool(found) and found[0].cpu_us > 300_000 and found[0].call.age_us > 500_000

    wait_for(spins, "it to have used the processor for a while")
    assert "Start" in of_role(runtime_process, Role.DRIVER)[0].call.what


def test_a_stopped_driver_stays_stopped_until_it_is_restarted(running: RuntimeProcess) -> None:
    driver = running.driver()
    running.call(StopDriver(driver.id))
    stopped = running.driver_when(lambda one: one.state is DriverState.STOPPED, "it to stop")
    assert stopped.note.endswith("until somebody restarts it")
    assert stopped.crashes == 0
    with pytest.raises(ProblemError, match="expected a running driver, found it stopped"):
        running.call(StopDriver(driver.id))
    running.call(RestartDriver(driver.id))
    again = running.driver_when(lambda one: one.state is DriverState.RUNNING, "it to run")
    assert (again.id, again.note) == (driver.id, "")
    assert again.pid != driver.pid


def test_a_stopped_driver_without_its_device_is_not_restarted(running: RuntimeProcess) -> None:
    driver = running.driver()
    running.call(StopDriver(driver.id))
    running.driver_when(lambda one: one.state is DriverState.STOPPED, "it to stop")
    running.call(Unplug("sample"))
    with pytest.raises(ProblemError, match="expected its device"):
        running.call(RestartDriver(driver.id))


def test_a_quarantine_outlives_an_unplugging_and_ends_with_its_release(
    running: RuntimeProcess,
) -> None:
    """Whoever put it there, it is the same device where it is plugged again."""
    driver = running.driver()
    running.call(QuarantineDriver(driver.id))
    kept = running.driver_when(lambda one: one.state is DriverState.QUARANTINED, "the quarantine")
    assert kept.note.endswith("until somebody releases it")
    with pytest.raises(ProblemError, match="found it quarantined"):
        running.call(StopDriver(driver.id))
    running.call(Unplug("sample"))
    assert running.driver().state is DriverState.QUARANTINED
    entry = running.call(Plug("sample")).entry
    again = running.driver_when(lambda one: one.provider > entry, "it to be at the new entry")
    assert (again.id, again.state, again.pid) == (driver.id, DriverState.QUARANTINED, 0)
    running.call(ReleaseDriver(driver.id))
    run = running.driver_when(lambda one: one.state is DriverState.RUNNING, "it to run")
    assert (run.id, run.note) == (driver.id, "")


def test_what_is_released_without_its_device_starts_when_that_is_plugged(
    running: RuntimeProcess,
) -> None:
    driver = running.driver()
    running.call(StopDriver(driver.id))
    running.driver_when(lambda one: one.state is DriverState.STOPPED, "it to stop")
    assert running.call(QuarantineDriver(driver.id)).state is DriverState.QUARANTINED
    running.call(Unplug("sample"))
    assert running.call(ReleaseDriver(driver.id)).state is DriverState.STOPPED
    running.call(Plug("sample"))
    running.driver_when(lambda one: one.state is DriverState.RUNNING, "it to run")
