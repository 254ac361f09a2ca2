"""The debugger's window and a real driver in an endless loop: found, changed, and it goes on."""

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTableView
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.composition import Desk
from ioregui.debugger.window import DebuggerWindow
from ioregui.household import Household
from ioregui.window.settings import Settings
from runtime.model.driver_lifecycle import DriverState
from runtime.model.records import Driver, Request
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.extensions import Activate, Decide, SetDeveloperMode
from tests.integration.line.apps import driver_source, make_app

SOON_MS = 20_000
STUCK = """
stuck = True
counter = 0
while stuck:
    counter += 1
IOLog("free again")
"""


class Bench:
    """A window with its own runtime, and one driver that does not come out of Start."""

    def __init__(self, qtbot: QtBot, application: QApplication, folder: Path) -> None:
        self.qtbot = qtbot
        self.bridge = Bridge(application)
        self.household = Household(self.bridge, state_dir=folder / "state")
        store = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
        self.desk = Desk(application, self.bridge, self.household, Settings(store))

    def until(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=SOON_MS)

    def start(self, app: Path) -> None:
        """Have the app's driver run."""
        self.desk.window.show()
        self.household.start()
        self.until(lambda: self.bridge.is_connected)
        self.bridge.ask(SetDeveloperMode(on=True))
        self.bridge.ask(Activate(str(app)), self._approve)
        self.bridge.ask(Plug("sample"))
        self.until(lambda: bool(self.bridge.mirror.drivers) and self.driver.pid > 0)

    def _approve(self, request: Request) -> None:
        self.bridge.ask(Decide(request.id, request.content_hash, request.nonce, approve=True))

    @property
    def driver(self) -> Driver:
        (driver,) = self.bridge.mirror.drivers.values()
        return driver

    def debug(self) -> DebuggerWindow:
        """Click Debug… on the Drivers page."""
        self.desk.window.show_page("drivers")
        page = self.desk._slices.drivers
        self.until(lambda: page.select_driver(self.driver.id))
        button = page.details.actions_row.button("debug")
        self.until(button.isEnabled)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.until(lambda: bool(self.desk.debuggers.shown))
        return self.desk.debuggers.shown[self.driver.id]

    @staticmethod
    def cells(table: QTableView) -> list[object]:
        """What a table shows, row by row."""
        model = table.model()
        places = product(range(model.rowCount()), range(model.columnCount()))
        return [model.index(row, column).data() for row, column in places]

    def end(self) -> None:
        self.household.end()
        self.desk.window.leave()
        self.until(lambda: self.household.unreaped == 0)
        for each in (self.desk.window, self.desk, self.bridge):
            each.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def bench(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(qtbot, qapp, tmp_path)
    made.start(make_app(tmp_path, driver_source(STUCK)))
    yield made
    made.end()


def test_an_endless_loop_is_found_changed_and_left(bench: Bench) -> None:
    before = bench.driver
    window = bench.debug()
    bench.until(lambda: "Shown: Start of Default, Trial.py:" in window.state.text())
    thread, doing = bench.cells(window.threads)[:2]
    assert (thread, str(doing).partition(" for ")[0]) == ("Default", "stopped here: Start")
    assert bench.cells(window.frames)[0] == "Start"
    assert bench.cells(window.variables)[0] == "counter"
    bench.until(lambda: bench.driver.debugging)
    notice = bench.desk._slices.drivers.details.debugging
    bench.until(lambda: "nobody judges" in notice.text)
    window.console.typed.setFocus()
    QTest.keyClicks(window.console.typed, "stuck = False")
    QTest.keyClick(window.console.typed, Qt.Key.Key_Return)
    bench.until(lambda: bench.cells(window.variables)[-1] == "False")
    QTest.mouseClick(window.on, Qt.MouseButton.LeftButton)
    bench.until(lambda: bench.driver.state is DriverState.RUNNING and not bench.driver.debugging)
    assert (bench.driver.pid, bench.driver.crashes) == (before.pid, 0)
    bench.until(lambda: "session is over" in window.state.text())
    assert "free again" in [line.text for line in bench.bridge.mirror.logs[before.id]]

    QTest.mouseClick(window.again, Qt.MouseButton.LeftButton)
    bench.until(lambda: "Shown:" in window.state.text())
    assert QApplication.activeModalWidget() is None
    window.close()
    assert bench.desk.debuggers.shown == {}
    bench.until(lambda: not bench.driver.debugging)
    assert bench.driver.pid == before.pid
