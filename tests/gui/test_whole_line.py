"""The whole line in the window, with a real runtime: from installing an app to unplugging."""

import fcntl
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ioregui.approvals.page import ApprovalsPage
from ioregui.bridge import Bridge
from ioregui.composition import Desk
from ioregui.household import Household
from ioregui.mirror import Mirror
from ioregui.registry.cells import Column
from ioregui.registry.model import RegistryModel
from ioregui.window.settings import Settings
from runtime.model import events
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry
from runtime.model.records import Driver, Request, RequestState

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "resources" / "samples"
SOON_MS = 20_000
_TUNSETIFF, _IFF_TUN = 0x400454CA, 0x1


class Seat:
    """A window with its own runtime, and what the test looks at."""

    def __init__(self, application: QApplication, folder: Path) -> None:
        store = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
        self.bridge = Bridge(application)
        self.household = Household(self.bridge)
        self.desk = Desk(application, self.bridge, self.household, Settings(store))
        self.window = self.desk.window
        self.mirror: Mirror = self.bridge.mirror

    def choose(self, name: str) -> None:
        """Choose an action of the menu."""
        action = self.window.actions()[self.names.index(name)]
        assert action.isEnabled(), f"{name}: {action.toolTip()}"
        action.trigger()

    @property
    def names(self) -> list[str]:
        return [action.text() for action in self.window.actions()]

    def notice(self) -> str:
        banner = self.window.banners.banner("notice")
        return banner.text if banner is not None else self.window.status.currentMessage()

    def request(self) -> Request | None:
        return next(iter(self.mirror.requests.values()), None)

    def driver(self) -> Driver | None:
        return next(iter(self.mirror.drivers.values()), None)

    def rows(self) -> dict[str, tuple[str, str]]:
        model = self.desk.registry.model()
        assert isinstance(model, RegistryModel)
        return {
            model.text(row, Column.NAME): (
                model.text(row, Column.STATE),
                model.text(row, Column.PID),
            )
            for row in range(model.rowCount())
        }


@pytest.fixture
def seat(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Seat]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("IOREGISTRY_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("IOREGISTRY_SOCKET", raising=False)
    made = Seat(qapp, tmp_path)
    made.window.show()
    made.household.start()
    qtbot.waitUntil(lambda: made.bridge.is_connected, timeout=SOON_MS)
    yield made
    made.household.end()
    made.window.leave()
    qtbot.waitUntil(lambda: reaped(made.household), timeout=SOON_MS)
    made.window.deleteLater()
    made.desk.deleteLater()
    made.bridge.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def reaped(household: Household) -> bool:
    household.end()
    return household.unreaped == 0


def approve(qtbot: QtBot, seat: Seat) -> None:
    """Answer the request in the inbox, with the mouse, when the button is armed."""
    seat.window.show_page("approvals")
    page = seat.window.stack.currentWidget()
    assert isinstance(page, ApprovalsPage)
    seat.window.activateWindow()
    page.table.setFocus()
    page.table.selectRow(0)
    button = page.detail.parts.approve
    qtbot.waitUntil(button.isEnabled, timeout=SOON_MS)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


UEVENT = Path("/sys/class/net/lo/uevent")
TUN = Path("/dev/net/tun")
MAY_BURST = os.access(UEVENT, os.W_OK) and os.access(TUN, os.W_OK)


@pytest.mark.skipif(not MAY_BURST, reason=f"{UEVENT} or {TUN} cannot be written")
def test_a_burst_of_5000_events_ends_in_the_window(qtbot: QtBot, seat: Seat) -> None:
    """None is lost, or the machine was read again and the window says so."""
    name = "burst0"
    with UEVENT.open("wb", buffering=0) as uevent:
        for _ in range(4999):
            uevent.write(b"change")
    with TUN.open("r+b", buffering=0) as tun:
        fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN))
        named = partial(_named, seat.mirror, name)
        qtbot.waitUntil(lambda: named() is not None, timeout=SOON_MS)
        interface = named()
        assert interface is not None
        seat.desk.selection.select(interface.id)
        assert name in seat.rows()
        status = seat.mirror.status
        assert status is not None
        assert (status.resyncs > 0) is happened(seat, events.Resynced)
    qtbot.waitUntil(lambda: named() is None, timeout=SOON_MS)


def _named(mirror: Mirror, name: str) -> Entry | None:
    return next((entry for entry in mirror.entries.values() if entry.name == name), None)


def happened(seat: Seat, kind: type) -> bool:
    return any(isinstance(event.detail, kind) for event in seat.mirror.events)


def test_plug_match_approve_run_crash_restart_unplug(qtbot: QtBot, seat: Seat) -> None:
    def until(condition: Callable[[], bool]) -> None:
        qtbot.waitUntil(condition, timeout=SOON_MS)

    seat.choose("Developer mode")
    until(lambda: seat.window.banners.banner("developer") is not None)
    seat.choose("Install sample app…")
    until(lambda: "installed" in seat.notice())
    seat.choose("Launch sample app")
    until(lambda: seat.request() is not None)
    assert seat.window.status.approvals.text() == "1 approval waiting"
    approve(qtbot, seat)
    until(lambda: _state(seat) is RequestState.COMPLETED)
    seat.window.show_page("registry")
    seat.choose("Plug sample device")
    until(lambda: _driver_state(seat) is DriverState.RUNNING)
    until(lambda: seat.rows().get("MyUserUSBInterfaceDriver", ("", ""))[0] == "running")
    driver = seat.driver()
    assert driver is not None
    first = driver.pid
    assert seat.rows()["MyUserUSBInterfaceDriver"] == ("running", str(first))
    until(lambda: any("ReadComplete" in line.text for line in seat.mirror.logs[driver.id]))
    seat.desk.selection.select(driver.service)
    seat.choose("Crash it")
    until(lambda: happened(seat, events.Crashed))
    until(lambda: _pid(seat) not in {0, first} and _driver_state(seat) is DriverState.RUNNING)
    seat.choose("Unplug sample device")
    until(lambda: happened(seat, events.Unplugged))
    until(lambda: "MyUserUSBInterfaceDriver" not in _live(seat))


def test_a_thousand_requests_in_a_second_leave_the_inbox_usable(qtbot: QtBot, seat: Seat) -> None:
    """The same request is counted; what is too much is refused; what is open can be approved."""

    def until(condition: Callable[[], bool]) -> None:
        qtbot.waitUntil(condition, timeout=SOON_MS)

    def ask(module: str, app: Path) -> str:
        arguments = [sys.executable, "-m", module, str(app)]
        with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
            until(lambda: program.poll() is not None)
            assert program.stdout is not None
            return program.stdout.read()

    seat.choose("Developer mode")
    until(lambda: seat.window.banners.banner("developer") is not None)
    answered, refused, codes, in_time = ask("tests.gui.flooding", SAMPLES / "SampleUSB.app").split()
    assert (int(answered) + int(refused), codes, in_time) == (1000, "busy", "True")
    until(lambda: seat.request() is not None)
    (request,) = seat.mirror.requests.values()
    until(lambda: _count(seat) == int(answered))
    assert request.state is RequestState.WAITING
    approve(qtbot, seat)
    until(lambda: _state(seat) is RequestState.COMPLETED)


def _count(seat: Seat) -> int:
    request = seat.request()
    return request.count if request is not None else 0


def test_killed_runtime_is_said_and_replaced(qtbot: QtBot, seat: Seat) -> None:
    status = seat.mirror.status
    assert status is not None
    before = len(seat.rows())
    os.kill(status.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: seat.window.banners.banner("runtime") is not None, timeout=SOON_MS)
    assert len(seat.rows()) == before  # what was known stays to be read
    qtbot.waitUntil(lambda: seat.bridge.is_connected, timeout=SOON_MS)
    assert seat.window.banners.banner("runtime") is None
    assert seat.mirror.status is not None
    assert seat.mirror.status.pid != status.pid


def _state(seat: Seat) -> RequestState | None:
    request = seat.request()
    return request.state if request is not None else None


def _driver_state(seat: Seat) -> DriverState | None:
    driver = seat.driver()
    return driver.state if driver is not None else None


def _pid(seat: Seat) -> int:
    driver = seat.driver()
    return driver.pid if driver is not None else 0


def _live(seat: Seat) -> set[str]:
    return {entry.name for entry in seat.mirror.entries.values()}
