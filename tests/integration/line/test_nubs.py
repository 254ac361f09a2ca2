"""A driver publishes a nub, another matches it and calls it, through the whole line."""

from pathlib import Path

import pytest

from runtime.client.services import service_open
from runtime.model.driver_lifecycle import DriverState
from runtime.model.errors import ReturnError
from runtime.model.identity import EntryId
from runtime.model.records import Driver
from runtime.wire.commands.devices import Plug, Unplug
from tests.integration.line.conftest import SAMPLE, RuntimeProcess, kill, wait_for
from tests.integration.line.nubs import make_nub_app


def the_driver(runtime: RuntimeProcess, name: str) -> Driver | None:
    return next((each for each in runtime.records().drivers if each.name == name), None)


def running(runtime: RuntimeProcess, name: str, *, but: int = 0) -> Driver:
    def runs() -> bool:
        driver = the_driver(runtime, name)
        return driver is not None and driver.state is DriverState.RUNNING and driver.pid != but

    wait_for(runs, f"{name} to run")
    driver = the_driver(runtime, name)
    assert driver is not None
    return driver


def running_no_more(runtime: RuntimeProcess, name: str) -> Driver:
    def stopped() -> bool:
        driver = the_driver(runtime, name)
        return driver is not None and driver.state is DriverState.STOPPED

    wait_for(stopped, f"{name} to stop")
    driver = the_driver(runtime, name)
    assert driver is not None
    return driver


def wait_log(runtime: RuntimeProcess, driver: Driver, *lines: str) -> None:
    wait_for(lambda: set(lines) <= set(runtime.log(driver)), f"{lines}: {runtime.log(driver)}")


def test_the_sample_counts(runtime_process: RuntimeProcess) -> None:
    runtime = runtime_process
    runtime.approve(runtime.pending(SAMPLE.with_name("SampleNub.app")))
    runtime.call(Plug("ticker"))
    reader = running(runtime, "MyUserCounterReader")
    counter = running(runtime, "MyUserCounterDriver")
    wait_log(runtime, counter, "MyUserCounterReader has come")
    wait_for(lambda: any("ten more: 1" in line for line in runtime.log(reader)), "ten")
    assert any(line.startswith("count ") for line in runtime.log(reader))
    runtime.call(Unplug("ticker"))
    for name in ("MyUserCounterReader", "MyUserCounterDriver"):
        assert running_no_more(runtime, name).crashes == 0


def test_a_driver_matches_what_another_publishes(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    runtime = runtime_process
    runtime.approve(runtime.pending(make_nub_app(tmp_path)))
    runtime.call(Plug("sample"))
    reader, trial = running(runtime, "Reader"), running(runtime, "Trial")
    wait_log(
        runtime,
        reader,
        "Meter lux",
        "[2.0] [1.0]",
        "64 b'dark'",
        "b'bright'",
        "kIOReturnNoChannels: channel 9 of 3",
        "kIOReturnNotPermitted: Meter: expected a service of this driver, found a proxy",
        "Reader Meter Trial",
        "4617",
        "measured 7 lx",
        "measured 8 lx",
    )
    assert any("kIOReturnBadArgument: arguments of Read" in line for line in runtime.log(reader))
    wait_log(runtime, trial, "Meter 1")
    assert reader.provider_path.startswith(f"{trial.provider_path}/Trial/")

    kill(reader.pid)
    wait_log(runtime, trial, "subscriber gone", "client crashed: Reader")
    again = running(runtime, "Reader", but=reader.pid)

    kill(trial.pid)
    last = running(runtime, "Reader", but=again.pid)
    trial = running(runtime, "Trial", but=trial.pid)
    assert last.crashes == 1, "only its own"

    with service_open(runtime.connect(), EntryId(trial.service), 1):
        wait_log(runtime, trial, "inner Opener", "inner Inner")
    wait_for(lambda: runtime.log(trial).count("inner stopped") == 2, "both to stop")

    with pytest.raises(ReturnError, match="the meter is gone"):
        service_open(runtime.connect(), EntryId(trial.service))
    wait_log(runtime, trial, "meter stopped", "meter freed", "Meter 0")
    reader = running_no_more(runtime, "Reader")
    assert reader.crashes == 1
    assert running(runtime, "Trial").pid == trial.pid
