"""Events as rows of a table, oldest first: appended in batches, trimmed in blocks.

Invariant: rows are in the order of the journal; at most `ROWS` + `BLOCK`.
"""

from collections.abc import Iterable
from enum import IntEnum

from PySide6.QtCore import QCoreApplication, QModelIndex, QObject

from ioregui import plaintext
from ioregui.records import moments
from ioregui.records.column import Tone
from ioregui.records.growing import GrowingModel
from ioregui.timeline import marks
from runtime.model.events import Event

ROWS = 5000
"""How many events are shown."""

BLOCK = 500
"""How many are trimmed at once."""

translate = QCoreApplication.translate


class EventColumn(IntEnum):
    """Columns, from left to right."""

    TIME = 0
    WORD = 1
    SENTENCE = 2
    PATH = 3


class EventsModel(GrowingModel[Event]):
    """Shows events; `append` what is new, `load` what replaces everything."""

    def __init__(self, parent: QObject | None = None) -> None:
        titles = (
            translate("EventsModel", "Time"),
            translate("EventsModel", "Event"),
            translate("EventsModel", "What"),
            translate("EventsModel", "Where"),
        )
        super().__init__(titles, parent)

    def text(self, record: Event, column: int) -> str:
        """Return what a cell shows."""
        match EventColumn(column):
            case EventColumn.TIME:
                return moments.clock(record.wall_ns)
            case EventColumn.WORD:
                look = marks.mark(record.detail)
                return f"{look.shape.value} {look.word}"
            case EventColumn.SENTENCE:
                return marks.sentence(record.detail)
            case EventColumn.PATH:
                return plaintext.plain(record.path, plaintext.SENTENCE)

    def tone(self, record: Event, column: int) -> Tone:
        """Return the tone of the event's word."""
        return marks.mark(record.detail).tone if column == EventColumn.WORD else Tone.PLAIN

    def row_of(self, number: int) -> int:
        """Return the row of an event by its number, -1 when it is not there."""
        for row in range(len(self._rows) - 1, -1, -1):
            if self._rows[row].number == number:
                return row
        return -1

    def load(self, events: Iterable[Event]) -> None:
        """Replace everything by these events, oldest first."""
        self.replace(list(events)[-ROWS:])

    def append(self, events: Iterable[Event]) -> None:
        """Add newer events."""
        self.grow(list(events))
        excess = len(self._rows) - ROWS
        if excess >= BLOCK:
            self.beginRemoveRows(QModelIndex(), 0, excess - 1)
            del self._rows[:excess]
            self.endRemoveRows()
