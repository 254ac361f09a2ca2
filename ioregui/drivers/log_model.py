"""The lines of one driver's log as a table: appended in batches, trimmed in blocks.

Invariant: lines are in order of their numbers, each number once; at most `LINES` + `BLOCK`.
"""

from collections.abc import Iterable
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from ioregui import plaintext
from ioregui.records import moments
from ioregui.records.model import Index
from runtime.model.records import LogLine

LINES = 5000
"""How many lines are shown."""

BLOCK = 500
"""How many lines are trimmed at once, so that not every new line moves all others."""

_TEXT = 4096  # the wire's own limit of a line


class LogColumn(IntEnum):
    """Columns, from left to right."""

    TIME = 0
    SOURCE = 1
    TEXT = 2


class LogModel(QAbstractTableModel):
    """Shows lines; `append` what is new, `load` what replaces everything."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: list[LogLine] = []
        self._titles = (self.tr("Time"), self.tr("Source"), self.tr("Text"))

    @property
    def last_number(self) -> int:
        """The number of the newest line; 0 when there is none."""
        return self._lines[-1].number if self._lines else 0

    @property
    def lines(self) -> tuple[LogLine, ...]:
        """The lines, oldest first."""
        return tuple(self._lines)

    @property
    def throttled(self) -> int:
        """How many lines were dropped between these, because the driver wrote too fast."""
        return sum(line.dropped for line in self._lines)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of lines."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(LogColumn)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a cell's text; the whole line for a screen reader and on hover."""
        if not index.isValid() or index.row() >= len(self._lines):
            return None
        line = self._lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _cells(line)[index.column()]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(_cells(line))
        if role == Qt.ItemDataRole.ToolTipRole:
            return "  ".join(_cells(line))
        return None

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

    def load(self, lines: Iterable[LogLine]) -> None:
        """Replace everything by these lines, in any order."""
        self.beginResetModel()
        by_number = {line.number: line for line in lines}
        self._lines = [by_number[number] for number in sorted(by_number)][-LINES:]
        self.endResetModel()

    def append(self, lines: Iterable[LogLine]) -> None:
        """Add what is newer than the last line; the rest was shown already."""
        new: list[LogLine] = []
        last = self.last_number
        for line in lines:
            if line.number > last:
                new.append(line)
                last = line.number
        if not new:
            return
        first = len(self._lines)
        self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
        self._lines += new
        self.endInsertRows()
        self._trim()

    def missing(self) -> int:
        """Return how many numbers are missing between the first line and the last."""
        if not self._lines:
            return 0
        return self._lines[-1].number - self._lines[0].number + 1 - len(self._lines)

    def text(self, rows: Iterable[int]) -> str:
        """Return rows as lines of text with tabs between the cells."""
        kept = [self._lines[row] for row in sorted(set(rows))]
        return "".join("\t".join(_cells(line)) + "\n" for line in kept)

    def _trim(self) -> None:
        excess = len(self._lines) - LINES
        if excess < BLOCK:
            return
        self.beginRemoveRows(QModelIndex(), 0, excess - 1)
        del self._lines[:excess]
        self.endRemoveRows()


def _cells(line: LogLine) -> tuple[str, str, str]:
    return (
        moments.clock(line.wall_ns),
        plaintext.plain(line.source, 24),
        plaintext.plain(line.text, _TEXT),
    )
