"""What can be done to a driver from the window: asked where it disturbs, and shown in place."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.drivers.details import DriverDetails
from ioregui.drivers.page import DriversPage
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry
from runtime.model.identity import ROOT_ID, DriverId
from runtime.model.records import Driver
from runtime.wire.commands.drivers import (
    DebugDoor,
    DebugDriver,
    QuarantineDriver,
    ReleaseDriver,
    RestartDriver,
    SampleDriver,
    StopDriver,
    Threads,
)
from tests.gui.conftest import sample_driver, sample_status

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

ONE = DriverId(1)
SERVICE = ROOT_ID + 6
DOOR = "/run/user/1000/a folder/debug-abc.sock"


def driver(**more: object) -> Driver:
    return msgspec.structs.replace(sample_driver(), **more)


class Case:
    """The page with a driver, in developer mode."""

    def __init__(self, qtbot: QtBot, page: DriversPage, runtime: "FakeRuntime") -> None:
        self.qtbot = qtbot
        self.page = page
        self.runtime = runtime
        self.details: DriverDetails = page.details

    def bring(self, **changes: object) -> None:
        """Send a delta and wait until it is shown."""
        with self.qtbot.waitSignal(self.page._bridge.changed):
            self.runtime.delta(**changes)

    def click(self, name: str) -> None:
        QTest.mouseClick(self.details.actions_row.button(name), Qt.MouseButton.LeftButton)

    def wait_for(self, command: object) -> None:
        self.qtbot.waitUntil(lambda: command in self.runtime.commands())


@pytest.fixture
def case(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    put_up: Callable[[QWidget], None],
) -> Case:
    page = DriversPage(bridge)
    put_up(page)
    made = Case(qtbot, page, fake_runtime)
    made.bring(status=sample_status(developer=True))
    return made


@pytest.fixture
def used(case: Case, make_entry: Callable[..., Entry]) -> Case:
    """The driver has a client."""
    case.bring(entries=(make_entry(0x99, SERVICE - ROOT_ID, "Camera app"),))
    return case


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("restart", RestartDriver(ONE)),
        ("stop", StopDriver(ONE)),
        ("quarantine", QuarantineDriver(ONE)),
        ("sample", SampleDriver(ONE)),
    ],
)
def test_nobody_is_asked_where_nobody_is_disturbed(case: Case, name: str, command: object) -> None:
    case.click(name)
    case.wait_for(command)
    assert case.details.question.text == ""


def test_sampling_disturbs_nobody(used: Case) -> None:
    used.click("sample")
    used.wait_for(SampleDriver(ONE))


def test_stopping_what_is_used_is_asked_about_in_the_page(used: Case) -> None:
    used.click("stop")
    question = used.details.question
    assert question.text == "Stop: Camera app would be disturbed, as what uses this driver now."
    assert QApplication.activeModalWidget() is None
    assert StopDriver(ONE) not in used.runtime.commands()
    QTest.mouseClick(question.button, Qt.MouseButton.LeftButton)
    used.wait_for(StopDriver(ONE))
    assert question.text == ""


def test_the_question_waits_for_the_keyboard_and_escape_changes_nothing(used: Case) -> None:
    used.click("restart")
    question = used.details.question
    assert question.dismiss.hasFocus(), "Return alone disturbs nobody"
    QTest.keyClick(question.dismiss, Qt.Key.Key_Escape)
    assert question.text == ""
    used.click("sample")
    used.wait_for(SampleDriver(ONE))
    assert RestartDriver(ONE) not in used.runtime.commands()


def test_a_question_about_what_cannot_be_done_any_more_goes(used: Case) -> None:
    used.click("stop")
    used.bring(drivers=(driver(state=DriverState.STOPPED, pid=0, service=0),))
    assert used.details.question.text == ""


def test_a_stopped_driver_can_be_started_and_says_who_stopped_it(case: Case) -> None:
    case.bring(drivers=(driver(state=DriverState.STOPPED, pid=0, note="by ada"),))
    assert "stopped: by ada" in case.details.facts.toPlainText()
    case.click("restart")
    case.wait_for(RestartDriver(ONE))


def test_a_sample_is_shown_in_place_until_the_process_is_another(case: Case) -> None:
    case.click("sample")
    case.wait_for(SampleDriver(ONE))
    frames = (("Default", ("spin (/opt/dext/Driver.py:7)", "Start (Driver.py:3)")), ("watcher", ()))
    case.runtime.answer(SampleDriver, Threads(frames))
    case.qtbot.waitUntil(lambda: "Threads at" in case.details.facts.toPlainText())
    shown = case.details.facts.toPlainText()
    assert shown.index("spin (…/dext/Driver.py:7)") < shown.index("Start (Driver.py:3)")
    assert "no Python frames" in shown
    assert case.details.facts.hasFocus()
    case.bring(drivers=(driver(pid=2600, starts=2),))
    assert "Threads at" not in case.details.facts.toPlainText()


def test_a_door_is_told_and_a_debugger_said(case: Case) -> None:
    doors: list[object] = []
    case.details.actions_row.opened.connect(lambda *opened: doors.append(opened))
    case.click("debug")
    case.wait_for(DebugDriver(ONE))
    case.runtime.answer(DebugDriver, DebugDoor(DOOR))
    case.qtbot.waitUntil(lambda: doors == [(ONE, DebugDoor(DOOR))])
    case.bring(drivers=(driver(debugging=True),))
    assert "A debugger is attached" in case.details.debugging.text
    assert case.page.model.index(0, 1).data() == "debugging"
    assert not case.details.actions_row.button("debug").isEnabled()
    case.bring(drivers=(driver(),))
    assert case.details.debugging.text == ""


def test_an_answer_for_another_driver_is_not_shown(case: Case) -> None:
    case.bring(drivers=(driver(id=DriverId(2), name="Other"),))
    case.click("sample")
    case.wait_for(SampleDriver(ONE))
    case.page.select_driver(DriverId(2))
    case.runtime.refuse(SampleDriver, "silent", "driver 1 does not answer")
    button = case.details.actions_row.button("sample")
    case.qtbot.waitUntil(button.isEnabled)
    assert case.details.notice.text == ""


def test_a_lost_connection_leaves_no_button_waiting(case: Case, qtbot: QtBot) -> None:
    case.click("sample")
    case.wait_for(SampleDriver(ONE))
    assert not case.details.actions_row.button("stop").isEnabled()
    with qtbot.waitSignal(case.page._bridge.reset):
        case.runtime.snapshot(drivers=(sample_driver(),))
    assert case.details.actions_row.button("stop").isEnabled()


def test_release_needs_no_question(used: Case) -> None:
    used.bring(drivers=(driver(state=DriverState.QUARANTINED),))
    used.click("release")
    used.wait_for(ReleaseDriver(ONE))
