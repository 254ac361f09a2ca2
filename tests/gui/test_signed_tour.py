"""The whole tour in the window with a real runtime: signed, notarized, trusted, approved, ruled."""

import plistlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ioregui.approvals.dialog import RequestDialog
from ioregui.approvals.page import ApprovalsPage
from ioregui.extensions.page import ExtensionsPage
from ioregui.policy.page import PolicyPage
from runtime.commands import dext
from runtime.model.driver_lifecycle import DriverState
from runtime.model.records import RequestState
from runtime.wire.commands.trust import AddTrust
from tests.gui.test_whole_line import SOON_MS, Seat, seat

__all__ = ["seat"]

TEAM = "ABCDE12345"


def sign(app: Path, capsys: pytest.CaptureFixture[str]) -> bytes:
    """Sign and notarize an app; the authority of both, whom somebody has yet to trust."""
    for line in (
        "identity root",
        f"identity ada --authority root --team {TEAM}",
        "identity notary --authority root --purpose notary",
        f"sign {app} --identity ada",
        f"notarize {app} --notary notary",
    ):
        assert dext.run(line.split()) == 0, capsys.readouterr()
    return (app.parents[1] / ".local/share/ioregistry/identities/root.crt").read_bytes()


def profile(folder: Path) -> Path:
    """A file that allows the team, and nobody to approve anything else."""
    payload = {
        "PayloadType": "com.apple.system-extension-policy",
        "AllowUserOverrides": False,
        "AllowedTeamIdentifiers": [TEAM],
    }
    top = {
        "PayloadType": "Configuration",
        "PayloadIdentifier": "com.example.company",
        "PayloadDisplayName": "Example Ltd",
        "PayloadContent": [payload],
    }
    written = folder / "company.mobileconfig"
    written.write_bytes(plistlib.dumps(top))
    return written


def test_a_signed_notarized_app_runs_without_developer_mode(
    qtbot: QtBot,
    seat: Seat,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def until(condition: Callable[[], bool]) -> None:
        qtbot.waitUntil(condition, timeout=SOON_MS)

    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    seat.choose("Install sample app…")
    until(lambda: "installed" in seat.notice())
    root = sign(tmp_path / "Applications" / "SampleUSB.app", capsys)
    trusted: list[object] = []
    for purpose in ("developer", "notary"):
        seat.bridge.ask(AddTrust(root, purpose, "root.crt"), trusted.append)
    until(lambda: len(trusted) == 2)

    seat.choose("Plug sample device")
    seat.choose("Launch sample app")
    until(lambda: seat.request() is not None)
    approve_in_dialog(qtbot, seat)
    until(lambda: running(seat))
    request, status = seat.request(), seat.mirror.status
    assert request is not None
    assert request.state is RequestState.COMPLETED
    assert status is not None
    assert not status.developer

    seat.window.show_page("extensions")
    extensions = seat.window.stack.currentWidget()
    assert isinstance(extensions, ExtensionsPage)
    assert f"signed by ada ({TEAM}), notarized" in extensions.facts.text()

    seat.window.show_page("policy")
    policy = seat.window.stack.currentWidget()
    assert isinstance(policy, PolicyPage)
    policy.add_file(str(profile(tmp_path)))
    until(lambda: policy.table.selected is not None)
    until(lambda: "allowed (AllowedTeamIdentifiers)" in policy.facts.text())
    assert running(seat), "who runs and is allowed runs on"


def running(seat: Seat) -> bool:
    driver = seat.driver()
    return driver is not None and driver.state is DriverState.RUNNING


def approve_in_dialog(qtbot: QtBot, seat: Seat) -> None:
    """Open the request with Enter, and answer it with the mouse when the button is armed."""
    seat.window.show_page("approvals")
    page = seat.window.stack.currentWidget()
    assert isinstance(page, ApprovalsPage)
    seat.window.activateWindow()
    page.table.setFocus()
    page.table.selectRow(0)
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    (dialog,) = page.findChildren(RequestDialog)
    button = dialog.detail.parts.approve
    qtbot.waitUntil(button.isEnabled, timeout=SOON_MS)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dialog.detail.parts.answers.isVisible(), timeout=SOON_MS)
    dialog.close()
