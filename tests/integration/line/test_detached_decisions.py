"""What must not come between a question and its answer: who asked, the app's files, the device."""

from pathlib import Path

import pytest

from runtime.client.blocking import connect
from runtime.model.driver_lifecycle import DriverState
from runtime.model.errors import ProblemError
from runtime.model.records import RequestState
from runtime.wire.commands.devices import Plug, Unplug
from runtime.wire.commands.extensions import Activate, SetDeveloperMode

from .apps import driver_source, make_app
from .conftest import RuntimeProcess


def test_what_was_asked_is_what_runs(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    runtime = runtime_process
    runtime.call(SetDeveloperMode(on=True))
    app = make_app(tmp_path, driver_source("IOLog('as it was asked')"))
    with connect("an app", runtime.socket) as asking:
        first = asking.call(Activate(str(app)))
    for _ in range(3):  # a device with a bad contact
        runtime.call(Plug("sample"))
        runtime.call(Unplug("sample"))
    runtime.call(Plug("sample"))
    make_app(tmp_path, driver_source("IOLog('as it was swapped')"))
    (request,) = runtime.records().requests
    assert (request.id, request.count) == (first.id, 1)
    assert request.state is RequestState.WAITING, "its program left, its device came and went"
    runtime.approve(first)
    driver = runtime.driver_when(lambda one: one.state is DriverState.RUNNING, "the driver")
    assert driver.content_hash == first.content_hash
    assert "as it was asked" in runtime.log(driver)


def test_an_answer_to_what_was_swapped_meanwhile_counts_for_nothing(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    runtime = runtime_process
    shown = runtime.pending(make_app(tmp_path, driver_source("pass")))
    swapped = runtime.call(Activate(str(make_app(tmp_path, driver_source("IOLog('other')")))))
    with pytest.raises(ProblemError, match="superseded") as refusal:
        runtime.approve(shown)
    assert refusal.value.code == "stale"
    states = {one.id: one.state for one in runtime.records().requests}
    assert states[swapped.id] is RequestState.WAITING
