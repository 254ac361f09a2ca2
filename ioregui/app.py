"""The window's process: makes the application and its first windows, and runs them.

Invariant: nothing happens on import.
"""

import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import (
    QLoggingCategory,
    QSettings,
    QStandardPaths,
    QTemporaryDir,
    QTimer,
    qInstallMessageHandler,
)
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from ioregui import pages
from ioregui.camera import Camera, hush
from ioregui.desks import Desks
from ioregui.window.main_window import TITLE
from ioregui.window.settings import Settings
from ioregui.window.theme import Choice

ENDING_S = 10.0  # until a runtime that stops its drivers is not waited for any longer
DESKTOP_FILE = "org.ioregistry.Inspector"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says of the window."""

    connect: Path | None = None
    screenshot: Path | None = None
    theme: str = ""
    page: str = pages.NAMES[0]
    icon: Path | None = None
    files: tuple[Path, ...] = ()


QUIET = "qt.qpa.wayland.textinput.warning=false"
"""Of Qt's messages: one at every change of focus on a Wayland desktop without an input method."""


def run(options: Options) -> int:
    """Show the window until it is closed; return the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    QGuiApplication.setDesktopFileName(DESKTOP_FILE)
    QLoggingCategory.setFilterRules(QUIET)
    if options.screenshot is not None:
        qInstallMessageHandler(hush)
    application = QApplication(sys.argv[:1])
    application.setApplicationName("ioregistry-inspector")
    application.setApplicationDisplayName(TITLE)
    if options.icon is not None:
        application.setWindowIcon(QIcon(str(options.icon)))
    settings = Settings(_store(application, options))
    if options.theme:
        settings.theme = Choice(options.theme)
    desks = Desks(application, settings)
    for file in options.files:
        desks.open_file(str(file))
    if not options.files:
        QTimer.singleShot(0, desks.open_machine(options.connect).start)
    desk = desks.desks[0]
    camera = None
    if options.screenshot is not None:
        camera = Camera(application, desk.bridge, desk.window, options.screenshot)
        desk.unreached.connect(camera.lose)
    desk.window.show_page(options.page)
    code = application.exec()
    desks.end(ENDING_S)
    if camera is not None and camera.complaint:
        sys.stderr.write(f"ioregui: {camera.complaint}\n")
    return code


def _has_home() -> bool:
    """Whether the folder of settings is there or may be made: never above a home that is not."""
    place = QStandardPaths.StandardLocation.GenericConfigLocation
    return Path(QStandardPaths.writableLocation(place)).parent.is_dir()


def _store(application: QApplication, options: Options) -> QSettings:
    """The user's settings; for a picture, or a user without a home, a store that goes with us."""
    if options.screenshot is not None or not _has_home():
        # QSettings replaces its file when it writes: it must never be given a device's path.
        folder = QTemporaryDir()
        application.aboutToQuit.connect(folder.remove)
        return QSettings(folder.filePath("window.ini"), QSettings.Format.IniFormat, application)
    return QSettings(
        QSettings.Format.IniFormat,
        QSettings.Scope.UserScope,
        "ioregistry",
        "window",
        application,
    )
