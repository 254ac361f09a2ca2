"""The extensions page: what each may do, and deactivation in two presses."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.extensions.page import ExtensionsPage
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.icon import Icon
from runtime.model.identity import BundleId, ContentHash, RequestId
from runtime.model.records import Entitlement, Extension, Request, Requester, RequestState
from runtime.wire.commands.extensions import Deactivate, ReadIcon, Revoke

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime
    from tests.gui.panels.conftest import Make

SAMPLE = BundleId("org.example.sample")


def extension(state: ExtensionState = ExtensionState.ACTIVE, **more: object) -> Extension:
    fields: dict[str, object] = {
        "id": f"{SAMPLE}@abababababab",
        "bundle_id": SAMPLE,
        "content_hash": ContentHash("ab" * 32),
        "name": "Sample <i>Driver</i>",
        "short_version": "1.2",
        "version": "7",
        "state": state,
        "entitlements": (
            Entitlement("com.example.plain", "true", "run as a driver"),
            Entitlement("com.example.usb", "[1]", "talk to USB devices", risky=True),
        ),
    } | more
    return Extension(**fields)  # type: ignore[arg-type]  # a test's shorthand


@pytest.fixture
def page(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime", put_up: Callable[[QWidget], None]
) -> ExtensionsPage:
    """The page with one active extension that runs the sample driver."""
    made = ExtensionsPage(bridge)
    put_up(made)
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(extensions=(extension(),))
    return made


def test_what_it_is_and_may_do(page: ExtensionsPage) -> None:
    cells = [page.model.index(0, column).data() for column in range(page.model.columnCount())]
    assert cells[:5] == ["Sample <i>Driver</i>", "1.2 (7)", "active", "1", SAMPLE]
    shown = page.facts.toPlainText()
    assert shown.index("talk to USB devices") < shown.index("run as a driver")
    assert "MyUserUSBInterfaceDriver" in shown
    assert "process 2572" in shown
    assert not page.request.isVisible()
    assert "com.example.usb" not in shown
    page.keys.click()
    assert "com.example.usb = [1]" in page.facts.toPlainText()


def test_what_waits_leads_to_its_request(
    qtbot: QtBot,
    bridge: Bridge,
    page: ExtensionsPage,
    fake_runtime: "FakeRuntime",
    request_record: "Make",
) -> None:
    request = request_record(1, extension=extension().id)
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(extensions=(extension(ExtensionState.WAITING),), requests=(request,))
    with qtbot.waitSignal(page.request_chosen) as chosen:
        page.request.click()
    assert chosen.args == [request.id]


def test_drivers_are_counted_as_they_go(
    qtbot: QtBot, page: ExtensionsPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    driver = next(iter(bridge.mirror.drivers))
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(gone_drivers=(driver,))
    assert page.model.index(0, 3).data() == "0"


def test_deactivation_takes_two_presses(
    qtbot: QtBot, page: ExtensionsPage, fake_runtime: "FakeRuntime"
) -> None:
    asked = Deactivate(SAMPLE)
    QTest.mouseClick(page.deactivate, Qt.MouseButton.LeftButton)
    assert "Its running drivers (1) are stopped" in page.notice.text
    assert asked not in fake_runtime.commands()
    QTest.mouseClick(page.notice.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: asked in fake_runtime.commands())
    fake_runtime.refuse(Deactivate, "not-allowed", "Only ada may deactivate it.")
    qtbot.waitUntil(lambda: page.notice.text == "Only ada may deactivate it.")
    assert not page.notice.button.isVisible()


def test_revocation_takes_two_presses_and_says_what_it_leaves(
    qtbot: QtBot, page: ExtensionsPage, fake_runtime: "FakeRuntime"
) -> None:
    QTest.mouseClick(page.revoke, Qt.MouseButton.LeftButton)
    assert "Its running drivers (1) are stopped" in page.notice.text
    assert "its app has to ask again" in page.notice.text
    QTest.keyClicks(page.note, "not on Fridays")
    asked = Revoke(SAMPLE, "not on Fridays")
    assert asked not in fake_runtime.commands()
    QTest.mouseClick(page.notice.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: asked in fake_runtime.commands())
    assert not page.note.isVisible()


def test_a_question_can_be_answered_with_no(
    page: ExtensionsPage, fake_runtime: "FakeRuntime"
) -> None:
    QTest.mouseClick(page.revoke, Qt.MouseButton.LeftButton)
    QTest.keyClick(page.notice.button, Qt.Key.Key_Escape)
    assert (page.notice.text, page.note.isVisible()) == ("", False)
    QTest.mouseClick(page.deactivate, Qt.MouseButton.LeftButton)
    QTest.mouseClick(page.notice.dismiss, Qt.MouseButton.LeftButton)
    assert page.notice.text == ""
    page.notice.button.click()  # it asks for nothing any more
    assert not {Revoke(SAMPLE), Deactivate(SAMPLE)} & set(fake_runtime.commands())


def test_its_icon_and_what_it_was_built_for(
    qtbot: QtBot, page: ExtensionsPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    assert not page.icon.isVisible()
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(extensions=(extension(icon=True, built_for="Python 3.11"),))
    asked = ReadIcon(extension().id)
    qtbot.waitUntil(lambda: asked in fake_runtime.commands())
    fake_runtime.answer(ReadIcon, Icon(2, 1, b"\xff\0\0\xff\0\0\xff\xff"))
    qtbot.waitUntil(page.icon.isVisible)
    shown = page.icon.pixmap().toImage()
    left, right = shown.pixelColor(1, 0), shown.pixelColor(shown.width() - 2, 0)
    assert (left.red() > 200, right.blue() > 200) == (True, True)
    assert "Python 3.11" in page.facts.toPlainText()
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(extensions=(extension(icon=True, note="again"),))
    assert fake_runtime.commands().count(asked) == 1


def test_only_what_is_approved_can_be_revoked(
    qtbot: QtBot, page: ExtensionsPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    note = "by grace: not on Fridays"
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(extensions=(extension(ExtensionState.REVOKED, note=note),))
    assert page.revoke.toolTip() == "It is not approved."
    assert not page.revoke.isEnabled()
    assert page.deactivate.isEnabled()
    assert f"revoked: {note}" in page.facts.toPlainText()


def test_another_selection_forgets_the_question(
    qtbot: QtBot, page: ExtensionsPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    other = extension(id="org.other@abababababab", bundle_id=BundleId("org.other"), name="Zebra")
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(extensions=(other,))
    QTest.mouseClick(page.deactivate, Qt.MouseButton.LeftButton)
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Down)
    assert page.notice.text == ""


def test_removed_cannot_be_deactivated(
    qtbot: QtBot, page: ExtensionsPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(extensions=(extension(ExtensionState.REMOVED),))
    assert not page.deactivate.isEnabled()
    assert page.deactivate.toolTip() == "It is removed already."


def test_none_says_how_to_get_one(
    qtbot: QtBot, page: ExtensionsPage, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(gone_extensions=(extension().id,))
    assert not page.table.isVisible()


def test_extensions_are_sorted_by_app_team_and_kind(
    page: ExtensionsPage, qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    others = (
        extension(id="b", name="B", app="Zebra", team_id="A1"),
        extension(id="c", name="C", app="Ant", team_id="B1", category="x.endpoint_security"),
    )
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(extensions=others)
    page.select_extension("b")

    def names(order: str) -> str:
        page.arranging.setCurrentText(order)
        return "".join(row.extension.name[0] for row in page.model.records)

    assert names("Sorted by app") == "SCB"
    assert names("Sorted by team") == "SBC"
    assert names("Sorted by kind") == "BSC"
    assert names("Sorted by name") == "BCS"
    selected = page.table.selected
    assert selected is not None
    assert selected.extension.id == "b"


def test_its_requests_say_who_decided(
    page: ExtensionsPage, qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    request = Request(
        id=RequestId("r:1"),
        extension=extension().id,
        bundle_id=SAMPLE,
        content_hash=ContentHash("ab" * 32),
        nonce="n",
        name="Sample",
        short_version="1.2",
        version="7",
        requester=Requester("Sample", "/Sample.app", user="ada"),
        state=RequestState.COMPLETED,
        decided_by="root",
    )
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(requests=(request,))
    assert "ada asked. No longer pending: approved by root" in page.facts.toPlainText()
