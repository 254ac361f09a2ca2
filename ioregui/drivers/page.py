"""The Drivers page: every process of the runtime, and the selected driver's details, log, crashes.

Invariant: shows what the mirror has and the last reading; its only commands are those of
`DriverActions`.
"""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QSplitter, QTabWidget, QVBoxLayout, QWidget

from ioregui.bridge import Bridge
from ioregui.drivers import columns
from ioregui.drivers.crashes import CrashesPanel
from ioregui.drivers.details import DriverDetails
from ioregui.drivers.log import LogPanel
from ioregui.drivers.readings import Readings
from ioregui.drivers.rows import Row, driver_key, rows
from ioregui.mirror import Changes
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.model import RecordModel
from ioregui.records.table import RecordTable
from runtime.model.identity import DriverId


class DriversPage(QWidget):
    """All drivers of the runtime, and the processes beside them.

    Signals:
        entry_chosen: The user picked a driver; the id of its service, or of its provider
            while it has no service.
    """

    entry_chosen = Signal(object)

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._readings = Readings(bridge, self)
        self.model = RecordModel(columns.columns(), columns.key, columns.order, self)
        self.table: RecordTable[Row] = RecordTable(
            self.model, self.tr("Drivers and processes"), selects_first=False
        )
        nothing = EmptyPage(self.tr("Nothing selected"), self.tr("Select a driver in the table."))
        self.details = DriverDetails(bridge, nothing)
        self.log = LogPanel(bridge)
        self.crashes = CrashesPanel(bridge)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.log, self.tr("Log"))
        self.tabs.addTab(self.crashes, self.tr("Crash reports"))
        self._pages = EmptyOr(self._content(), self._empty())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self.table.picked.connect(self._picked)
        self._readings.read.connect(self._refresh)
        bridge.reset.connect(self._refresh)
        bridge.changed.connect(self._changed)
        self._refresh()

    def select_driver(self, driver: DriverId) -> bool:
        """Select a driver; return whether it is there."""
        return self.table.select_key(driver_key(driver))

    @Slot()
    def _refresh(self) -> None:
        drivers = self._bridge.mirror.drivers
        self._pages.show_content(bool(drivers))
        found = sorted(rows(drivers.values(), self._readings.last), key=columns.order)
        self.table.show_records(found)
        if self.table.selected is None:
            first = next((row for row in found if row.driver is not None), None)
            if first is not None:
                self.table.select_key(first.key)
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
        row = self.table.selected
        if row is not None and row.driver is not None and self.isVisible():
            self.entry_chosen.emit(row.driver.service or row.driver.provider)

    def _show_selected(self) -> None:
        row = self.table.selected
        driver = None if row is None else row.driver
        self.details.show_row(row)
        self.log.show_driver(None if driver is None else driver.id)
        self.crashes.show_driver(driver)

    def _content(self) -> QWidget:
        below = QSplitter(Qt.Orientation.Horizontal)
        below.addWidget(self.details)
        below.addWidget(self.tabs)
        below.setChildrenCollapsible(False)
        below.setSizes([500, 500])
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.table)
        split.addWidget(below)
        split.setChildrenCollapsible(False)
        split.setSizes([240, 420])
        return split

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
