"""The Drivers page: a table of all drivers, and the selected one's details and log.

Invariant: shows what the mirror has; its only commands are those of `DriverActions`.
"""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from ioregui.bridge import Bridge
from ioregui.drivers import columns
from ioregui.drivers.details import DriverDetails
from ioregui.drivers.log import LogPanel
from ioregui.mirror import Changes
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.model import RecordModel
from ioregui.records.table import RecordTable
from runtime.model.identity import DriverId
from runtime.model.records import Driver


class DriversPage(QWidget):
    """All drivers of the runtime.

    Signals:
        entry_chosen: The user picked a driver; the id of its service, or of its provider
            while it has no service.
    """

    entry_chosen = Signal(object)

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.model = RecordModel(columns.columns(), columns.key, columns.order, self)
        self.table: RecordTable[Driver] = RecordTable(self.model, self.tr("Drivers"))
        nothing = EmptyPage(self.tr("No driver selected"), self.tr("Select one in the table."))
        self.details = DriverDetails(bridge, nothing)
        self.log = LogPanel(bridge)
        below = QSplitter(Qt.Orientation.Horizontal)
        below.addWidget(self.details)
        below.addWidget(self.log)
        below.setChildrenCollapsible(False)
        below.setSizes([500, 500])
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.table)
        split.addWidget(below)
        split.setChildrenCollapsible(False)
        split.setSizes([240, 420])
        self._pages = EmptyOr(split, self._empty())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self.table.picked.connect(self._picked)
        bridge.reset.connect(self._refresh)
        bridge.changed.connect(self._changed)
        self._refresh()

    def select_driver(self, driver: DriverId) -> bool:
        """Select a driver; return whether it is there."""
        return self.table.select_key(driver)

    @Slot()
    def _refresh(self) -> None:
        drivers = self._bridge.mirror.drivers
        self._pages.show_content(bool(drivers))
        self.table.show_records(drivers.values())
        self._show_selected()

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        if changes.drivers:
            self._refresh()
        elif changes.status:
            self._show_selected()

    @Slot()
    def _picked(self) -> None:
        self._show_selected()
        driver = self.table.selected
        if driver is not None and self.isVisible():
            self.entry_chosen.emit(driver.service or driver.provider)

    def _show_selected(self) -> None:
        driver = self.table.selected
        self.details.show_driver(driver)
        self.log.show_driver(None if driver is None else driver.id)

    def _empty(self) -> EmptyPage:
        return EmptyPage(
            self.tr("No drivers yet"),
            self.tr(
                "Every driver extension that runs is listed here with its process. One starts "
                "when its extension is approved and a matching device is present: install and "
                "launch the sample app, approve it, then plug the sample device, all from the "
                "menu."
            ),
        )
