"""The policy page: profiles with what they decide, their removal in two presses, and the audit."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.extensions import words as extension_words
from ioregui.extensions.words import Row
from ioregui.policy.page import PolicyPage
from runtime.model.audit import AuditEntry, Deed
from runtime.model.events import Event, ProfileChanged
from runtime.model.policy import Profile, Ruling
from runtime.wire import limits
from runtime.wire.commands.audit import AuditPage, ReadAudit
from runtime.wire.commands.policy import AddProfile, ListProfiles, ProfileList, RemoveProfile
from tests.gui.panels.test_extensions import extension

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

ACME = Profile(
    "com.acme",
    "Acme <b>Drivers</b>",
    "Acme",
    "acme.mobileconfig",
    by="root",
    wall_ns=10**18,
    user_overrides=False,
    teams=("TEAM1",),
    extensions={"TEAM2": ("a.b", "a.c")},
)
RULING = Ruling(True, "com.acme", "Acme", "acme.mobileconfig", "AllowedTeamIdentifiers")


@pytest.fixture
def page(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime", put_up: Callable[[QWidget], None]
) -> PolicyPage:
    """The page with one profile that decided about one extension."""
    made = PolicyPage(bridge)
    QAbstractItemModelTester(made.model, made)
    QAbstractItemModelTester(made.audit.model, made)
    put_up(made)
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(extensions=(extension(ruling=RULING),))
    qtbot.waitUntil(lambda: ListProfiles() in fake_runtime.commands())
    fake_runtime.answer(ListProfiles, ProfileList((ACME,)))
    qtbot.waitUntil(lambda: made.model.rowCount() == 1)
    made.table.select_key("com.acme")
    return made


def press(button: QWidget) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_what_a_profile_says_and_decided(page: PolicyPage) -> None:
    shown = page.facts.toPlainText()
    assert "Acme <b>Drivers</b>" in shown
    assert "Users may approve nothing that no profile allows." in shown
    assert "All extensions of team TEAM1 may run." in shown
    assert "Of team TEAM2 these may run: a.b, a.c" in shown
    assert "allowed (AllowedTeamIdentifiers)" in shown
    assert page.model.index(0, 2).data() == "forbidden"


def test_removal_takes_two_presses(
    qtbot: QtBot, page: PolicyPage, fake_runtime: "FakeRuntime"
) -> None:
    removal = RemoveProfile("com.acme")
    press(page.remove)
    assert "It decides about 1 extensions" in page.notice.text
    assert removal not in fake_runtime.commands()
    press(page.notice.button)
    qtbot.waitUntil(lambda: removal in fake_runtime.commands())
    fake_runtime.refuse(RemoveProfile, "not-allowed", "Only root may.")
    qtbot.waitUntil(lambda: page.notice.text == "Only root may.")


def test_a_file_is_added_or_the_reason_is_said(
    qtbot: QtBot, page: PolicyPage, fake_runtime: "FakeRuntime", tmp_path: Path
) -> None:
    page.add_file(str(tmp_path / "none.mobileconfig"))
    assert page.notice.text.endswith("No such file or directory")
    big = tmp_path / "big.mobileconfig"
    big.write_bytes(b" " * (limits.PROFILE + 1))
    page.add_file(str(big))
    assert "expected a profile of at most" in page.notice.text
    file = tmp_path / "p.mobileconfig"
    file.write_bytes(b"profile")
    page.add_file(str(file))
    wanted = AddProfile(b"profile", "p.mobileconfig")
    qtbot.waitUntil(lambda: wanted in fake_runtime.commands())
    before = fake_runtime.commands().count(ListProfiles())
    fake_runtime.answer(AddProfile, ProfileList((ACME,)))
    qtbot.waitUntil(lambda: fake_runtime.commands().count(ListProfiles()) > before)


def test_why_nothing_could_be_read_is_said_until_it_is_read(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime", put_up: Callable[[QWidget], None]
) -> None:
    page = PolicyPage(bridge)
    put_up(page)
    qtbot.waitUntil(lambda: ListProfiles() in fake_runtime.commands())
    fake_runtime.refuse(ListProfiles, "busy", "Not now.")
    qtbot.waitUntil(lambda: page.notice.text == "Not now.")
    fake_runtime.delta(events=(Event(1, 1, ProfileChanged("com.acme", "Acme", True, "root")),))
    qtbot.waitUntil(lambda: fake_runtime.commands().count(ListProfiles()) > 1)
    fake_runtime.answer(ListProfiles, ProfileList((ACME,)))
    qtbot.waitUntil(lambda: page.model.rowCount() == 1)
    assert page.notice.text == ""


def test_another_windows_change_is_seen(
    qtbot: QtBot, page: PolicyPage, fake_runtime: "FakeRuntime"
) -> None:
    asked = fake_runtime.commands().count(ListProfiles())
    fake_runtime.delta(events=(Event(1, 1, ProfileChanged("com.acme", "Acme", False, "root")),))
    qtbot.waitUntil(lambda: fake_runtime.commands().count(ListProfiles()) > asked)
    fake_runtime.answer(ListProfiles, ProfileList(()))
    qtbot.waitUntil(lambda: page.model.rowCount() == 0)
    assert not page.remove.isEnabled()


def test_the_audit_is_read_when_somebody_looks(
    qtbot: QtBot, page: PolicyPage, fake_runtime: "FakeRuntime"
) -> None:
    assert ReadAudit() not in fake_runtime.commands()
    page.tabs.setCurrentWidget(page.audit)
    qtbot.waitUntil(lambda: ReadAudit() in fake_runtime.commands())
    entries = (
        AuditEntry(Deed.APPROVED, "r", "Driver", "ada", "completed", 2 * 10**18, 9),
        AuditEntry(Deed.REQUESTED, "r", "Driver", "App (user ada)", "", 10**18, 8),
    )
    fake_runtime.answer(ReadAudit, AuditPage(entries))
    model = page.audit.model
    qtbot.waitUntil(lambda: model.rowCount() == 2)
    assert [model.index(row, 1).data() for row in (0, 1)] == ["approved", "requested"]
    press(page.audit.older)
    qtbot.waitUntil(lambda: ReadAudit(8) in fake_runtime.commands())
    fake_runtime.answer(ReadAudit, AuditPage(()))
    qtbot.waitUntil(lambda: not page.audit.older.isEnabled())
    assert model.rowCount() == 2


def test_an_extension_says_who_allows_and_keeps_it() -> None:
    kept = Ruling(False, "com.acme", "Acme", "acme.mobileconfig", "NonRemovableSystemExtensions")
    row = Row(extension(ruling=RULING, kept=kept), ())
    shown = extension_words.extension_facts(row, False)[0].facts
    texts = {fact.label: fact.text for fact in shown}
    assert texts["Allowed by"] == "profile Acme (acme.mobileconfig): AllowedTeamIdentifiers"
    assert texts["Kept by"].endswith("NonRemovableSystemExtensions")
    assert "NonRemovableSystemExtensions" in extension_words.why_not_deactivate(row)
