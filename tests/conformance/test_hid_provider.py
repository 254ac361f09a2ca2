"""What every HID interface provider has to do; run on each family that offers one.

Source: DriverKit's IOHIDInterface; HID 1.11 chapter 7.
"""

import functools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from runtime.families.simulated import keypad
from runtime.model.errors import ReturnError
from runtime.model.hid import ReportType
from runtime.model.kern_return import IOReturn
from runtime.model.report_descriptor import report_bytes
from runtime.wire import hid, limits, methods
from tests.conformance import hid_bench
from tests.conformance.hid_bench import Bench

Family = Callable[[hid_bench.Test], None]


@pytest.fixture(params=hid_bench.FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    """Run a test's coroutine on a device of the family."""
    return functools.partial(hid_bench.run, request.param)


async def _fails(call: Coroutine[Any, Any, Any], code: IOReturn) -> None:
    with pytest.raises(ReturnError) as failed:
        await call
    assert failed.value.code == code


def test_the_report_descriptor(family: Family) -> None:
    """It can be read before the device is open."""

    async def test(bench: Bench) -> None:
        descriptor = await bench.call(hid.CopyReportDescriptor())
        assert report_bytes(descriptor)[ReportType.INPUT, 0] == 4

    family(test)


def test_one_opener(family: Family) -> None:
    """An open device is refused to others until it is closed."""

    async def test(bench: Bench) -> None:
        await bench.call(hid.HIDOpen())
        other = bench.new_session()
        await _fails(other.call(0, hid.HIDOpen()), IOReturn.EXCLUSIVE_ACCESS)
        other.close()
        await _fails(bench.new_session().call(0, hid.HIDOpen()), IOReturn.EXCLUSIVE_ACCESS)
        await bench.call(hid.HIDClose())
        await other.call(0, hid.HIDOpen(seize=True))
        await _fails(bench.call(hid.HIDClose()), IOReturn.NOT_OPEN)
        other.close()

    family(test)


def test_input_comes_in_order(family: Family) -> None:
    """Every report once, from the opening on, each read with at least one."""

    async def test(bench: Bench) -> None:
        await bench.call(hid.HIDOpen())
        for action in (7, 8, 9):
            await bench.call(hid.ReadReports(action))
        await bench.until(3)
        assert [action for action, _ in bench.completed] == [7, 8, 9]
        came = [each for _, completion in bench.completed for each in completion.reports]
        reports = [keypad.REPORT.unpack(each.report) for each in came]
        produced = [keypad.REPORT.unpack(keypad.report(n)) for n in range(20)]
        first = produced.index(reports[0])
        assert reports == produced[first : first + len(reports)]
        assert [each.timestamp_ns for each in came] == sorted(e.timestamp_ns for e in came)

    family(test)


def test_input_waits_for_a_slow_driver(family: Family) -> None:
    """What came meanwhile is in one completion, bounded, and nothing is taken beyond that."""

    async def test(bench: Bench) -> None:
        await bench.call(hid.HIDOpen())
        for _ in range(limits.REPORTS + 5):
            bench.session._hear(bytes(limits.REPORT))
        assert len(bench.session._reports) >= limits.REPORTS
        for action in range(20):
            await bench.call(hid.ReadReports(action))
        for _, completion in bench.completed:
            assert sum(len(each.report) for each in completion.reports) <= limits.TRANSFER

    family(test)


def test_reports_are_sent_and_asked_for(family: Family) -> None:
    """A feature report is kept; a report that is not there is refused."""

    async def test(bench: Bench) -> None:
        await bench.call(hid.HIDOpen())
        await bench.call(hid.SetReport(ReportType.FEATURE, 0, b"12345678"))
        assert await bench.call(hid.GetReport(ReportType.FEATURE, 0, 8)) == b"12345678"
        assert await bench.call(hid.GetReport(ReportType.FEATURE, 0, 3)) == b"123"
        await bench.call(hid.SetReport(ReportType.OUTPUT, 0, b"\x01"))
        with pytest.raises(ReturnError):
            await bench.call(hid.GetReport(ReportType.INPUT, 0, 4))
        await _fails(bench.call(hid.GetReport(ReportType.FEATURE, 0, 0)), IOReturn.BAD_ARGUMENT)
        await _fails(
            bench.call(hid.GetReport(ReportType.FEATURE, 0, 1 << 20)), IOReturn.BAD_ARGUMENT
        )

    family(test)


def test_nothing_without_opening(family: Family) -> None:
    """Reports need an open device; methods of other objects are refused."""

    async def test(bench: Bench) -> None:
        for method in (
            hid.ReadReports(1),
            hid.HIDClose(),
            hid.GetReport(ReportType.FEATURE, 0, 8),
            hid.SetReport(ReportType.FEATURE, 0, b""),
        ):
            await _fails(bench.call(method), IOReturn.NOT_OPEN)
        await _fails(bench.call(methods.GetInterfaceDescriptor()), IOReturn.UNSUPPORTED)

    family(test)


def test_closing_aborts_what_waits(family: Family) -> None:
    """Every read that waits completes with ABORTED, in order, and none afterwards."""

    async def test(bench: Bench) -> None:
        await bench.call(hid.HIDOpen(seize=True))
        for action in range(3):
            await bench.call(hid.ReadReports(action))
        await bench.call(hid.HIDClose())
        assert [action for action, _ in bench.completed] == [0, 1, 2]
        assert {each.status for _, each in bench.completed} == {IOReturn.ABORTED}

    family(test)


def test_unplug_aborts(family: Family) -> None:
    """Nothing is left waiting for a device that is gone, whoever says so."""

    async def test(bench: Bench) -> None:
        await bench.call(hid.HIDOpen(seize=True))
        await bench.call(hid.ReadReports(1))
        (bench.unplug_kernel or bench.session.unplug)()
        await bench.until(1)
        while bench.completed[-1][1].status == IOReturn.SUCCESS:  # what came just before
            await bench.call(hid.ReadReports(2))
            await bench.until(len(bench.completed) + 1)
        assert bench.completed[-1][1].status == IOReturn.ABORTED
        await _fails(bench.call(hid.ReadReports(2)), IOReturn.ABORTED)
        await _fails(bench.call(hid.HIDOpen()), IOReturn.NO_DEVICE)

    family(test)
