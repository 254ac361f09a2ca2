"""The menu of files that were opened before.

Invariant: shows `Settings.recent`, and looks at no file: a disk that does not answer would stop
the window.
"""

from functools import partial
from pathlib import PurePath

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QMenu, QWidget

from ioregui.plaintext import SENTENCE, plain
from ioregui.window.settings import Settings


class RecentMenu(QMenu):
    """One line a file, the last one first.

    Signals:
        chosen: The path of the file to open.
    """

    chosen = Signal(str)

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setTitle(self.tr("Open recent"))
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.fill)

    @Slot()
    def fill(self) -> None:
        """Show the files that are remembered now."""
        self.clear()
        for path in self._settings.recent:
            action = self.addAction(plain(PurePath(path).name).replace("&", "&&"))
            action.setToolTip(plain(path, SENTENCE))
            action.triggered.connect(partial(self.chosen.emit, path))
        if self.isEmpty():
            self.addAction(self.tr("No file was opened yet")).setEnabled(False)
