"""The approvals page with mouse and keyboard: what approves, and all that must not."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ioregui.approvals.approve_button import ApproveButton
from ioregui.approvals.arming import QUIET_NS
from ioregui.approvals.gate import TICK_MS
from ioregui.approvals.page import ApprovalsPage
from ioregui.bridge import Bridge
from runtime.model.records import Request, RequestState
from runtime.wire import client as wire
from tests.gui.conftest import sample_status

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

Make = Callable[..., Request]


class Clock:
    """Monotonic time that only the test moves."""

    def __init__(self) -> None:
        self.now = 5 * QUIET_NS

    def __call__(self) -> int:
        return self.now


class Inbox:
    """A page in a window, its runtime, and a clock."""

    def __init__(self, qtbot: QtBot, bridge: Bridge, runtime: "FakeRuntime") -> None:
        self.qtbot = qtbot
        self.bridge = bridge
        self.runtime = runtime
        self.clock = Clock()
        self.page = ApprovalsPage(bridge, clock=self.clock)
        self.parts = self.page.detail.parts

    def bring(self, **changes: object) -> None:
        """Send a delta and wait until it is shown."""
        with self.qtbot.waitSignal(self.bridge.changed):
            self.runtime.delta(**changes)

    def settle(self, nanoseconds: int = QUIET_NS + 2 * TICK_MS * 1_000_000) -> None:
        """Let undisturbed time pass, tick by tick, without waiting for it."""
        for _ in range(nanoseconds // (TICK_MS * 1_000_000)):
            self.clock.now += TICK_MS * 1_000_000
            self.page.detail.gate.tick()

    def click(self, widget: QWidget) -> None:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)

    def decisions(self) -> list[wire.Decide]:
        commands = self.runtime.commands()
        return [command for command in commands if isinstance(command, wire.Decide)]


@pytest.fixture
def inbox(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    put_up: Callable[[QWidget], None],
    request_record: Make,
) -> Inbox:
    """A page that shows request 1, with request 2 behind it; nothing has settled."""
    made = Inbox(qtbot, bridge, fake_runtime)
    made.bring(requests=(request_record(1), request_record(2)))
    put_up(made.page)
    return made


def test_one_click_approves_what_was_shown(inbox: Inbox, request_record: Make) -> None:
    inbox.settle()
    assert inbox.parts.approve.isEnabled()
    inbox.click(inbox.parts.approve)
    shown = request_record(1)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    assert inbox.decisions() == [wire.Decide(shown.id, shown.content_hash, shown.nonce, True)]


def test_real_time_arms_the_button(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    put_up: Callable[[QWidget], None],
    request_record: Make,
) -> None:
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(requests=(request_record(1),))
    page = ApprovalsPage(bridge)
    put_up(page)
    assert not page.detail.parts.approve.isEnabled()
    qtbot.waitUntil(page.detail.parts.approve.isEnabled, timeout=20_000)


def test_click_before_it_is_armed_does_nothing(inbox: Inbox) -> None:
    inbox.settle(QUIET_NS - 200_000_000)
    inbox.click(inbox.parts.approve)
    assert inbox.decisions() == []


def test_the_press_itself_is_judged_again(inbox: Inbox) -> None:
    """A button that looks armed by mistake still does not approve."""
    inbox.parts.approve.setEnabled(True)
    inbox.click(inbox.parts.approve)
    inbox.parts.approve.setFocus()
    QTest.keyClick(inbox.parts.approve, Qt.Key.Key_Return)
    assert inbox.decisions() == []


def test_a_stalled_window_has_to_be_read_again(inbox: Inbox) -> None:
    inbox.clock.now += 10 * QUIET_NS
    inbox.page.detail.gate.tick()
    inbox.clock.now += 10 * QUIET_NS
    inbox.page.detail.gate.tick()
    assert not inbox.parts.approve.isEnabled()


def test_a_flood_of_requests_leaves_the_open_one_alone(inbox: Inbox, request_record: Make) -> None:
    inbox.settle()
    for begin in range(3, 1003, 100):
        inbox.bring(requests=tuple(request_record(n) for n in range(begin, begin + 100)))
    assert inbox.page.model.rowCount() == 1002
    assert inbox.page.detail.request == request_record(1)
    assert inbox.parts.approve.isEnabled()


def test_deny_is_one_click_at_any_time(inbox: Inbox) -> None:
    inbox.click(inbox.parts.deny)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    assert [decision.approve for decision in inbox.decisions()] == [False]


def test_second_press_while_the_first_is_open_is_not_sent(inbox: Inbox) -> None:
    inbox.click(inbox.parts.deny)
    inbox.click(inbox.parts.deny)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    assert len(inbox.decisions()) == 1


def test_note_goes_with_the_decision(inbox: Inbox) -> None:
    QTest.keyClicks(inbox.parts.note, "asked Bob")
    inbox.click(inbox.parts.deny)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    assert inbox.decisions()[0].note == "asked Bob"


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_fresh_key_on_the_focused_armed_button_approves(inbox: Inbox, key: Qt.Key) -> None:
    inbox.settle()
    inbox.parts.approve.setFocus()
    QTest.keyClick(inbox.parts.approve, key)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    assert len(inbox.decisions()) == 1


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_held_key_never_approves(inbox: Inbox, qapp: QApplication, key: Qt.Key) -> None:
    inbox.settle()
    inbox.parts.approve.setFocus()
    for _ in range(30):
        repeated = QKeyEvent(
            QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, "", autorep=True
        )
        qapp.sendEvent(inbox.parts.approve, repeated)
    assert inbox.decisions() == []


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_keys_go_to_a_neutral_control_first(inbox: Inbox, key: Qt.Key) -> None:
    inbox.settle()
    focused = QApplication.focusWidget()
    assert focused is not None
    assert focused not in {inbox.parts.approve, inbox.parts.deny}
    QTest.keyClick(focused, key)
    assert inbox.decisions() == []


def test_another_content_disarms_and_takes_the_focus_away(
    inbox: Inbox, request_record: Make
) -> None:
    inbox.settle()
    inbox.parts.approve.setFocus()
    inbox.bring(requests=(request_record(1, nonce="another"),))
    assert not inbox.parts.approve.isEnabled()
    assert not inbox.parts.approve.hasFocus()
    assert not inbox.parts.deny.hasFocus()
    inbox.settle()
    inbox.click(inbox.parts.approve)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    assert inbox.decisions()[0].nonce == "another"


def test_the_same_request_again_only_counts(inbox: Inbox, request_record: Make) -> None:
    inbox.settle()
    inbox.bring(requests=(request_record(1, count=2),))
    assert inbox.parts.approve.isEnabled()
    assert "2 times" in inbox.parts.facts.toPlainText()


def test_content_that_changes_between_press_and_release_is_not_approved(
    inbox: Inbox, request_record: Make
) -> None:
    inbox.settle()
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(inbox.parts.approve, left)
    inbox.bring(requests=(request_record(1, nonce="swapped"),))
    QTest.mouseRelease(inbox.parts.approve, left)
    assert inbox.decisions() == []


def test_losing_and_regaining_the_window_starts_again(
    inbox: Inbox, put_up: Callable[[QWidget], None]
) -> None:
    inbox.settle()
    other = QWidget()
    put_up(other)
    assert not inbox.parts.approve.isEnabled()
    assert "front" in inbox.parts.hint.text()
    inbox.settle()
    assert not inbox.parts.approve.isEnabled()
    with inbox.qtbot.waitActive(inbox.page):
        inbox.page.activateWindow()
    assert not inbox.parts.approve.isEnabled()
    inbox.settle()
    assert inbox.parts.approve.isEnabled()


def test_a_moved_window_starts_again(inbox: Inbox) -> None:
    inbox.settle()
    inbox.page.move(inbox.page.pos() + QPoint(40, 30))
    inbox.click(inbox.parts.approve)
    assert inbox.decisions() == []
    inbox.settle()
    assert inbox.parts.approve.isEnabled()


def test_hidden_and_shown_starts_again(inbox: Inbox) -> None:
    inbox.settle()
    inbox.page.detail.hide()
    assert not inbox.parts.approve.isEnabled()
    inbox.settle()
    assert not inbox.parts.approve.isEnabled()
    inbox.page.detail.show()
    assert not inbox.parts.approve.isEnabled()
    inbox.settle()
    assert inbox.parts.approve.isEnabled()


def test_a_newer_request_never_replaces_the_open_one(inbox: Inbox, request_record: Make) -> None:
    inbox.settle()
    inbox.bring(requests=(request_record(3, first_wall_ns=1),))  # sorts before the open one
    assert inbox.page.detail.request == request_record(1)
    assert inbox.parts.approve.isEnabled()
    assert inbox.page.table.selected == request_record(1)


def test_opening_another_request_starts_again(inbox: Inbox, request_record: Make) -> None:
    inbox.settle()
    inbox.page.table.setFocus()
    QTest.keyClick(inbox.page.table, Qt.Key.Key_Down)
    assert inbox.page.detail.request == request_record(2)
    assert not inbox.parts.approve.isEnabled()


def test_request_decided_elsewhere_stays_and_says_whose_it_was(
    inbox: Inbox, request_record: Make
) -> None:
    inbox.settle()
    inbox.bring(requests=(request_record(1, state=RequestState.COMPLETED, decided_by="grace"),))
    assert not inbox.parts.approve.isEnabled()
    assert not inbox.parts.deny.isEnabled()
    assert "No longer pending: approved by grace" in inbox.parts.notice.text
    assert inbox.page.detail.request is not None
    assert inbox.page.detail.request.id == request_record(1).id


def test_request_that_is_withdrawn_stays_until_the_user_goes_on(
    inbox: Inbox, request_record: Make
) -> None:
    inbox.settle()
    gone = request_record(1)
    inbox.bring(gone_requests=(gone.id,))
    assert "No longer pending" in inbox.parts.notice.text
    assert not inbox.parts.approve.isEnabled()
    assert inbox.page.model.row_of(gone.id) >= 0
    assert inbox.page.open_request(request_record(2).id)
    assert inbox.page.model.row_of(gone.id) < 0
    inbox.settle()
    assert inbox.parts.approve.isEnabled()


@pytest.mark.parametrize("where", ["facts", "note", "approve"])
def test_escape_decides_later(inbox: Inbox, request_record: Make, where: str) -> None:
    inbox.settle()
    focused: QWidget = getattr(inbox.parts, where)
    focused.setFocus()
    QTest.keyClick(focused, Qt.Key.Key_Escape)
    assert inbox.page.detail.request is None
    assert inbox.page.table.selected is None
    assert inbox.page.table.hasFocus()
    assert inbox.decisions() == []
    assert inbox.page.open_request(request_record(1).id)


def test_closing_the_window_decides_nothing(inbox: Inbox) -> None:
    inbox.settle()
    inbox.page.close()
    assert inbox.decisions() == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("not-allowed", "Only ada may approve."),
        ("stale", "The bundle changed since it was shown."),
        ("decided", "grace denied it already."),
        ("not-found", "There is no such request."),
    ],
)
def test_refusal_is_shown_in_place(inbox: Inbox, code: str, text: str) -> None:
    inbox.settle()
    inbox.click(inbox.parts.approve)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    inbox.runtime.refuse(wire.Decide, code, text)
    inbox.qtbot.waitUntil(lambda: inbox.parts.notice.text == text)
    assert not inbox.parts.notice.button.isVisible()
    assert not inbox.parts.approve.isEnabled()


def test_developer_mode_is_offered_and_never_approves_by_itself(inbox: Inbox) -> None:
    inbox.settle()
    inbox.click(inbox.parts.approve)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    inbox.runtime.refuse(wire.Decide, "developer-mode", "It needs developer mode.")
    inbox.qtbot.waitUntil(inbox.parts.notice.button.isVisible)
    inbox.click(inbox.parts.notice.button)
    on = wire.SetDeveloperMode(on=True)
    inbox.qtbot.waitUntil(lambda: on in inbox.runtime.commands())
    inbox.runtime.answer(wire.SetDeveloperMode, sample_status(developer=True))
    inbox.bring(status=sample_status(developer=True))
    inbox.qtbot.waitUntil(lambda: inbox.parts.notice.text == "")
    assert len(inbox.decisions()) == 1
    inbox.settle()
    inbox.click(inbox.parts.approve)
    inbox.qtbot.waitUntil(lambda: len(inbox.decisions()) == 2)


def test_unsigned_says_so_before_anything_is_pressed(inbox: Inbox, request_record: Make) -> None:
    inbox.bring(requests=(request_record(1, needs_developer=True),))
    assert "Developer mode is off" in inbox.parts.notice.text
    assert inbox.parts.notice.button.isVisible()


def test_a_window_that_may_not_decide_says_who_may(inbox: Inbox) -> None:
    inbox.bring(status=sample_status(may_approve=False))
    inbox.settle()
    assert not inbox.parts.approve.isEnabled()
    assert not inbox.parts.deny.isEnabled()
    assert "ada can" in inbox.parts.notice.text


HOSTILE = {
    "markup": "<b>Bold</b><img src=x>",
    "right-to-left": "safe\u202egnp.exe\u2066",
    "newline": "Driver\nSigned by Apple\r\n\r\n",
    "ten kilobytes": "A" * 10_000,
    "ampersand": "&Approve && deny",
    "empty": "",
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_names_stay_plain_bounded_and_approvable(
    inbox: Inbox, request_record: Make, name: str
) -> None:
    asked = request_record(1).requester
    inbox.bring(
        requests=(
            request_record(
                1,
                name=name,
                usage=name,
                signature=name or "x",
                requester=msgspec.structs.replace(asked, app=name, app_path=name, program=name),
            ),
        )
    )
    shown = inbox.parts.facts.toPlainText()
    assert len(shown) < 6000
    assert "\u202e" not in shown
    assert "\nSigned by Apple" not in shown
    if "<b>" in name:
        assert "<b>Bold</b>" in shown
    inbox.settle()
    button = inbox.parts.approve
    assert inbox.page.rect().contains(button.mapTo(inbox.page, button.rect().bottomRight()))
    inbox.click(button)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))


def test_order_of_the_content(inbox: Inbox) -> None:
    shown = inbox.parts.facts.toPlainText()
    wanted = [
        "Sample App wants to install the driver “Driver 1” (org.example.driver1 1.2).",
        "/opt/sample",
        "42, of ada",
        "not signed",
        "abababababab",
        "talk to USB devices",
        "run as a driver",
        "replaces usbhid",
        "First seen",
        "once",
        "org.example.driver1@abababababab:1",
    ]
    places = [shown.index(part) for part in wanted]
    assert places == sorted(places)
    assert "com.example.usb" not in shown
    inbox.parts.keys.click()
    assert "com.example.usb" in inbox.parts.facts.toPlainText()


def test_copying(inbox: Inbox) -> None:
    inbox.click(inbox.parts.copy_hash)
    assert QGuiApplication.clipboard().text() == "ab" * 32
    inbox.click(inbox.parts.copy_details)
    assert "Sample App wants to install" in QGuiApplication.clipboard().text()


def test_device_is_shown_in_the_registry(inbox: Inbox) -> None:
    with inbox.qtbot.waitSignal(inbox.page.device_chosen) as heard:
        inbox.click(inbox.parts.show_device)
    assert heard.args == [0x100000105]


def test_approve_is_no_default_and_has_no_mnemonic(qtbot: QtBot) -> None:
    button = ApproveButton("Approve & run")
    qtbot.addWidget(button)
    assert not button.autoDefault()
    assert not button.isDefault()
    assert button.shortcut().isEmpty()


def test_every_control_has_a_name(inbox: Inbox) -> None:
    parts = inbox.parts
    for widget in (parts.facts, parts.note, inbox.page.table):
        assert widget.accessibleName()
    for button in (parts.approve, parts.deny, parts.later):
        assert button.text()
