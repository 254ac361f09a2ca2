"""One driver in detail: its buttons, a refusal where there is one, its facts.

Invariant: shows the driver it was given; never looks for another.
"""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ioregui import plaintext
from ioregui.bridge import Bridge
from ioregui.drivers.actions import DriverActions
from ioregui.drivers.summary import driver_facts
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.facts_view import FactsView
from ioregui.records.notice import Notice
from runtime.model.records import Driver


class DriverDetails(QWidget):
    """Buttons above facts; an empty page while no driver is shown."""

    def __init__(self, bridge: Bridge, empty: EmptyPage, parent: QWidget | None = None) -> None:
        """Show nothing yet; takes ownership of `empty`."""
        super().__init__(parent)
        self.actions_row = DriverActions(bridge)
        self.notice = Notice()
        self.facts = FactsView(self.tr("Driver details"))
        self.actions_row.refused.connect(self.notice.say)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        bar = QVBoxLayout()
        bar.setContentsMargins(12, 8, 12, 2)
        bar.addWidget(self.actions_row)
        inner.addWidget(self.notice)
        inner.addLayout(bar)
        inner.addWidget(self.facts, 1)
        self._pages = EmptyOr(content, empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    def show_driver(self, driver: Driver | None) -> None:
        """Show this driver, or the empty page."""
        self._pages.show_content(driver is not None)
        self.actions_row.show_driver(driver)
        if driver is not None:
            self.facts.show_facts(plaintext.plain(driver.name), driver_facts(driver))
