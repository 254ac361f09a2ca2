"""The tray and its message are views of the inbox: they count, tell once a minute, and open it."""

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QSystemTrayIcon, QWidget
from pytestqt.qtbot import QtBot

from ioregui.approvals.herald import Herald
from ioregui.approvals.notification import Notification
from ioregui.bridge import Bridge
from runtime.model.records import Request, RequestState

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime
    from tests.gui.panels.conftest import Make


class Tray(QSystemTrayIcon):
    """Keeps its messages, and whether it is shown: off screen there is no tray to show it in."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.messages: list[tuple[str, str]] = []
        self.shown = False

    def setVisible(self, visible: bool) -> None:  # noqa: N802 - Qt's
        self.shown = visible

    def showMessage(  # type: ignore[override]  # noqa: N802 - Qt's name
        self, title: str, text: str, *_icon: QIcon
    ) -> None:
        self.messages.append((title, text))


class Desk:
    """A window that is not looked at, its tray, and a runtime that has news."""

    def __init__(self, qtbot: QtBot, bridge: Bridge, runtime: "FakeRuntime") -> None:
        self._qtbot, self._bridge, self._runtime = qtbot, bridge, runtime
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.tray = Tray(self.window)
        self.herald = Herald(bridge, self.window, self.tray, None)

    def bring(self, *requests: Request) -> None:
        with self._qtbot.waitSignal(self._bridge.changed):
            self._runtime.delta(requests=requests)


@pytest.fixture
def desk(qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime") -> Desk:
    return Desk(qtbot, bridge, fake_runtime)


def test_a_new_request_is_told_and_counted(desk: Desk, request_record: "Make") -> None:
    desk.bring(request_record(1))
    assert desk.tray.messages == [
        (
            "1 request waits for approval",
            "Sample App wants to install the driver \u201cDriver 1\u201d "
            "(org.example.driver1 1.2).",
        )
    ]
    assert desk.tray.shown
    desk.bring(request_record(1, state=RequestState.DENIED))
    assert not desk.tray.shown


def test_a_flood_is_one_message(desk: Desk, request_record: "Make") -> None:
    for number in range(1, 30):
        desk.bring(request_record(number))
    assert len(desk.tray.messages) == 1
    assert desk.tray.toolTip() == "29 requests wait for approval"


def test_the_same_request_again_is_no_news(desk: Desk, request_record: "Make") -> None:
    desk.bring(request_record(1, state=RequestState.DENIED))
    assert desk.tray.messages == []


@pytest.mark.parametrize("name", ["<b>bold</b>", "a\u202eb", "x" * 10_000])
def test_a_hostile_name_is_plain_and_bounded(desk: Desk, request_record: "Make", name: str) -> None:
    desk.bring(request_record(1, name=name))
    ((_, text),) = desk.tray.messages
    assert "\u202e" not in text
    assert len(text) < 1000


def test_a_click_opens_the_inbox_and_decides_nothing(
    desk: Desk, qtbot: QtBot, request_record: "Make"
) -> None:
    desk.bring(request_record(1))
    with qtbot.waitSignal(desk.herald.opened) as opened:
        desk.tray.messageClicked.emit()
    assert opened.args == [request_record(1).id]
    with qtbot.waitSignal(desk.herald.opened) as opened:
        desk.tray.activated.emit(QSystemTrayIcon.ActivationReason.Trigger)
    assert opened.args == [None]


class Noted(Notification):
    """Keeps what the desktop would show."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.texts: list[str] = []

    def show(self, title: str, text: str) -> None:
        self.texts = [title, text]

    def withdraw(self) -> None:
        self.texts = []


def test_without_a_tray_the_desktop_is_told_until_somebody_decided(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime", request_record: "Make"
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    noted = Noted(window)
    herald = Herald(bridge, window, None, noted)
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(requests=(request_record(1),))
    assert noted.texts[0] == "1 request waits for approval"
    with qtbot.waitSignal(herald.opened) as opened:
        noted.chosen.emit()
    assert opened.args == [request_record(1).id]
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(requests=(request_record(2),))
    assert noted.texts, "the first still waits"
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(requests=(request_record(1, state=RequestState.DENIED),))
    assert noted.texts == []


def test_without_tray_and_notifications_nothing_is_missing(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime", request_record: "Make"
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    Herald(bridge, window, None, None)
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(requests=(request_record(1),))
    assert bridge.mirror.requests
