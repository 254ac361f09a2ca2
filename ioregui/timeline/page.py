"""The timeline as a list: every event in words, the newest at the end.

Invariant: the end is followed until the reader selects or scrolls elsewhere.
"""

from PySide6.QtCore import QItemSelection, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ioregui.bridge import Bridge
from ioregui.mirror import Changes
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.table import ToneDelegate
from ioregui.timeline.model import EventColumn, EventsModel


class TimelinePage(QWidget):
    """All events that the mirror keeps.

    Signals:
        entry_chosen: The user picked an event; the id of the entry that it is about.
    """

    entry_chosen = Signal(object)

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._lost = 0
        self.model = EventsModel(self)
        self.table = QTableView()
        self.lost = QLabel()
        self.lost.setProperty("role", "muted")
        self.lost.setContentsMargins(12, 4, 12, 4)
        self.lost.hide()
        self._set_up_table()
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self.table, 1)
        inner.addWidget(self.lost)
        self._pages = EmptyOr(content, self._empty())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self.table.selectionModel().selectionChanged.connect(self._picked)
        bridge.reset.connect(self._refresh)
        bridge.changed.connect(self._changed)
        self._refresh()

    def select_event(self, number: int) -> bool:
        """Select an event by its number in the journal; return whether it is there."""
        row = self.model.row_of(number)
        if row < 0:
            return False
        self.table.selectRow(row)
        self.table.scrollTo(self.model.index(row, 0))
        return True

    @Slot()
    def _refresh(self) -> None:
        self.model.load(self._bridge.mirror.events)
        self._pages.show_content(bool(self.model.rowCount()))
        self.table.scrollToBottom()

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        if not changes.events and not changes.lost_events:
            return
        bar = self.table.verticalScrollBar()
        at_end = bar.value() >= bar.maximum()
        self.model.append(changes.events)
        self._pages.show_content(bool(self.model.rowCount()))
        if changes.lost_events:
            self._lost += changes.lost_events
            self.lost.setText(
                self.tr("{0} events are missing: this window was too slow.").format(self._lost)
            )
            self.lost.show()
        if at_end:
            self.table.scrollToBottom()

    @Slot(QItemSelection, QItemSelection)
    def _picked(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        rows = self.table.selectionModel().selectedRows()
        event = self.model.event_at(rows[0].row()) if rows else None
        if event is not None and event.entry:
            self.entry_chosen.emit(event.entry)

    def _set_up_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setAccessibleName(self.tr("Timeline of events"))
        table.setItemDelegate(ToneDelegate(table))
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 10)
        head = table.horizontalHeader()
        head.setHighlightSections(False)
        head.setStretchLastSection(True)
        width = table.fontMetrics().averageCharWidth()
        table.setColumnWidth(EventColumn.TIME, 16 * width)
        table.setColumnWidth(EventColumn.WORD, 20 * width)
        table.setColumnWidth(EventColumn.SENTENCE, 72 * width)

    def _empty(self) -> EmptyPage:
        return EmptyPage(
            self.tr("No events yet"),
            self.tr(
                "Plugs, matches, starts, crashes, approvals: whatever happens to devices and "
                "drivers is written here as it happens. Plug the sample device from the menu to "
                "see some."
            ),
        )
