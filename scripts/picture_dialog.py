"""python scripts/picture_dialog.py SOCKET THEME PNG: a picture of the waiting request's dialog."""

import sys
from pathlib import Path

from PySide6.QtCore import QSettings, QTemporaryDir, QTimer, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from ioregui.approvals.dialog import RequestDialog
from ioregui.camera import hush
from ioregui.desks import Desks
from ioregui.window.settings import Settings
from ioregui.window.theme import Choice
from runtime.model.records import RequestState

READ_MS = 2500  # until the answer that approves may be pressed
ENDING_S = 5


def main(socket: str, theme: str, picture: str) -> None:
    """Write the picture and end."""
    qInstallMessageHandler(hush)
    application = QApplication(sys.argv[:1])
    store = QTemporaryDir()
    settings = Settings(QSettings(store.filePath("window.ini"), QSettings.Format.IniFormat))
    settings.theme = Choice(theme)
    desks = Desks(application, settings)
    desk = desks.open_machine(Path(socket))

    def show() -> None:
        requests = desk.bridge.mirror.requests.values()
        request = next(one for one in requests if one.state is RequestState.WAITING)
        dialog = RequestDialog(desk.bridge, request, desk.window)
        dialog.show()
        dialog.activateWindow()
        QTimer.singleShot(READ_MS, lambda: take(dialog))

    def take(dialog: RequestDialog) -> None:
        dialog.grab().save(picture)
        application.quit()

    desk.bridge.reset.connect(show)
    desk.start()
    application.exec()
    desks.end(ENDING_S)


if __name__ == "__main__":
    main(*sys.argv[1:])
