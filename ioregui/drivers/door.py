"""How to attach a debugger to a driver: the command, until somebody came or the door is shut.

Invariant: offers a command only while its socket waits.
"""

import shlex

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from ioregui.records.notice import Notice
from runtime.model.identity import DriverId
from runtime.model.records import Driver
from runtime.wire.commands.drivers import DebugDoor
from runtime.wire.limits import DOOR_SECONDS


class DoorNotice(Notice):
    """Speaks of the debugger of the driver that was shown last; silent where there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._driver: Driver | None = None
        self._doors: dict[DriverId, str] = {}  # at most one: the last that was opened
        self._shut = QTimer(self)
        self._shut.setSingleShot(True)
        self._shut.setInterval(DOOR_SECONDS * 1000)
        self._shut.timeout.connect(self._close)
        self.button.clicked.connect(self._copy)

    @property
    def command(self) -> str:
        """What to type in a terminal; empty while no socket waits."""
        door = "" if self._driver is None else self._doors.get(self._driver.id, "")
        return f"dext debug --door {shlex.quote(door)}" if door else ""

    def open(self, driver: object, door: object) -> None:
        """Offer a debugger's socket of a driver."""
        assert isinstance(driver, int)
        assert isinstance(door, DebugDoor)
        self._doors = {DriverId(driver): door.path}
        self._shut.start()
        self._tell()

    def show_driver(self, driver: Driver | None) -> None:
        """Speak of this driver from now on."""
        self._driver = driver
        if driver is not None and (driver.debugging or not driver.pid):
            self._doors.pop(driver.id, None)
        self._tell()

    def _tell(self) -> None:
        if self._driver is not None and self._driver.debugging:
            self._say(
                self.tr("A debugger is attached: nobody judges whether the driver responds."), ""
            )
        elif self.command:
            text = self.tr("A debugger is awaited for {0} minutes. Type in a terminal: {1}")
            self._say(text.format(DOOR_SECONDS // 60, self.command), self.tr("Copy command"))
        else:
            self._say("", "")

    def _say(self, text: str, button: str) -> None:
        if text != self.text:  # a screen reader says it once
            self.say(text, button)

    @Slot()
    def _close(self) -> None:
        self._doors.clear()
        self._tell()

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.command)
