"""The whole line with real processes: plug, match, approve, run, crash, restart, unplug."""

from functools import partial

import pytest

from runtime.model.driver_lifecycle import DriverState
from runtime.model.errors import ProblemError
from runtime.model.events import Crashed, Restarting, Started, Unplugged
from runtime.model.outcome import ExitHow
from runtime.model.records import Driver, RequestState
from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.drivers import CrashDriver, ReleaseDriver, RestartDriver
from runtime.wire.commands.extensions import Deactivate, Decide, SetDeveloperMode

from .conftest import RuntimeProcess, alive, kill, wait_for


def _reads(runtime: RuntimeProcess) -> int:
    return sum(text.startswith("ReadComplete") for text in runtime.log(runtime.driver()))


def _second_runs(driver: Driver) -> bool:
    return driver.starts == 2 and driver.state is DriverState.RUNNING


def _runs_anew(before: int, driver: Driver) -> bool:
    return driver.state is DriverState.RUNNING and driver.pid != before


def test_plug_to_unplug(running: RuntimeProcess) -> None:
    """The driver runs in its own process, reads, and ends with its device."""
    driver = running.driver()
    assert alive(driver.pid)
    assert [step.stage.value for step in driver.launch] == [
        *("requested", "forked", "locked down", "loaded", "entitlements checked", "registered"),
        "started",
    ]
    wait_for(lambda: _reads(running) >= 2, "two reads")
    running.call(Unplug("sample"))
    gone = running.driver()
    assert gone.state is DriverState.STOPPED
    assert gone.crashes == 0
    assert not alive(driver.pid)
    log = running.log(gone)
    assert log.index("Stop") < log.index("free")
    assert isinstance(running.events()[-1].detail, Unplugged)


def test_a_null_dereference_restarts_the_driver_at_once(running: RuntimeProcess) -> None:
    """A crash has its reason and frames; the next process comes without delay."""
    first = running.driver()
    running.call(CrashDriver(first.id))
    again = running.driver_when(_second_runs, "the next process")
    assert again.pid != first.pid
    assert again.crashes == 1
    assert again.last_exit is not None
    assert again.last_exit.signal_name == "SIGSEGV"
    assert again.last_exit.frames, "faulthandler's frames of the faulting thread"
    details = [event.detail for event in running.events()]
    crash = next(i for i, detail in enumerate(details) if isinstance(detail, Crashed))
    assert details[crash + 1] == Restarting(first.name, 0)
    assert sum(isinstance(detail, Started) for detail in details) == 2
    reads = _reads(running)
    wait_for(lambda: _reads(running) > reads, "a read of the next process")


def test_kill_minus_9_of_a_driver(running: RuntimeProcess) -> None:
    """An outside kill is a crash like any other."""
    first = running.driver()
    kill(first.pid)
    again = running.driver_when(_second_runs, "the next process")
    assert again.last_exit is not None
    assert (again.last_exit.how, again.last_exit.number) == (ExitHow.SIGNAL, 9)


def test_too_many_crashes_mean_quarantine_until_released(running: RuntimeProcess) -> None:
    """Restarts end at the limit; a release starts with a clean slate."""
    pid = 0
    for _ in range(6):
        pid = running.driver_when(partial(_runs_anew, pid), "a process to kill").pid
        kill(pid)
    driver = running.driver_when(lambda d: d.state == "quarantined", "the quarantine")
    assert driver.crashes == 6
    running.call(ReleaseDriver(driver.id))
    wait_for(lambda: running.driver().state == "running", "the released driver")


def test_drivers_outlive_the_zygote(running: RuntimeProcess) -> None:
    """A killed zygote is replaced; drivers run on and restart as before."""
    driver = running.driver()
    kill(running.child("runtime.host.zygote"))
    wait_for(lambda: any("zygote" in str(event.detail) for event in running.events()), "the note")
    assert running.driver().pid == driver.pid
    running.call(CrashDriver(driver.id))
    running.driver_when(_second_runs, "the next process")


def test_a_killed_runtime_leaves_no_driver(running: RuntimeProcess) -> None:
    """Drivers end by end of file or with their parent, whichever comes first."""
    driver = running.driver()
    running.kill()
    wait_for(lambda: not alive(driver.pid), "the driver to end")


def test_a_request_survives_kill_minus_9(runtime_process: RuntimeProcess) -> None:
    """What waited for approval waits again, and an approval is never forgotten."""
    request = runtime_process.pending()
    assert request.state is RequestState.WAITING
    runtime_process.kill()
    runtime_process.start()
    (waiting,) = runtime_process.records().requests
    assert (waiting.id, waiting.content_hash) == (request.id, request.content_hash)
    assert runtime_process.approve(waiting).state is RequestState.COMPLETED
    runtime_process.kill()
    runtime_process.start()
    runtime_process.call(Plug("sample"))
    wait_for(
        lambda: [d.state for d in runtime_process.records().drivers] == ["running"],
        "the driver of what an earlier run approved",
    )


def test_approving_twice_is_harmless(runtime_process: RuntimeProcess) -> None:
    """The second approval answers like the first; a new request is complete at once."""
    request = runtime_process.pending()
    first = runtime_process.approve(request)
    assert runtime_process.approve(request) == first
    again = runtime_process.pending()
    assert again.state is RequestState.COMPLETED


def test_a_decision_has_to_show_what_it_decides(runtime_process: RuntimeProcess) -> None:
    """Another hash or nonce than the request's is refused and changes nothing."""
    request = runtime_process.pending()
    for content_hash, nonce in (("0" * 64, request.nonce), (request.content_hash, "guess")):
        with pytest.raises(ProblemError) as refused:
            runtime_process.call(
                Decide(request.id, content_hash, nonce, approve=True)  # type: ignore[arg-type]
            )
        assert refused.value.code == "stale"
    assert runtime_process.records().requests[0].state is RequestState.WAITING


def test_deactivation_stops_the_driver(running: RuntimeProcess) -> None:
    """The process ends, and nothing of the extension runs again."""
    driver = running.driver()
    running.call(Deactivate(driver.bundle_id))
    wait_for(lambda: not running.records().drivers, "the driver to stop and be of the past")
    assert not alive(driver.pid)
    running.call(Unplug("sample"))
    running.call(Plug("sample"))
    assert not running.records().drivers


def test_turning_developer_mode_off_stops_unsigned_drivers(running: RuntimeProcess) -> None:
    """And turning it on again brings them back, without a new approval."""
    running.call(SetDeveloperMode(on=False))
    wait_for(lambda: running.driver().state == "stopped", "the driver to stop")
    running.call(SetDeveloperMode(on=True))
    wait_for(lambda: running.driver().state == "running", "the driver to run again")


def test_restart_keeps_the_crash_count(running: RuntimeProcess) -> None:
    """A restart in order is no crash."""
    driver = running.driver()
    running.call(RestartDriver(driver.id))
    again = running.driver_when(_second_runs, "the next process")
    assert again.pid != driver.pid
    assert again.crashes == 0


def test_two_devices_have_a_driver_each(running: RuntimeProcess) -> None:
    """One process per matched instance; a crash of one leaves the other alone."""
    running.call(Plug("sample"))
    wait_for(
        lambda: [d.state for d in running.records().drivers] == ["running"] * 2, "both drivers"
    )
    first, second = running.records().drivers
    assert first.pid != second.pid
    running.call(CrashDriver(first.id))
    wait_for(lambda: running.records().drivers[0].starts == 2, "the first to come back")
    assert running.records().drivers[1] == second


def test_ending_the_runtime_stops_drivers_in_order(running: RuntimeProcess) -> None:
    """SIGTERM: drivers are stopped and reaped before it ends, with code 0."""
    pid = running.driver().pid
    assert running.process is not None
    running.process.terminate()
    assert running.process.wait(20) == 0
    assert not alive(pid)
    assert not running.socket.exists()
