"""The processes on the Drivers page: what is asked when, the tree, what is told of each."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.drivers import columns, figures
from ioregui.drivers.page import DriversPage
from ioregui.drivers.readings import Reading, compare
from ioregui.drivers.rows import rows
from ioregui.records.model import RecordModel
from ioregui.records.table import RecordTable
from runtime.model.driver_lifecycle import DriverState
from runtime.model.identity import DriverId
from runtime.model.processes import OpenCall, Process, Role
from runtime.model.records import Driver
from runtime.wire.commands.drivers import Processes, ReadProcesses
from tests.gui.conftest import sample_driver

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

ONE = DriverId(1)
SECOND = 1_000_000


def process(role: Role, pid: int, **more: object) -> Process:
    made = Process(role, role.value, pid, started_us=SECOND, memory=2_500_000, threads=2)
    return msgspec.structs.replace(made, **more)


def all_processes(**of_driver: object) -> tuple[Process, ...]:
    return (
        process(Role.RUNTIME, 1),
        process(Role.WORKER, 6, name="spare"),
        process(Role.STANDBY, 2),
        process(Role.SPARE, 7),
        process(Role.ZYGOTE, 3),
        process(Role.BROKER, 4, name="broker of Sample"),
        process(Role.UNDERSTUDY, 5, name="MyUserUSBInterfaceDriver", driver=ONE),
        process(Role.DRIVER, 2572, name="MyUserUSBInterfaceDriver", driver=ONE, **of_driver),
    )


def driver(number: int = 1, **more: object) -> Driver:
    return msgspec.structs.replace(sample_driver(), id=DriverId(number), **more)


@pytest.fixture
def page(qtbot: QtBot, bridge: Bridge, put_up: Callable[[QWidget], None]) -> DriversPage:
    made = DriversPage(bridge)
    put_up(made)
    return made


def answer(qtbot: QtBot, runtime: "FakeRuntime", page: DriversPage, found: Processes) -> None:
    qtbot.waitUntil(lambda: ReadProcesses() in runtime.commands())
    with qtbot.waitSignal(page._readings.read):
        runtime.answer(ReadProcesses, found)


def test_the_tree_of_processes(
    qtbot: QtBot, page: DriversPage, fake_runtime: "FakeRuntime"
) -> None:
    answer(qtbot, fake_runtime, page, Processes(8 * SECOND, all_processes()))
    names = [page.model.index(row, 0).data() for row in range(page.model.rowCount())]
    assert [name.lstrip("\N{EM SPACE}") for name in names] == [
        "runtime",
        "MyUserUSBInterfaceDriver",
        "understudy of MyUserUSBInterfaceDriver",
        "broker of Sample",
        "zygote",
        "standby",
        "spare broker",
        "worker",
    ]
    assert [name.count("\N{EM SPACE}") for name in names] == [0, 1, 2, 1, 1, 1, 1, 1]
    assert page.table.selected is not None
    assert page.table.selected.driver is not None, "a driver is selected, not the first row"


def test_what_is_not_a_driver_has_facts_and_no_buttons(
    qtbot: QtBot, page: DriversPage, fake_runtime: "FakeRuntime"
) -> None:
    answer(qtbot, fake_runtime, page, Processes(8 * SECOND, all_processes()))
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    assert "decides what may run" in page.details.facts.toPlainText()
    assert not page.details.actions_row.isVisible()
    assert page.details.usage.text() == "memory 2.5 MB · threads 2 · up 7 s"


def test_two_readings_make_a_share_and_old_calls_are_told(
    qtbot: QtBot, page: DriversPage, fake_runtime: "FakeRuntime"
) -> None:
    answer(qtbot, fake_runtime, page, Processes(8 * SECOND, all_processes()))
    assert "CPU" not in page.details.usage.text()
    call = OpenCall("Start on queue Default", 62 * SECOND)
    later = all_processes(cpu_us=SECOND // 2, call=call)
    qtbot.waitUntil(lambda: fake_runtime.commands().count(ReadProcesses()) == 2)
    answer(qtbot, fake_runtime, page, Processes(10 * SECOND, later))
    assert page.details.usage.text() == (
        "CPU 25 % · memory 2.5 MB · threads 2 · up 9 s · oldest call Start on queue Default, 1 min"
    )


def test_a_pid_that_was_used_again_has_no_share_yet() -> None:
    before = compare(Reading(), Processes(SECOND, (process(Role.BROKER, 9, cpu_us=SECOND),)))
    again = process(Role.BROKER, 9, started_us=2 * SECOND)
    assert compare(before, Processes(3 * SECOND, (again,))).shares == {}


def test_nothing_is_asked_while_the_page_is_hidden(
    qtbot: QtBot, page: DriversPage, fake_runtime: "FakeRuntime"
) -> None:
    qtbot.waitUntil(lambda: ReadProcesses() in fake_runtime.commands())
    page.hide()
    answer(qtbot, fake_runtime, page, Processes(8 * SECOND, all_processes()))
    assert not page._readings._again.isActive()
    page.show()
    assert page._readings._again.isActive()
    qtbot.waitUntil(lambda: fake_runtime.commands().count(ReadProcesses()) == 2)


def test_a_new_connection_begins_anew(
    qtbot: QtBot, page: DriversPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    answer(qtbot, fake_runtime, page, Processes(8 * SECOND, all_processes()))
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot(drivers=(sample_driver(),))
    assert page.model.rowCount() == 1, "only what the mirror has"


def test_a_driver_without_a_process_is_told_by_its_record() -> None:
    stopped = driver(pid=0, state=DriverState.STOPPED)
    reading = compare(Reading(), Processes(8 * SECOND, all_processes()))
    (row,) = (row for row in rows((stopped,), reading) if row.driver is not None)
    assert (columns.pid(row), figures.sentence(row)) == ("", "")


drivers = st.builds(
    driver,
    st.integers(1, 4),
    pid=st.integers(0, 6),
    name=st.sampled_from(["A", "B"]),
    starts=st.integers(0, 3),
)
processes = st.builds(
    lambda role, pid, owner, cpu: process(role, pid, driver=DriverId(owner), cpu_us=cpu),
    st.sampled_from(Role),
    st.integers(1, 6),
    st.integers(0, 4),
    st.integers(0, SECOND),
)


@settings(max_examples=60)
@given(
    turns=st.lists(
        st.tuples(
            st.lists(drivers, unique_by=lambda one: one.id),
            st.lists(processes, unique_by=lambda one: one.pid),
        ),
        max_size=5,
    )
)
def test_any_readings_keep_the_model_and_the_selection(
    qapp: QApplication, turns: list[tuple[list[Driver], list[Process]]]
) -> None:
    model = RecordModel(columns.columns(), columns.key, columns.order)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    table = RecordTable(model, "Processes")
    reading = Reading()
    for at, (known, found) in enumerate(turns, 1):
        reading = compare(reading, Processes(at * SECOND, tuple(found)))
        shown = sorted(rows(known, reading), key=columns.order)
        before = table.selected
        table.show_records(shown)
        assert list(model.records) == sorted(
            {row.key: row for row in shown}.values(), key=lambda row: (row.place, row.key)
        )
        if before is not None and any(row.key == before.key for row in shown):
            assert table.selected is not None
            assert table.selected.key == before.key
    table.deleteLater()
