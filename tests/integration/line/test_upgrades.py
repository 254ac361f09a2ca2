"""One version takes over from another while the runtime runs, or gives the place back."""

from pathlib import Path

from runtime.model.driver_lifecycle import DriverState
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.records import Driver, Extension
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.extensions import Activate

from .apps import driver_source, make_app
from .conftest import RuntimeProcess, wait_for


def begun(runtime: RuntimeProcess, folder: Path) -> Driver:
    """Version 1 runs on the sample device."""
    runtime.approve(runtime.pending(make_app(folder, driver_source("pass"))))
    runtime.call(Plug("sample"))
    return runtime.driver_when(lambda driver: driver.state is DriverState.RUNNING, "the driver")


def upgrade(runtime: RuntimeProcess, folder: Path, body: str) -> None:
    """Version 2 is approved, with this in its Start."""
    app = make_app(folder, driver_source(body), CFBundleVersion="2")
    request = runtime.call(Activate(str(app)))
    assert request.reason == "replaces 1.0 (1)"
    runtime.approve(request)


def states(runtime: RuntimeProcess) -> dict[str, ExtensionState]:
    return {one.version: one.state for one in runtime.records().extensions}


def test_a_newer_version_takes_over_without_a_restart(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    before = begun(runtime_process, tmp_path / "1")
    upgrade(runtime_process, tmp_path / "2", "IOLog('two is here')")
    wait_for(lambda: states(runtime_process) == {"2": ExtensionState.ACTIVE}, "the upgrade")
    driver = runtime_process.driver()
    assert driver.state is DriverState.RUNNING
    assert (driver.content_hash, driver.pid) != (before.content_hash, before.pid)
    assert "two is here" in runtime_process.log(driver)


def assert_rolled_back(runtime: RuntimeProcess, before: Driver, why: str) -> Extension:
    expected = {"1": ExtensionState.ACTIVE, "2": ExtensionState.INVALID}
    wait_for(lambda: states(runtime) == expected, "the roll back")
    driver = runtime.driver_when(
        lambda driver: (
            driver.state is DriverState.RUNNING and driver.content_hash == before.content_hash
        ),
        "the old version to run again",
    )
    assert driver.pid != before.pid
    (failed,) = [one for one in runtime.records().extensions if one.version == "2"]
    assert why in failed.note
    assert failed.note.endswith("; 1.0 (1) is in force again")
    return failed


def test_a_version_that_crashes_in_start_is_rolled_back(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    before = begun(runtime_process, tmp_path / "1")
    upgrade(runtime_process, tmp_path / "2", "raise ZeroDivisionError")
    assert_rolled_back(runtime_process, before, "did not start")


def test_a_version_that_refuses_to_start_is_rolled_back_and_may_be_tried_again(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    before = begun(runtime_process, tmp_path / "1")
    refusal = "raise IOReturnError(kIOReturnNoDevice)"
    upgrade(runtime_process, tmp_path / "2", refusal)
    failed = assert_rolled_back(runtime_process, before, "did not start")
    before = runtime_process.driver()
    again = runtime_process.call(Activate(failed.app_path))
    assert again.decided_by, "it was approved before"
    assert_rolled_back(runtime_process, before, "did not start")


def test_without_a_device_a_newer_version_is_on_probation_until_it_has_started(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    runtime = runtime_process
    runtime.approve(runtime.pending(make_app(tmp_path / "1", driver_source("pass"))))
    upgrade(runtime, tmp_path / "2", "pass")
    both = {"1": ExtensionState.GIVING_WAY, "2": ExtensionState.UPGRADING}
    wait_for(lambda: any("no device" in one.note for one in runtime.records().extensions), "it")
    assert states(runtime) == both
    runtime.call(Plug("sample"))
    wait_for(lambda: states(runtime) == {"2": ExtensionState.ACTIVE}, "the end of the probation")


def test_a_version_that_fails_at_its_first_device_gives_the_place_back(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    runtime = runtime_process
    runtime.approve(runtime.pending(make_app(tmp_path / "1", driver_source("pass"))))
    upgrade(runtime, tmp_path / "2", "raise ZeroDivisionError")
    runtime.call(Plug("sample"))
    expected = {"1": ExtensionState.ACTIVE, "2": ExtensionState.INVALID}
    wait_for(lambda: states(runtime) == expected, "the roll back")
    runtime.driver_when(lambda driver: driver.state is DriverState.RUNNING, "the old version")


def test_an_upgrade_goes_on_after_the_runtime_was_killed(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    begun(runtime_process, tmp_path / "1")
    upgrade(runtime_process, tmp_path / "2", "pass")
    runtime_process.kill()
    runtime_process.start()
    wait_for(lambda: states(runtime_process) == {"2": ExtensionState.ACTIVE}, "the upgrade")
