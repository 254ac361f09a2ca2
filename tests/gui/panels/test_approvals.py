"""What approves, and all that must not: mouse, keyboard, focus, time, another content."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ioregui.approvals.arming import QUIET_NS
from ioregui.approvals.page import ApprovalsPage
from ioregui.bridge import Bridge
from runtime.wire.commands.extensions import Decide

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime
    from tests.gui.panels.conftest import Inbox, Make


def test_one_click_approves_what_was_shown(inbox: "Inbox", request_record: "Make") -> None:
    inbox.settle()
    assert inbox.parts.approve.isEnabled()
    inbox.click(inbox.parts.approve)
    shown = request_record(1)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    assert inbox.decisions() == [Decide(shown.id, shown.content_hash, shown.nonce, True)]


def test_real_time_arms_the_button(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    put_up: Callable[[QWidget], None],
    request_record: "Make",
) -> None:
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(requests=(request_record(1),))
    page = ApprovalsPage(bridge)
    put_up(page)
    assert not page.detail.parts.approve.isEnabled()
    qtbot.waitUntil(page.detail.parts.approve.isEnabled, timeout=20_000)


def test_click_before_it_is_armed_does_nothing(inbox: "Inbox") -> None:
    inbox.settle(QUIET_NS - 200_000_000)
    inbox.click(inbox.parts.approve)
    assert inbox.decisions() == []


def test_the_press_itself_is_judged_again(inbox: "Inbox") -> None:
    """A button that looks armed by mistake still does not approve."""
    inbox.parts.approve.setEnabled(True)
    inbox.click(inbox.parts.approve)
    inbox.parts.approve.setFocus()
    QTest.keyClick(inbox.parts.approve, Qt.Key.Key_Return)
    assert inbox.decisions() == []


def test_a_stalled_window_has_to_be_read_again(inbox: "Inbox") -> None:
    inbox.clock.now += 10 * QUIET_NS
    inbox.page.detail.gate.tick()
    inbox.clock.now += 10 * QUIET_NS
    inbox.page.detail.gate.tick()
    assert not inbox.parts.approve.isEnabled()


def test_a_flood_of_requests_leaves_the_open_one_alone(
    inbox: "Inbox", request_record: "Make"
) -> None:
    inbox.settle()
    for begin in range(3, 1003, 100):
        inbox.bring(requests=tuple(request_record(n) for n in range(begin, begin + 100)))
    assert inbox.page.model.rowCount() == 1002
    assert inbox.page.detail.request == request_record(1)
    assert inbox.parts.approve.isEnabled()


def test_deny_is_one_click_at_any_time(inbox: "Inbox") -> None:
    inbox.click(inbox.parts.deny)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    assert [decision.approve for decision in inbox.decisions()] == [False]


def test_second_press_while_the_first_is_open_is_not_sent(inbox: "Inbox") -> None:
    inbox.click(inbox.parts.deny)
    inbox.click(inbox.parts.deny)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    assert len(inbox.decisions()) == 1


def test_note_goes_with_the_decision(inbox: "Inbox") -> None:
    QTest.keyClicks(inbox.parts.note, "asked Bob")
    inbox.click(inbox.parts.deny)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    assert inbox.decisions()[0].note == "asked Bob"


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_fresh_key_on_the_focused_armed_button_approves(inbox: "Inbox", key: Qt.Key) -> None:
    inbox.settle()
    inbox.parts.approve.setFocus()
    QTest.keyClick(inbox.parts.approve, key)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    assert len(inbox.decisions()) == 1


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_held_key_never_approves(inbox: "Inbox", qapp: QApplication, key: Qt.Key) -> None:
    inbox.settle()
    inbox.parts.approve.setFocus()
    for _ in range(30):
        repeated = QKeyEvent(
            QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, "", autorep=True
        )
        qapp.sendEvent(inbox.parts.approve, repeated)
    assert inbox.decisions() == []


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_keys_go_to_a_neutral_control_first(inbox: "Inbox", key: Qt.Key) -> None:
    inbox.settle()
    focused = QApplication.focusWidget()
    assert focused is not None
    assert focused not in {inbox.parts.approve, inbox.parts.deny}
    QTest.keyClick(focused, key)
    assert inbox.decisions() == []


def test_another_content_disarms_and_takes_the_focus_away(
    inbox: "Inbox", request_record: "Make"
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


def test_the_same_request_again_only_counts(inbox: "Inbox", request_record: "Make") -> None:
    inbox.settle()
    inbox.bring(requests=(request_record(1, count=2),))
    assert inbox.parts.approve.isEnabled()
    assert "2 times" in inbox.parts.facts.toPlainText()


def test_content_that_changes_between_press_and_release_is_not_approved(
    inbox: "Inbox", request_record: "Make"
) -> None:
    inbox.settle()
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(inbox.parts.approve, left)
    inbox.bring(requests=(request_record(1, nonce="swapped"),))
    QTest.mouseRelease(inbox.parts.approve, left)
    assert inbox.decisions() == []


def test_losing_and_regaining_the_window_starts_again(
    inbox: "Inbox", put_up: Callable[[QWidget], None]
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


def test_a_moved_window_starts_again(inbox: "Inbox") -> None:
    inbox.settle()
    inbox.page.move(inbox.page.pos() + QPoint(40, 30))
    inbox.click(inbox.parts.approve)
    assert inbox.decisions() == []
    inbox.settle()
    assert inbox.parts.approve.isEnabled()


def test_hidden_and_shown_starts_again(inbox: "Inbox") -> None:
    inbox.settle()
    inbox.page.detail.hide()
    assert not inbox.parts.approve.isEnabled()
    inbox.settle()
    assert not inbox.parts.approve.isEnabled()
    inbox.page.detail.show()
    assert not inbox.parts.approve.isEnabled()
    inbox.settle()
    assert inbox.parts.approve.isEnabled()
