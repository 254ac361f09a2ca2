"""The folder of crash reports is bounded, and believes no file that is not its own."""

from pathlib import Path

import msgspec
import pytest

from runtime.model.crash_report import CrashReport
from runtime.model.errors import ProblemError, UnavailableError
from runtime.model.outcome import Exit, ExitHow
from runtime.supervisor import crash_folder
from runtime.supervisor.crash_folder import CrashFolder


def report(number: int) -> CrashReport:
    nothing: tuple[()] = ()
    return CrashReport(
        id=f"report-{number:04}",
        wall_ns=number,
        driver=1,
        name="Driver",
        pid=number,
        device="/IOService/…",
        reason="crashed: SIGSEGV",
        exit=Exit(ExitHow.SIGNAL, 11),
        bundle_id="com.example.driver",
        content_hash="0" * 64,
        personality="Driver",
        starts=1,
        crashes=1,
        ran_ms=5,
        threads=nothing,
        packets=nothing,
        log=nothing,
        launch=nothing,
        earlier=nothing,
        sandbox=nothing,
        missing=nothing,
        runtime="1",
        kernel="6",
        python="3",
    )


def test_the_oldest_go_first_and_the_newest_is_listed_first(tmp_path: Path) -> None:
    folder = CrashFolder(tmp_path / "crashes")
    for number in range(crash_folder.KEPT + 3):
        folder.add(report(number))
    listed = [one.wall_ns for one in folder.list()]
    assert listed == list(range(crash_folder.KEPT + 2, 2, -1))
    assert len(list((tmp_path / "crashes").iterdir())) == crash_folder.KEPT


def test_they_are_found_again(tmp_path: Path) -> None:
    CrashFolder(tmp_path).add(report(7))
    folder = CrashFolder(tmp_path)
    assert folder.read("report-0007") == report(7)


def test_one_is_found_by_a_beginning_that_no_other_has(tmp_path: Path) -> None:
    folder = CrashFolder(tmp_path)
    folder.add(report(7))
    assert folder.read("report-0") == report(7)
    folder.add(report(8))
    assert folder.read("report-0008") == report(8)
    with pytest.raises(ProblemError, match="found 2 that begin so"):
        folder.read("report-0")
    with pytest.raises(ProblemError, match="found none"):
        folder.read("report-1")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", msgspec.json.encode(report(1))])
def test_other_files_are_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other.json").write_bytes(content)
    assert CrashFolder(tmp_path).list() == ()
    assert (tmp_path / "other.json").exists()


def test_a_file_that_was_damaged_meanwhile_is_refused(tmp_path: Path) -> None:
    folder = CrashFolder(tmp_path)
    folder.add(report(7))
    (tmp_path / "report-0007.json").write_bytes(b"{")
    with pytest.raises(ProblemError, match="report-0007"):
        folder.read("report-0007")


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "crashes").write_bytes(b"")
    with pytest.raises(UnavailableError, match="crashes"):
        CrashFolder(tmp_path / "crashes")
