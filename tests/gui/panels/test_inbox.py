"""The inbox: requests that come, go and are refused; what the open one shows."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ioregui.approvals.approve_button import ApproveButton
from ioregui.approvals.page import ApprovalsPage
from ioregui.bridge import Bridge
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import EntryId
from runtime.model.records import DeviceHit, Extension, Request, RequestState
from runtime.wire.commands.extensions import Decide, SetDeveloperMode, Undo
from tests.gui.conftest import sample_status

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime
    from tests.gui.panels.conftest import Inbox, Make


def test_a_newer_request_never_replaces_the_open_one(
    inbox: "Inbox", request_record: "Make"
) -> None:
    inbox.settle()
    inbox.bring(requests=(request_record(3, first_wall_ns=1),))  # sorts before the open one
    assert inbox.page.detail.request == request_record(1)
    assert inbox.parts.approve.isEnabled()
    assert inbox.page.table.selected == request_record(1)


def test_opening_another_request_starts_again(inbox: "Inbox", request_record: "Make") -> None:
    inbox.settle()
    inbox.page.table.setFocus()
    QTest.keyClick(inbox.page.table, Qt.Key.Key_Down)
    assert inbox.page.detail.request == request_record(2)
    assert not inbox.parts.approve.isEnabled()


def test_request_decided_elsewhere_stays_and_says_whose_it_was(
    inbox: "Inbox", request_record: "Make"
) -> None:
    inbox.settle()
    inbox.bring(requests=(request_record(1, state=RequestState.COMPLETED, decided_by="grace"),))
    assert not inbox.parts.approve.isEnabled()
    assert not inbox.parts.deny.isEnabled()
    assert "No longer pending: approved by grace" in inbox.parts.notice.text
    assert inbox.page.detail.request is not None
    assert inbox.page.detail.request.id == request_record(1).id


def test_request_that_is_withdrawn_stays_until_the_user_goes_on(
    inbox: "Inbox", request_record: "Make"
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
def test_escape_decides_later(inbox: "Inbox", request_record: "Make", where: str) -> None:
    inbox.settle()
    focused: QWidget = getattr(inbox.parts, where)
    focused.setFocus()
    QTest.keyClick(focused, Qt.Key.Key_Escape)
    assert inbox.page.detail.request is None
    assert inbox.page.table.selected is None
    assert inbox.page.table.hasFocus()
    assert inbox.decisions() == []
    assert inbox.page.open_request(request_record(1).id)


def test_closing_the_window_decides_nothing(inbox: "Inbox") -> None:
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
def test_refusal_is_shown_in_place(inbox: "Inbox", code: str, text: str) -> None:
    inbox.settle()
    inbox.click(inbox.parts.approve)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    inbox.runtime.refuse(Decide, code, text)
    inbox.qtbot.waitUntil(lambda: inbox.parts.notice.text == text)
    assert not inbox.parts.notice.button.isVisible()
    assert not inbox.parts.approve.isEnabled()


def test_developer_mode_is_offered_and_never_approves_by_itself(inbox: "Inbox") -> None:
    inbox.settle()
    inbox.click(inbox.parts.approve)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    inbox.runtime.refuse(Decide, "developer-mode", "It needs developer mode.")
    inbox.qtbot.waitUntil(inbox.parts.notice.button.isVisible)
    inbox.click(inbox.parts.notice.button)
    on = SetDeveloperMode(on=True)
    inbox.qtbot.waitUntil(lambda: on in inbox.runtime.commands())
    inbox.runtime.answer(SetDeveloperMode, sample_status(developer=True))
    inbox.bring(status=sample_status(developer=True))
    inbox.qtbot.waitUntil(lambda: inbox.parts.notice.text == "")
    assert len(inbox.decisions()) == 1
    inbox.settle()
    inbox.click(inbox.parts.approve)
    inbox.qtbot.waitUntil(lambda: len(inbox.decisions()) == 2)


def test_unsigned_says_so_before_anything_is_pressed(
    inbox: "Inbox", request_record: "Make"
) -> None:
    inbox.bring(requests=(request_record(1, needs_developer=True),))
    assert "Developer mode is off" in inbox.parts.notice.text
    assert inbox.parts.notice.button.isVisible()


def test_a_window_that_may_not_decide_says_who_may(inbox: "Inbox") -> None:
    inbox.bring(status=sample_status(may_approve=False))
    inbox.settle()
    assert not inbox.parts.approve.isEnabled()
    assert not inbox.parts.deny.isEnabled()
    assert "ada can" in inbox.parts.notice.text


_ACTIVE = ExtensionState.ACTIVE
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
    inbox: "Inbox", request_record: "Make", name: str
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


def test_order_of_the_content(inbox: "Inbox") -> None:
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


def test_copying(inbox: "Inbox") -> None:
    inbox.click(inbox.parts.copy_hash)
    assert QGuiApplication.clipboard().text() == "ab" * 32
    inbox.click(inbox.parts.copy_details)
    assert "Sample App wants to install" in QGuiApplication.clipboard().text()


def test_device_is_shown_in_the_registry(inbox: "Inbox") -> None:
    with inbox.qtbot.waitSignal(inbox.page.device_chosen) as heard:
        inbox.click(inbox.parts.show_device)
    assert heard.args == [0x100000105]


def test_approve_is_no_default_and_has_no_mnemonic(qtbot: QtBot) -> None:
    button = ApproveButton("Approve & run")
    qtbot.addWidget(button)
    assert not button.autoDefault()
    assert not button.isDefault()
    assert button.shortcut().isEmpty()


def test_every_control_has_a_name(inbox: "Inbox") -> None:
    parts = inbox.parts
    for widget in (parts.facts, parts.note, inbox.page.table):
        assert widget.accessibleName()
    for button in (parts.approve, parts.deny, parts.later):
        assert button.text()


def test_snapshot_opens_what_waits_when_the_page_was_there_first(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    put_up: "Callable[[QWidget], None]",
    request_record: "Make",
) -> None:
    page = ApprovalsPage(bridge)
    put_up(page)
    assert _opened(page) is None
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot(requests=(request_record(1), request_record(2)))
    assert _opened(page) == request_record(1)
    page.detail.later.emit()
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot(requests=(request_record(1), request_record(2)))
    assert _opened(page) is None  # the user put it away: a resync does not bring it back


def test_decided_request_has_no_answers(inbox: "Inbox", request_record: "Make") -> None:
    assert inbox.parts.answers.isVisible()
    inbox.bring(requests=(request_record(1, state=RequestState.COMPLETED),))
    assert not inbox.parts.answers.isVisible()
    assert inbox.parts.facts.isVisible()


def test_a_decision_is_undone_and_waits_to_be_read_again(
    inbox: "Inbox", request_record: "Make"
) -> None:
    waiting = request_record(1)
    known = Extension(
        waiting.extension, waiting.bundle_id, waiting.content_hash, "D", "1.2", "7", _ACTIVE
    )
    approved = request_record(1, state=RequestState.COMPLETED, decided_by="grace")
    inbox.bring(requests=(approved,), extensions=(known,))
    assert inbox.parts.notice.button.text() == "Undo"
    inbox.click(inbox.parts.notice.button)
    inbox.qtbot.waitUntil(lambda: Undo(approved.id) in inbox.runtime.commands())
    assert not inbox.parts.notice.button.isVisible(), "a second press is not sent"
    again = request_record(1, nonce="another")
    inbox.runtime.answer(Undo, again)
    inbox.bring(requests=(again,))
    assert inbox.parts.notice.text == ""
    assert not inbox.parts.approve.isEnabled(), "it has to be read again"
    inbox.settle()
    assert inbox.parts.approve.isEnabled()


def test_what_cannot_be_undone_offers_nothing(inbox: "Inbox", request_record: "Make") -> None:
    denied = request_record(1, state=RequestState.DENIED, decided_by="grace")
    inbox.bring(requests=(denied,))
    assert "denied by grace" in inbox.parts.notice.text
    assert not inbox.parts.notice.button.isVisible(), "its extension is not known any more"


def test_a_removal_says_so_and_what_it_gives_back(inbox: "Inbox", request_record: "Make") -> None:
    inbox.bring(requests=(request_record(1, removes=True),))
    shown = inbox.parts.facts.toPlainText()
    assert "Sample App wants to remove the driver “Driver 1”" in shown
    assert "What it would give back" in shown
    assert "talk to USB devices" not in shown
    assert inbox.parts.approve.text() == "Approve removal"
    inbox.settle()
    assert inbox.parts.hint.text() == "It stays as it is until you approve its removal."
    assert inbox.page.model.index(0, 1).data() == "removal waits for approval"
    inbox.click(inbox.parts.approve)
    inbox.qtbot.waitUntil(lambda: bool(inbox.decisions()))
    assert inbox.decisions()[0].approve


def test_a_device_that_would_be_missed_is_asked_for_by_itself(
    inbox: "Inbox", request_record: "Make"
) -> None:
    lost = "it is the only keyboard"
    keyboard = DeviceHit(EntryId(7), "Keyboard", "IOService:/usb/1-2", 9, "usbhid", lost)
    inbox.bring(requests=(request_record(1, takes=True, devices=(keyboard,)),))
    shown = inbox.parts.facts.toPlainText()
    assert "of Sample App wants to take Keyboard, which this machine would miss." in shown
    assert "replaces usbhid" in shown
    assert "Careful: it is the only keyboard." in shown
    assert "talk to USB devices" not in shown
    assert inbox.parts.approve.text() == "Approve device"
    inbox.settle()
    assert inbox.parts.hint.text() == "The device stays as it is until you approve."
    assert inbox.page.model.index(0, 1).data() == "asks for a device"


def _opened(page: ApprovalsPage) -> Request | None:
    return page.detail.request
