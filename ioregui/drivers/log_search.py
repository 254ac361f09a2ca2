"""The lines of a log that contain what is searched for.

Invariant: order and identity of lines are the log model's; a search drops none.
"""

from collections.abc import Iterable

from PySide6.QtCore import QObject, QSortFilterProxyModel, Qt

from ioregui.drivers.log_model import LogColumn, LogModel


class LogSearch(QSortFilterProxyModel):
    """Shows the lines whose text contains the words, in any case; all for none."""

    def __init__(self, lines: LogModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines = lines
        self.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setFilterKeyColumn(LogColumn.TEXT)
        self.setSourceModel(lines)

    def text(self, rows: Iterable[int]) -> str:
        """Return shown rows as `LogModel.text` does."""
        return self._lines.text(self.mapToSource(self.index(row, 0)).row() for row in rows)
