"""The window off screen; says on stdout which new network interfaces' rows it has painted.

Writes one empty line when the first interface's row is in view, then the name of each later one
beside it when its row has been painted in the tree. Quits at the end of stdin.
Invariant: the program runs as it always does; only the rows' painter is replaced by one that
paints the same and then speaks.
"""

import sys
import tempfile

from PySide6.QtCore import QObject, QPoint, QSettings, QSocketNotifier, QTimer, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractItemView, QApplication

from ioregui.bridge import Bridge
from ioregui.composition import Desk
from ioregui.household import Household
from ioregui.registry.cells import Face
from ioregui.registry.model import RegistryModel
from ioregui.registry.pictures import RowPictures
from ioregui.registry.view import RegistryView
from ioregui.window.settings import Settings

PREFIX = "inspector"  # of the interfaces' names
LOOK_MS = 50
SIZE = (1320, 860)  # every column of the row is in view


class SpeakingPictures(RowPictures):
    """Shows a row and says so when it is the first time that a watched row is shown."""

    def __init__(self, view: RegistryView, known: int) -> None:
        super().__init__(view)
        self._known = known

    def paint(self, painter: QPainter, at: QPoint, face: Face) -> None:
        """Paint the row's picture where it stands on the screen, whole."""
        super().paint(painter, at, face)
        if face.entry_id > self._known and face.title.startswith(PREFIX):
            self._known = face.entry_id
            tell(face.title)


def tell(line: str) -> None:
    """Write one line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Probe(QObject):
    """Brings the interface's row into view, once it is known."""

    def __init__(self, desk: Desk, bridge: Bridge, name: str) -> None:
        super().__init__(desk)
        self._desk, self._bridge, self._name = desk, bridge, name
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    @Slot()
    def _look(self) -> None:
        view = self._desk.registry
        model = view.model()
        assert isinstance(model, RegistryModel)
        for entry in self._bridge.mirror.entries.values():
            if entry.name == self._name:
                self._timer.stop()
                self._desk.selection.select(entry.id)
                middle = QAbstractItemView.ScrollHint.PositionAtCenter
                view.scrollTo(view.currentIndex(), middle)  # and what comes beside it
                view.pictures = SpeakingPictures(view, entry.id)
                tell("")
                return


def main(name: str) -> int:
    """Run the window until stdin ends."""
    application = QApplication(sys.argv[:1])
    bridge = Bridge(application)
    household = Household(bridge, None)
    folder = tempfile.TemporaryDirectory()
    store = QSettings(f"{folder.name}/window.ini", QSettings.Format.IniFormat)
    desk = Desk(application, bridge, household, Settings(store))
    end = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    end.activated.connect(application.quit)
    Probe(desk, bridge, name)
    desk.window.resize(*SIZE)
    desk.window.show()
    household.start()
    code = application.exec()
    household.end()
    store.sync()
    folder.cleanup()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
