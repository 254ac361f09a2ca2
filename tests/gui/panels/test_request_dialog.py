"""A request in a dialog of its own: it decides as the inbox does; closing it decides nothing."""

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ioregui.approvals.arming import QUIET_NS
from ioregui.approvals.dialog import RequestDialog
from ioregui.approvals.gate import TICK_MS
from runtime.model.records import RequestState
from runtime.wire.commands.audit import Shown

if TYPE_CHECKING:
    from tests.gui.panels.conftest import Inbox, Make


def dialogs(inbox: "Inbox") -> list[RequestDialog]:
    return inbox.page.findChildren(RequestDialog)


@pytest.fixture
def dialog(inbox: "Inbox") -> RequestDialog:
    """Opened by Enter on the request that the inbox shows, and the active window."""
    QTest.keyClick(inbox.page.table, Qt.Key.Key_Return)
    (made,) = dialogs(inbox)
    inbox.qtbot.waitUntil(made.isActiveWindow, timeout=20_000)
    return made


def settle(inbox: "Inbox", dialog: RequestDialog) -> None:
    """Let undisturbed time pass over the dialog."""
    for _ in range(QUIET_NS // (TICK_MS * 1_000_000) + 2):
        inbox.clock.now += TICK_MS * 1_000_000
        dialog.detail.gate.tick()


def test_it_arms_by_itself_and_approves_what_it_shows(
    inbox: "Inbox", dialog: RequestDialog, request_record: "Make"
) -> None:
    approve = dialog.detail.parts.approve
    assert dialog.windowTitle()
    assert not dialog.isModal()
    assert not approve.isEnabled(), "read first"
    settle(inbox, dialog)
    assert not inbox.parts.approve.isEnabled(), "the window behind it is not the active one"
    inbox.click(approve)
    inbox.qtbot.waitUntil(lambda: len(inbox.decisions()) == 1, timeout=20_000)
    (decided,) = inbox.decisions()
    shown = request_record(1)
    assert (decided.request, decided.nonce, decided.approve) == (shown.id, shown.nonce, True)


@pytest.mark.parametrize("how", ["escape", "later", "close"])
def test_closing_it_decides_nothing(inbox: "Inbox", dialog: RequestDialog, how: str) -> None:
    settle(inbox, dialog)
    with inbox.qtbot.waitSignal(dialog.destroyed):
        if how == "escape":
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
        elif how == "later":
            inbox.click(dialog.detail.parts.later)
        else:
            dialog.close()
    assert inbox.decisions() == []
    assert inbox.page.detail.request is not None, "the inbox still shows it"


def test_no_enter_presses_a_button_of_it(inbox: "Inbox", dialog: RequestDialog) -> None:
    settle(inbox, dialog)
    for widget in (dialog, dialog.detail.parts.note, dialog.detail.parts.facts):
        QTest.keyClick(widget, Qt.Key.Key_Return)
        QTest.keyClick(widget, Qt.Key.Key_Enter)
    assert inbox.decisions() == []
    assert dialog.isVisible()


def test_one_request_has_one_dialog_and_is_told_to_be_shown(
    inbox: "Inbox", dialog: RequestDialog, request_record: "Make"
) -> None:
    inbox.page.activateWindow()
    QTest.keyClick(inbox.page.table, Qt.Key.Key_Return)
    assert dialogs(inbox) == [dialog]
    inbox.page.open_request(request_record(2).id)
    QTest.keyClick(inbox.page.table, Qt.Key.Key_Return)
    assert len(dialogs(inbox)) == 2
    shown = [c.request for c in inbox.runtime.commands() if isinstance(c, Shown)]
    assert request_record(1).id in shown
    assert dialog.detail.request == request_record(1), "it stays with its request"


def test_a_request_that_is_dropped_stays_and_says_so(
    inbox: "Inbox", dialog: RequestDialog, request_record: "Make"
) -> None:
    settle(inbox, dialog)
    inbox.bring(gone_requests=(request_record(1).id,))
    request = dialog.detail.request
    assert request is not None
    assert request.state is RequestState.CANCELED
    assert not dialog.detail.parts.approve.isVisible()
    assert dialog.isVisible()
