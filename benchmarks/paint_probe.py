"""The window off screen; says on stdout which MTU a network interface's row was painted with.

Writes one empty line when the row is in view, then one line each time the row's last cell
has been painted. Quits at the end of stdin.
Invariant: the program runs as it always does; only the cells' painter is replaced by one that
paints the same and then speaks.
"""

import sys

from PySide6.QtCore import QObject, QSettings, QSocketNotifier, QTimer, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QApplication, QStyleOptionViewItem

from ioregui.bridge import Bridge
from ioregui.composition import Desk
from ioregui.household import Household
from ioregui.registry.cells import Column
from ioregui.registry.delegate import CellDelegate
from ioregui.registry.model import Index, RegistryModel
from ioregui.window.settings import Settings
from runtime.model import properties

LOOK_MS = 50
SIZE = (1320, 860)  # every column of the row is in view


class SpeakingDelegate(CellDelegate):
    """Paints a cell and says so when it is the last of the watched row."""

    def __init__(self, model: RegistryModel, view: QObject, entry: int) -> None:
        super().__init__(model, view)  # type: ignore[arg-type]  # a QTableView is its parent
        self._rows = model
        self._entry = entry

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Qt's."""
        super().paint(painter, option, index)
        if index.column() == Column.PID and self._rows.id_at(index.row()) == self._entry:
            entry = self._rows.entry_at(index.row())
            assert entry is not None
            tell(str(properties.decode(entry.props).get("IOMaxTransferUnit")))


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
                self._desk.selection.select(entry.id)  # keeps the row in view
                view.setItemDelegate(SpeakingDelegate(model, view, entry.id))
                tell("")
                return


def main(name: str) -> int:
    """Run the window until stdin ends."""
    application = QApplication(sys.argv[:1])
    bridge = Bridge(application)
    household = Household(bridge, None)
    store = QSettings("/nonexistent/window.ini", QSettings.Format.IniFormat)
    desk = Desk(application, bridge, household, Settings(store))
    end = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    end.activated.connect(application.quit)
    Probe(desk, bridge, name)
    desk.window.resize(*SIZE)
    desk.window.show()
    household.start()
    code = application.exec()
    household.end()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
