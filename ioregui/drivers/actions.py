"""The buttons that act on one driver: restart, crash, release.

Invariant: a button that is off says why; nothing is asked twice while an answer is open.
"""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ioregui.bridge import Bridge
from ioregui.drivers import words
from runtime.model.records import Driver
from runtime.wire import client as wire
from runtime.wire.commands.base import CommandOf
from runtime.wire.commands.drivers import CrashDriver, ReleaseDriver, RestartDriver


class DriverActions(QWidget):
    """A row of buttons for the driver that was shown last.

    Signals:
        refused: One sentence why the runtime did not do it; empty when a new try begins.
    """

    refused = Signal(str)

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._driver: Driver | None = None
        self._asking = False
        self.restart = self._button(self.tr("Restart"))
        self.crash = self._button(self.tr("Crash it"))
        self.release = self._button(self.tr("Release from quarantine"))
        self._explain: dict[QPushButton, str] = {
            self.restart: self.tr("Stop the driver in order and start it again."),
            self.crash: self.tr("Have its process dereference null, as a real crash would."),
            self.release: self.tr("Let the driver start again."),
        }
        self.restart.clicked.connect(self._restart)
        self.crash.clicked.connect(self._crash)
        self.release.clicked.connect(self._release)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for button in self._explain:
            layout.addWidget(button)
        layout.addStretch(1)
        self.show_driver(None)

    def show_driver(self, driver: Driver | None) -> None:
        """Act on this driver from now on; buttons follow its state and developer mode."""
        if driver is None or self._driver is None or driver.id != self._driver.id:
            self.refused.emit("")
        self._driver = driver
        status = self._bridge.mirror.status
        developer = status is not None and status.developer
        self._allow(self.restart, words.why_no_restart(driver))
        self._allow(self.crash, words.why_no_crash(driver, developer))
        self._allow(self.release, words.why_no_release(driver))
        self.release.setVisible(not words.why_no_release(driver))

    def _allow(self, button: QPushButton, why_not: str) -> None:
        button.setEnabled(not why_not and not self._asking)
        button.setToolTip(why_not or self._explain[button])
        button.setAccessibleDescription(button.toolTip())

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setAutoDefault(False)
        return button

    def _ask(self, command: CommandOf[Driver]) -> None:
        self.refused.emit("")
        self._asking = True
        self.show_driver(self._driver)
        self._bridge.ask(command, self._answered, self._refusal)

    @Slot()
    def _restart(self) -> None:
        if self._driver is not None:
            self._ask(RestartDriver(self._driver.id))

    @Slot()
    def _crash(self) -> None:
        if self._driver is not None:
            self._ask(CrashDriver(self._driver.id))

    @Slot()
    def _release(self) -> None:
        if self._driver is not None:
            self._ask(ReleaseDriver(self._driver.id))

    def _answered(self, _driver: Driver) -> None:
        self._asking = False
        self.show_driver(self._driver)

    def _refusal(self, refusal: wire.Refusal) -> None:
        self._asking = False
        self.show_driver(self._driver)
        self.refused.emit(refusal.text)
