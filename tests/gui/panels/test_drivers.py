"""The drivers page, its buttons and its log, with mouse and keyboard."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.drivers.log import LogPanel
from ioregui.drivers.page import DriversPage
from ioregui.drivers.process_panel import ProcessPanel
from ioregui.drivers.summary import frame_text
from runtime.model.driver_lifecycle import DriverState
from runtime.model.identity import ROOT_ID, DriverId
from runtime.model.outcome import Exit, ExitHow, Stage
from runtime.model.records import Driver, LogLine, StageTime
from runtime.wire.commands.drivers import CrashDriver, LogPage, ReadLog, ReleaseDriver
from tests.gui.conftest import sample_driver, sample_status

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

ONE, TWO = DriverId(1), DriverId(2)


def line(number: int, text: str = "") -> LogLine:
    return LogLine(ONE, number, number * 1_000_000, 2572, "log", text or f"line {number}")


def driver(**more: object) -> Driver:
    return msgspec.structs.replace(sample_driver(), **more)


@pytest.mark.parametrize(
    ("frame", "shown"),
    [
        ("run (/opt/a b/runtime/host/queues.py:57)", "run (…/host/queues.py:57)"),
        ("Start (MyDriver.py:12)", "Start (MyDriver.py:12)"),
        ("f (/x.py:1)", "f (/x.py:1)"),
    ],
)
def test_frames_are_told_by_folder_and_file(frame: str, shown: str) -> None:
    assert frame_text(frame) == shown


@pytest.fixture
def page(qtbot: QtBot, bridge: Bridge, put_up: Callable[[QWidget], None]) -> DriversPage:
    """The page with the sample driver, shown."""
    made = DriversPage(bridge)
    put_up(made)
    return made


def test_a_crash_and_a_new_pid_are_seen(
    qtbot: QtBot, page: DriversPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    ended = Exit(ExitHow.SIGNAL, 11, "null dereference", ("driver.py:88 ReadComplete",))
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(drivers=(driver(pid=2600, starts=2, crashes=1, last_exit=ended),))
    cells = [page.model.index(0, column).data() for column in range(page.model.columnCount())]
    assert cells == [
        "\N{EM SPACE}MyUserUSBInterfaceDriver", "running", "2600", "Interface@0",
        "", "", "", "", "", "1", "1", "SIGSEGV",
    ]  # fmt: skip
    shown = page.details.facts.toPlainText()
    assert "null dereference" in shown
    assert "driver.py:88 ReadComplete" in shown


def test_sandbox_and_launch_are_told(
    qtbot: QtBot, page: DriversPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(
            drivers=(
                driver(
                    may=("talk to Interface 0",),
                    may_not=("reach the network (seccomp)",),
                    sandbox=("no capabilities",),
                    missing=("no Landlock: the kernel has none",),
                    launch=(StageTime(Stage.REQUESTED, 0), StageTime(Stage.STARTED, 12_345)),
                ),
            )
        )
    shown = page.details.facts.toPlainText()
    for part in ("talk to Interface 0", "reach the network", "no Landlock", "12.3 ms"):
        assert part in shown


@pytest.mark.parametrize(
    "case",
    [
        (DriverState.RUNNING, False, (True, False, False)),
        (DriverState.RUNNING, True, (True, True, False)),
        (DriverState.NOT_RESPONDING, True, (True, True, False)),
        (DriverState.RESTARTING, True, (False, False, False)),
        (DriverState.STOPPED, True, (True, False, False)),
        (DriverState.QUARANTINED, True, (False, False, True)),
    ],
)
def test_buttons_follow_the_state(
    qtbot: QtBot,
    page: DriversPage,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    case: tuple[DriverState, bool, tuple[bool, bool, bool]],
) -> None:
    state, developer, wanted = case
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(
            drivers=(driver(state=state),), status=sample_status(developer=developer)
        )
    row = page.details.actions_row
    buttons = (row.button("restart"), row.button("crash"), row.button("release"))
    assert tuple(button.isEnabled() for button in buttons) == wanted
    assert all(button.toolTip() for button in buttons)


def test_crash_it_asks_once_and_shows_a_refusal(
    qtbot: QtBot, page: DriversPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(status=sample_status(developer=True))
    button = page.details.actions_row.button("crash")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    asked = CrashDriver(ONE)
    qtbot.waitUntil(lambda: asked in fake_runtime.commands())
    assert fake_runtime.commands().count(asked) == 1
    fake_runtime.refuse(CrashDriver, "busy", "Driver 1 is being launched.")
    qtbot.waitUntil(lambda: page.details.notice.text == "Driver 1 is being launched.")
    assert button.isEnabled()


def test_release_by_keyboard(
    qtbot: QtBot, page: DriversPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(drivers=(driver(state=DriverState.QUARANTINED),))
    button = page.details.actions_row.button("release")
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: ReleaseDriver(ONE) in fake_runtime.commands())


def test_picking_a_driver_names_its_entry(
    qtbot: QtBot, page: DriversPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    other = driver(id=DriverId(2), name="Second", service=0, provider=ROOT_ID + 7)
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(drivers=(other,))
    page.table.setFocus()
    with qtbot.waitSignal(page.entry_chosen) as heard:
        QTest.keyClick(page.table, Qt.Key.Key_Down)
    assert heard.args == [ROOT_ID + 7]


def test_the_last_driver_gone_shows_how_to_get_one(
    qtbot: QtBot, page: DriversPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(gone_drivers=(ONE,))
    assert not page.table.isVisible()


def test_log_shows_history_and_follows(
    qtbot: QtBot, page: DriversPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    qtbot.waitUntil(lambda: ReadLog(ONE) in fake_runtime.commands())
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(logs=(line(11),))
    fake_runtime.answer(ReadLog, LogPage(tuple(line(n) for n in range(5, 12)), 4))
    qtbot.waitUntil(lambda: page.log.model.rowCount() == 7)
    assert page.log.count.text() == "7 lines · 4 lines dropped"


def test_log_stays_where_the_reader_scrolled_to(
    qtbot: QtBot, page: DriversPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    log = page.log
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(logs=tuple(line(n) for n in range(1, 200)))
    bar = log.view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    log.view.setFocus()
    log.view.selectRow(198)
    QTest.keyClick(log.view, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    assert log.to_end.isVisible()
    place = bar.value()
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(logs=(line(200),))
    assert bar.value() == place
    QTest.mouseClick(log.to_end, Qt.MouseButton.LeftButton)
    assert not log.to_end.isVisible()
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(logs=(line(201),))
    qtbot.waitUntil(lambda: bar.value() == bar.maximum())


def test_a_gap_in_the_log_is_read_again(
    qtbot: QtBot, page: DriversPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(logs=(line(1), line(2)))
    asked = fake_runtime.commands().count(ReadLog(ONE))
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(logs=(line(6),), lost_logs=3)
    assert "3 lines dropped" in page.log.count.text()
    qtbot.waitUntil(lambda: fake_runtime.commands().count(ReadLog(ONE)) == asked + 1)
    fake_runtime.answer(ReadLog, LogPage(tuple(line(n) for n in range(1, 7)), 0))
    qtbot.waitUntil(lambda: page.log.count.text() == "6 lines")


def test_searching_the_log_shows_the_lines_that_have_it_and_goes_on_following(
    qtbot: QtBot, page: DriversPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(logs=(line(1, "Read one"), line(2, "Write"), line(3, "ready")))
    page.log.search.setFocus()
    QTest.keyClicks(page.log.search, "READ")
    assert page.log.count.text() == "2 of 3 lines"
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(logs=(line(4, "write"), line(5, "read [again]")))
    assert page.log.count.text() == "3 of 5 lines"
    page.log.view.selectRow(2)
    page.log.view.copy()
    assert QGuiApplication.clipboard().text().endswith("read [again]\n")
    page.log.search.clear()
    assert page.log.count.text() == "5 lines"


def test_a_throttled_log_says_so(
    qtbot: QtBot, page: DriversPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    told = msgspec.structs.replace(line(2, "9000 lines dropped"), source="runtime", dropped=9000)
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(logs=(line(1), told))
    assert page.log.count.text() == "2 lines · throttled: 9,000 lines dropped"


def test_copying_log_lines(
    qtbot: QtBot, page: DriversPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(logs=(line(1, "first"), line(2, "second")))
    page.log.view.selectRow(1)
    page.log.view.copy()
    assert QGuiApplication.clipboard().text().endswith("log\tsecond\n")
    assert "first" not in QGuiApplication.clipboard().text()


def test_the_log_of_an_entry_comes_with_its_driver(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime", put_up: Callable[[QWidget], None]
) -> None:
    """An entry is selected, as a plugged device is, before a driver has started on it."""
    panel = LogPanel(bridge)
    put_up(panel)
    panel.show_entry(ROOT_ID + 7)
    two = driver(id=TWO, provider=ROOT_ID + 7, service=0, pid=9)
    said = msgspec.structs.replace(line(1, "hello"), driver=TWO)
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(drivers=(two,), logs=(said,))
    assert panel.count.text() == "1 line"
    panel.show_driver(ONE)
    assert panel.count.text() == "0 lines"


def test_process_panel_follows_the_selected_entry(
    qtbot: QtBot, bridge: Bridge, put_up: Callable[[QWidget], None]
) -> None:
    panel = ProcessPanel(bridge)
    put_up(panel)
    assert not panel.details.facts.isVisible()
    panel.show_entry(ROOT_ID + 5)
    assert "2572" in panel.details.facts.toPlainText()
    assert panel.details.facts.isVisible()
    panel.show_entry(ROOT_ID + 7)
    assert not panel.details.facts.isVisible()
