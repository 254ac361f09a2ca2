"""The inspector's Process tab: the driver behind the selected registry entry.

Invariant: follows the mirror; an entry without a driver extension says what holds it.
"""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ioregui.bridge import Bridge
from ioregui.drivers.details import DriverDetails
from ioregui.drivers.readings import Readings
from ioregui.drivers.rows import of_driver
from ioregui.mirror import Changes
from ioregui.records.empty import EmptyPage


class ProcessPanel(QWidget):
    """Details of the driver of one entry."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._entry = 0
        empty = EmptyPage(
            self.tr("No driver process"),
            self.tr(
                "Select a device that a driver extension holds, or the driver itself, to see its "
                "process, sandbox and launch. Kernel drivers have no process of their own."
            ),
        )
        self.details = DriverDetails(bridge, empty)
        self._readings = Readings(bridge, self)
        self._readings.read.connect(self._refresh)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.details)
        bridge.reset.connect(self._refresh)
        bridge.travelled.connect(self._refresh)
        bridge.changed.connect(self._changed)

    @Slot(object)
    def show_entry(self, entry: int) -> None:
        """Follow the driver of this entry; 0 for none."""
        self._entry = entry
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        driver = self._bridge.mirror.driver_of(self._entry)
        self.details.show_row(None if driver is None else of_driver(driver, self._readings.last))

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        if changes.drivers or changes.status or changes.entries:
            self._refresh()
