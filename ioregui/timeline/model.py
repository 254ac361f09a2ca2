"""Events as rows of a table, oldest first: appended in batches, trimmed in blocks.

Invariant: rows are in the order of the journal; at most `ROWS` + `BLOCK`.
"""

from collections.abc import Iterable
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from ioregui import plaintext
from ioregui.records import moments
from ioregui.records.model import Index, Role
from ioregui.timeline import marks
from runtime.model.events import Event

ROWS = 5000
"""How many events are shown."""

BLOCK = 500
"""How many are trimmed at once."""


class EventColumn(IntEnum):
    """Columns, from left to right."""

    TIME = 0
    WORD = 1
    SENTENCE = 2
    PATH = 3


class EventsModel(QAbstractTableModel):
    """Shows events; `append` what is new, `load` what replaces everything."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._events: list[Event] = []
        self._titles = (self.tr("Time"), self.tr("Event"), self.tr("What"), self.tr("Where"))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of events."""
        return 0 if parent.isValid() else len(self._events)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(EventColumn)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's text, tone or event."""
        event = self.event_at(index.row()) if index.isValid() else None
        if event is None:
            return None
        column = EventColumn(index.column())
        if role in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return _cell(event, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return _cell(event, column)
        if role == Role.TONE and column is EventColumn.WORD:
            return marks.mark(event.detail).tone
        return event if role == Role.RECORD else None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        """Return a column's title."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        return None

    def event_at(self, row: int) -> Event | None:
        """Return the event of a row, None when there is no such row."""
        return self._events[row] if 0 <= row < len(self._events) else None

    def row_of(self, number: int) -> int:
        """Return the row of an event by its number, -1 when it is not there."""
        for row in range(len(self._events) - 1, -1, -1):
            if self._events[row].number == number:
                return row
        return -1

    def load(self, events: Iterable[Event]) -> None:
        """Replace everything by these events, oldest first."""
        self.beginResetModel()
        self._events = list(events)[-ROWS:]
        self.endResetModel()

    def append(self, events: Iterable[Event]) -> None:
        """Add newer events."""
        new = list(events)
        if not new:
            return
        first = len(self._events)
        self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
        self._events += new
        self.endInsertRows()
        excess = len(self._events) - ROWS
        if excess >= BLOCK:
            self.beginRemoveRows(QModelIndex(), 0, excess - 1)
            del self._events[:excess]
            self.endRemoveRows()


def _cell(event: Event, column: EventColumn) -> str:
    match column:
        case EventColumn.TIME:
            return moments.clock(event.wall_ns)
        case EventColumn.WORD:
            look = marks.mark(event.detail)
            return f"{look.shape.value} {look.word}"
        case EventColumn.SENTENCE:
            return marks.sentence(event.detail)
        case EventColumn.PATH:
            return plaintext.plain(event.path, plaintext.SENTENCE)
