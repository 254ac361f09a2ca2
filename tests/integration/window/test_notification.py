"""The desktop's notification, at a service that python-dbusmock plays: a view of the inbox."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dbus_fast import BusType, Variant
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from ioregui.approvals.notification import Notification, notification
from tests.integration import dbus_mock
from tests.integration.dbus_mock import Mock

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
ADDRESS = "DBUS_SESSION_BUS_ADDRESS"
MARKUP = "\u201c<b>x</b>\u201d wants to install"
FIRST, SECOND = Variant("u", 1), Variant("u", 2)


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mock]:
    """A private bus with a notification daemon on it."""
    dbus_mock.skip_where_missing()
    bus = dbus_mock.start_bus(tmp_path / "bus")
    monkeypatch.setenv(ADDRESS, f"unix:path={tmp_path / 'bus'}")
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "")
    mock = Mock(BusType.SESSION, "notification_daemon", NAME, PATH, tmp_path / "calls")
    yield mock
    mock.close()
    bus.kill()
    bus.wait()


def signal(desktop: Mock, name: str, signature: str, *body: Variant) -> None:
    desktop.order("EmitSignal", "sssav", NAME, name, signature, [*body])


def test_only_show_opens(qtbot: QtBot, desktop: Mock) -> None:
    parent = QObject()
    shown = notification(parent, os.environ)
    assert shown is not None
    chosen: list[bool] = []
    shown.chosen.connect(lambda: chosen.append(True))
    shown.show("1 request waits for approval", MARKUP)
    qtbot.waitUntil(lambda: len(desktop.calls("Notify")) == 1, timeout=20_000)
    (call,) = desktop.calls("Notify")
    assert "\u201c&lt;b&gt;x&lt;/b&gt;\u201d wants to install" in call
    assert '["default", "Show", "show", "Show", "later", "Later"]' in call
    signal(desktop, "ActionInvoked", "us", SECOND, Variant("s", "show"))  # another program's
    signal(desktop, "ActionInvoked", "us", FIRST, Variant("s", "later"))
    qtbot.waitUntil(lambda: not shown.is_shown, timeout=20_000)
    assert chosen == []
    shown.show("2 requests wait for approval", MARKUP)
    qtbot.waitUntil(lambda: len(desktop.calls("Notify")) == 2, timeout=20_000)
    signal(desktop, "ActivationToken", "us", SECOND, Variant("s", "raise-me"))
    with qtbot.waitSignal(shown.chosen, timeout=20_000):
        signal(desktop, "ActionInvoked", "us", SECOND, Variant("s", "default"))
    assert os.environ["XDG_ACTIVATION_TOKEN"] == "raise-me"
    assert desktop.calls("CloseNotification") == []
    assert chosen == [True]


def test_what_is_taken_back_is_closed_also_before_the_desktop_has_named_it(
    qtbot: QtBot, desktop: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ioregui.approvals.notification.ENDING_MS", 20_000)
    parent = QObject()
    shown = Notification(parent)
    shown.show("1 request waits for approval", MARKUP)
    shown.withdraw()  # its process has not even started
    qtbot.waitUntil(lambda: desktop.calls("CloseNotification") == ["1"], timeout=20_000)
    shown.show("2 requests wait for approval", MARKUP)
    qtbot.waitUntil(lambda: len(desktop.calls("Notify")) == 2, timeout=20_000)
    shown.end()
    assert desktop.calls("CloseNotification") == ["1", "2"]


def test_a_desktop_without_notifications_is_said(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "runtime.client.notification", "title", "text", "Show", "Later"],
        env=os.environ | {ADDRESS: f"unix:path={tmp_path / 'none'}"},
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("D-Bus: expected the session bus, found: ")


def test_where_no_desktop_has_a_bus_there_is_none() -> None:
    assert notification(QObject(), {}) is None
    assert isinstance(notification(QObject(), {ADDRESS: "unix:path=/x"}), Notification)
