"""One driver in detail: its buttons, what they led to, what it uses, its facts.

Invariant: shows the row it was given; never looks for another.
"""

import time

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ioregui.bridge import Bridge
from ioregui.drivers import figures, words
from ioregui.drivers.actions import DriverActions
from ioregui.drivers.rows import Row
from ioregui.drivers.summary import driver_facts, process_facts, sample_facts
from ioregui.records import moments
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.facts import FactGroup
from ioregui.records.facts_view import FactsView
from ioregui.records.notice import Notice
from runtime.wire.commands.drivers import Threads


class DriverDetails(QWidget):
    """Buttons above facts; an empty page while nothing is shown."""

    def __init__(self, bridge: Bridge, empty: EmptyPage, parent: QWidget | None = None) -> None:
        """Show nothing yet; takes ownership of `empty`."""
        super().__init__(parent)
        self._row: Row | None = None
        self._sample: tuple[int, FactGroup] | None = None  # of which process
        self.actions_row = DriverActions(bridge)
        self.notice = Notice()
        self.question = Notice()
        self.debugging = Notice()
        self.usage = QLabel()
        self.usage.setTextFormat(Qt.TextFormat.PlainText)
        self.usage.setWordWrap(True)
        self.usage.setProperty("role", "muted")
        self.facts = FactsView(self.tr("Driver details"))
        self._connect()
        self._pages = EmptyOr(self._content(), empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    def show_row(self, row: Row | None) -> None:
        """Show this driver or process, or the empty page."""
        self._row = row
        driver = None if row is None else row.driver
        self._pages.show_content(row is not None)
        self.actions_row.show_driver(driver)
        self.actions_row.setVisible(driver is not None)
        self._say_debugging(on=driver is not None and driver.debugging)
        if row is None:
            return
        self.usage.setText(figures.sentence(row))
        self.usage.setVisible(bool(self.usage.text()))
        sample = self._sample[1] if self._sample and self._sample[0] == row.pid else None
        facts = process_facts(row) if driver is None else driver_facts(driver, sample)
        self.facts.show_facts(words.name(row), facts)

    def _say_debugging(self, *, on: bool) -> None:
        text = self.tr("A debugger is attached: nobody judges whether the driver responds.")
        if on != bool(self.debugging.text):  # a screen reader says it once
            self.debugging.say(text if on else "")

    @Slot(object, object)
    def _sampled(self, driver: object, threads: object) -> None:
        row = self._row
        assert isinstance(threads, Threads)
        if row is not None and row.driver is not None and row.driver.id == driver:
            group = sample_facts(threads, moments.clock(time.time_ns()))
            self._sample = (row.pid, group)
            self.show_row(row)
            self.facts.verticalScrollBar().setValue(0)
            self.facts.setFocus()

    @Slot(str, str)
    def _questioned(self, text: str, go_on: str) -> None:
        self.question.say(text, go_on, self.tr("Leave it"))
        if text:
            self.question.dismiss.setFocus()

    @Slot()
    def _go_on(self) -> None:
        self.actions_row.go_on()

    def _connect(self) -> None:
        row = self.actions_row
        row.refused.connect(self.notice.say)
        row.questioned.connect(self._questioned)
        row.sampled.connect(self._sampled)
        self.question.button.clicked.connect(self._go_on)

    def _content(self) -> QWidget:
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        for notice in (self.notice, self.question, self.debugging):
            inner.addWidget(notice)
        bar = QVBoxLayout()
        bar.setContentsMargins(12, 8, 12, 4)
        bar.setSpacing(6)
        bar.addWidget(self.actions_row)
        bar.addWidget(self.usage)
        inner.addLayout(bar)
        inner.addWidget(self.facts, 1)
        return content
