"""An app that is moved away takes its running driver with it."""

from pathlib import Path

from runtime.model.driver_lifecycle import DriverState
from runtime.model.events import Deactivated
from runtime.wire.commands.devices import Plug

from .apps import driver_source, make_app
from .conftest import RuntimeProcess, alive, wait_for


def test_an_app_in_the_trash_has_no_driver(runtime_process: RuntimeProcess, tmp_path: Path) -> None:
    app = make_app(tmp_path / "Applications", driver_source("pass"))
    runtime_process.approve(runtime_process.pending(app))
    runtime_process.call(Plug("sample"))
    driver = runtime_process.driver_when(lambda one: one.state is DriverState.RUNNING, "the driver")
    trash = tmp_path / "Trash/files"
    trash.mkdir(parents=True)
    app.rename(trash / app.name)
    wait_for(lambda: runtime_process.records().extensions == (), "the deactivation")
    wait_for(lambda: not alive(driver.pid), "the driver's end")
    (said,) = [e.detail for e in runtime_process.events() if isinstance(e.detail, Deactivated)]
    assert said.by == "the removal of its app"
