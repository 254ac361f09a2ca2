"""`--screenshot`: a picture of the window once it is quiet.

Invariant: the picture is written when the registry has not changed for `QUIET_MS` after the
first snapshot, or when `PATIENCE_MS` are over; what failed is the exit code.
"""

import sys
from pathlib import Path

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    QTimer,
    QtMsgType,
    Slot,
    qFormatLogMessage,
)
from PySide6.QtWidgets import QApplication, QWidget

from ioregui.bridge import Bridge
from ioregui.mirror import Changes

QUIET_MS = 700
PATIENCE_MS = 30_000
FAILED = 1
_OFF_SCREEN = "This plugin does not support "


def hush(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    """Write Qt's messages to stderr, but not what the off-screen platform is sorry for."""
    if not text.startswith(_OFF_SCREEN):
        sys.stderr.write(f"{qFormatLogMessage(kind, context, text)}\n")


class Camera(QObject):
    """Takes one picture of a widget and ends the application."""

    def __init__(
        self, application: QApplication, bridge: Bridge, widget: QWidget, path: Path
    ) -> None:
        super().__init__(application)
        self._application = application
        self._widget = widget
        self._path = path
        self.complaint = ""
        self._quiet = self._timer(QUIET_MS, self._take)
        self._patience = self._timer(PATIENCE_MS, self._give_up)
        self._patience.start()
        bridge.reset.connect(self._stir)
        bridge.changed.connect(self._changed)
        bridge.disconnected.connect(self.lose)

    @Slot()
    def _stir(self) -> None:
        self._quiet.start()

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        """Wait on for what changes the tree or a driver; a driver that logs is never quiet."""
        if changes.entries or changes.drivers or changes.requests:
            self._stir()

    @Slot(str)
    def lose(self, reason: str) -> None:
        """A file that cannot be read, a runtime that is not there: nothing will come."""
        if not self._quiet.isActive():
            self.complaint = f"screenshot {self._path}: {reason}"
            self._application.exit(FAILED)

    @Slot()
    def _take(self) -> None:
        if not self._widget.grab().save(str(self._path), "PNG"):
            self.complaint = f"screenshot {self._path}: expected a file that can be written"
        self._application.exit(FAILED if self.complaint else 0)

    @Slot()
    def _give_up(self) -> None:
        if not self._quiet.isActive():
            self.complaint = (
                f"screenshot {self._path}: expected a registry within "
                f"{PATIENCE_MS // 1000} s, found none"
            )
            self._application.exit(FAILED)
            return
        self._take()

    def _timer(self, milliseconds: int, slot: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(slot)
        return timer
