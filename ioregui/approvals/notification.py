"""A notification of the desktop, in a process that speaks D-Bus for the window.

Invariant: never waits while there is a window; one notification at a time.
"""

import os
from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject, QProcess, Signal, Slot

from runtime.client.start import notification_command

ENDING_MS = 2000  # for taking it back; a desktop that does not answer is not waited for longer
_BUS = "DBUS_SESSION_BUS_ADDRESS"
_TOKEN = "XDG_ACTIVATION_TOKEN"  # noqa: S105 - where Qt finds what lets a window be raised


class Notification(QObject):
    """Shows one, and says when the user wants to see what it is about.

    Signals:
        chosen: The user chose Show, or clicked it.
    """

    chosen = Signal()

    def __init__(
        self, parent: QObject, command: Callable[..., list[str]] = notification_command
    ) -> None:
        """`command` is the command line that shows one, as `runtime.client.notification` says."""
        super().__init__(parent)
        self._command = command
        self._process: QProcess | None = None

    @property
    def is_shown(self) -> bool:
        """Whether one is there to be answered."""
        return self._process is not None

    def show(self, title: str, text: str) -> None:
        """Show one in place of the last; a desktop that shows none is no error."""
        self.withdraw()
        program, *arguments = self._command(title, text, self.tr("Show"), self.tr("Later"))
        self._process = process = QProcess(self)
        process.setStandardErrorFile(QProcess.nullDevice())
        process.finished.connect(self._finished)
        process.finished.connect(process.deleteLater)
        process.start(program, arguments)

    @Slot()
    def withdraw(self) -> None:
        """Take it back; nothing happens where it is gone."""
        process, self._process = self._process, None
        if process is not None:
            process.closeWriteChannel()

    @Slot()
    def end(self) -> None:
        """Take it back and reap its process; only when the window goes."""
        self.withdraw()
        for process in self.findChildren(QProcess):
            if not process.waitForFinished(ENDING_MS):
                process.kill()
                process.waitForFinished(ENDING_MS)

    @Slot()
    def _finished(self) -> None:
        process = self._process
        if process is None or process.state() is not QProcess.ProcessState.NotRunning:
            return  # one that was taken back
        self._process = None
        action, _, token = bytes(process.readAllStandardOutput().data()).decode().partition(" ")
        if action:
            os.environ[_TOKEN] = token.strip()
            self.chosen.emit()


def notification(parent: QObject, environment: Mapping[str, str]) -> Notification | None:
    """Return the notification of a window; None where there is no desktop to show it."""
    return Notification(parent) if environment.get(_BUS) else None
