"""The timeline as a list: every event in words, the newest at the end.

Invariant: the end is followed until the reader selects or scrolls elsewhere.
"""

from PySide6.QtCore import QItemSelection, Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ioregui.bridge import Bridge
from ioregui.mirror import Changes
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.fit import ColumnFit, Wish
from ioregui.records.table import ToneDelegate, dress
from ioregui.timeline.model import EventColumn, EventsModel

_WIDTHS = {EventColumn.TIME: 14, EventColumn.WORD: 16, EventColumn.SENTENCE: 60}
_PATH = 40  # characters; the inspector beside the table has it too


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
        event = self.model.record(rows[0].row()) if rows else None
        if event is not None and event.entry:
            self.entry_chosen.emit(event.entry)

    def _set_up_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        dress(table, self.tr("Timeline of events"))
        middle = Qt.TextElideMode.ElideMiddle
        table.setItemDelegate(ToneDelegate(table, glyphs=False, elide=middle))
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._fit = ColumnFit(table, self._wishes)

    def showEvent(self, event: QShowEvent) -> None:
        """Size the rows with the font of the style."""
        super().showEvent(event)
        self.table.verticalHeader().setDefaultSectionSize(self.table.fontMetrics().height() + 10)

    def _wishes(self) -> list[Wish]:
        """Return what the columns want; the sentence takes what the others leave."""
        width = self.table.fontMetrics().averageCharWidth()
        time, word, sentence = (characters * width + 20 for characters in _WIDTHS.values())
        return [
            Wish(time, time),
            Wish(word, word),
            Wish(sentence, sentence // 3, grows=True),
            Wish(_PATH * width, _PATH * width, optional=True),
        ]

    def _empty(self) -> EmptyPage:
        return EmptyPage(
            self.tr("No events yet"),
            self.tr(
                "Plugs, matches, starts, crashes, approvals: whatever happens to devices and "
                "drivers is written here as it happens. Plug the sample device from the menu to "
                "see some."
            ),
        )
