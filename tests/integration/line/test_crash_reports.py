"""Crash reports of real crashes: their files, their contents, and what commands say of them."""

import json
import os
import signal
from pathlib import Path

import pytest

from runtime.model import report_text
from runtime.model.crash_report import CrashReport
from runtime.model.driver_lifecycle import DriverState
from runtime.model.errors import ProblemError
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.drivers import CrashDriver, ListCrashes, ReadCrash, SampleDriver

from .apps import drive, driver_source, make_app
from .conftest import RuntimeProcess, kill, wait_for
from .test_libraries import vendor


def first_report(runtime: RuntimeProcess) -> CrashReport:
    wait_for(lambda: bool(runtime.call(ListCrashes()).reports), "a crash report")
    return runtime.call(ReadCrash(runtime.call(ListCrashes()).reports[-1].id))


def run(runtime: RuntimeProcess, app: Path) -> None:
    runtime.approve(runtime.pending(app))
    runtime.call(Plug("sample"))


def test_an_invalid_memory_access(running: RuntimeProcess) -> None:
    driver = running.driver()
    running.call(CrashDriver(driver.id))
    report = first_report(running)
    assert report.exit.signal_name == "SIGSEGV"
    assert report.pid == driver.pid
    assert report.threads[0].faulting
    assert any("_dereference_null" in frame for frame in report.threads[0].frames)
    assert len(report.threads) > 1, "the watcher's thread is in it too"
    assert [at.stage.value for at in report.launch][-1] == "started"
    assert report.packets[-1].what == "CrashYourself"
    assert report.packets[-1].sent
    assert report.fault is not None, report.missing
    assert (report.fault.signal, report.fault.address) == (signal.SIGSEGV, 0)
    assert report.earlier == ()
    path = running.state_dir / "crashes" / f"{report.id}.json"
    assert json.loads(path.read_bytes())["name"] == driver.name
    assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0


NESTED = """
import ctypes
Compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
inner = Compare(lambda one, other: ctypes.string_at(0) and 1)
ctypes.CDLL(None).qsort((ctypes.c_int * 8)(), 8, 4, inner)
"""


def test_native_frames_are_unwound_across_c_and_python(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    run(runtime_process, make_app(tmp_path, driver_source(NESTED)))
    report = first_report(runtime_process)
    assert report.fault is not None, report.missing
    functions = iter([frame.function for frame in report.fault.frames if frame.unwound])
    assert all(name in functions for name in ("ffi_call", "qsort_r", "ffi_call"))
    assert all(frame.place for frame in report.fault.frames)
    text = report_text.lines(report)
    assert any(line.startswith("  unwound  ") and "qsort_r" in line for line in text)


IN_A_MODULE = """
import _cffi_backend
ffi = _cffi_backend.FFI()
self.RegisterService()
ffi.string(ffi.cast("char *", 16))
"""


def test_the_frames_of_a_bundles_own_module_are_unwound(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    app = make_app(tmp_path, driver_source(IN_A_MODULE))
    vendor(drive(app, (0x1209, 1)), "cffi")
    run(runtime_process, app)
    report = first_report(runtime_process)
    assert report.fault is not None, report.missing
    (module,) = {at.place.partition("+")[0] for at in report.fault.frames if "_cffi" in at.place}
    assert module.startswith("_cffi_backend.")
    assert all(frame.unwound for frame in report.fault.frames), report.missing


def test_an_exception_has_its_frames_and_the_log_before_it(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    run(runtime_process, make_app(tmp_path, driver_source('IOLog("last words")\nself.nothing()')))
    report = first_report(runtime_process)
    assert "AttributeError" in report.exit.detail
    assert any(frame.startswith("Start ") for frame in report.threads[0].frames)
    assert "last words" in [entry.text for entry in report.log]
    text = "\n".join(report_text.lines(report))
    assert text.index("thread of the exception (faulting)") < text.index("last words")


def test_a_kill_says_what_cannot_be_known(running: RuntimeProcess) -> None:
    kill(running.driver().pid)
    report = first_report(running)
    assert report.threads == ()
    assert any("SIGKILL leaves a process no time" in fact for fact in report.missing)


def test_reports_outlive_the_runtime_and_know_earlier_crashes(running: RuntimeProcess) -> None:
    running.call(CrashDriver(running.driver().id))
    first = first_report(running)
    running.driver_when(
        lambda driver: driver.state is DriverState.RUNNING and driver.pid != first.pid,
        "the replacement",
    )
    running.stop()
    running.start()
    assert [one.id for one in running.call(ListCrashes()).reports] == [first.id]
    assert running.call(ReadCrash(first.id)) == first


def test_an_unknown_report_is_refused(runtime_process: RuntimeProcess) -> None:
    with pytest.raises(ProblemError, match="found none"):
        runtime_process.call(ReadCrash("../journal"))


def test_a_folder_that_cannot_be_written_costs_only_the_report(
    running: RuntimeProcess,
) -> None:
    folder = running.state_dir / "crashes"
    folder.rmdir()
    folder.write_bytes(b"")
    pid = running.driver().pid
    os.kill(pid, 9)
    running.driver_when(
        lambda driver: driver.state is DriverState.RUNNING and driver.pid != pid, "the replacement"
    )
    wait_for(
        lambda: any("could not be written" in str(event.detail) for event in running.events()),
        "the note",
    )


def test_a_sample_shows_where_a_stuck_driver_is(
    runtime_process: RuntimeProcess, tmp_path: Path
) -> None:
    body = "stuck = True\nwhile stuck: pass"
    run(runtime_process, make_app(tmp_path, driver_source(body)))
    wait_for(lambda: any(d.pid for d in runtime_process.records().drivers), "its process")

    def in_start() -> bool:
        threads = dict(runtime_process.call(SampleDriver(runtime_process.driver().id)).threads)
        return any(frame.startswith("Start ") for frame in threads.get("Default", ()))

    wait_for(in_start, "the stuck frame")
