"""The debugger windows of one main window: one a driver.

Invariant: a window that was closed leaves no session behind.
"""

from functools import partial

from PySide6.QtCore import QObject, Slot

from ioregui.bridge import Bridge
from ioregui.debugger.window import DebuggerWindow
from ioregui.window import front
from runtime.model.identity import DriverId
from runtime.wire.commands.drivers import DebugDoor


class DebuggerWindows(QObject):
    """Opens them and closes them all.

    Attributes:
        shown: Those that are open, by their driver.
    """

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.shown: dict[DriverId, DebuggerWindow] = {}

    @Slot(object, object)
    def enter(self, driver: DriverId, door: DebugDoor) -> None:
        """Begin a session with a driver, in its window."""
        record = self._bridge.mirror.drivers.get(driver)
        if record is None:
            return  # it ended meanwhile: so does the door
        window = self.shown.get(driver)
        if window is None:
            window = self.shown[driver] = DebuggerWindow(self._bridge, record)
            window.closed.connect(partial(self._closed, driver))
        window.enter(door)
        front.bring(window)

    @Slot()
    def close(self) -> None:
        """Close all."""
        for window in tuple(self.shown.values()):
            window.close()

    def _closed(self, driver: DriverId) -> None:
        window = self.shown.pop(driver, None)
        if window is not None:
            window.deleteLater()
