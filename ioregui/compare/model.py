"""Differences as rows of a table, of the kinds that are wanted.

Invariant: rows stand in the order of `ioreg --diff`.
"""

from collections import Counter
from collections.abc import Set as AbstractSet
from enum import IntEnum

from PySide6.QtCore import QCoreApplication, QObject

from ioregui.compare import words
from ioregui.compare.difference import Difference, Kind
from ioregui.records.column import Tone
from ioregui.records.growing import GrowingModel

translate = QCoreApplication.translate


class DifferenceColumn(IntEnum):
    """Columns, from left to right."""

    CHANGE = 0
    ENTRY = 1
    WHAT = 2
    PATH = 3


class DifferencesModel(GrowingModel[Difference]):
    """Shows differences.

    Attributes:
        counts: How many there are of each kind, shown or not.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        titles = (
            translate("DifferencesModel", "Change"),
            translate("DifferencesModel", "Entry"),
            translate("DifferencesModel", "What"),
            translate("DifferencesModel", "Where"),
        )
        super().__init__(titles, parent)
        self._all: list[Difference] = []
        self._kinds: frozenset[Kind] = frozenset(Kind)
        self.counts: Counter[Kind] = Counter()

    def text(self, record: Difference, column: int) -> str:
        """Return what a cell shows."""
        match DifferenceColumn(column):
            case DifferenceColumn.CHANGE:
                return words.change(record.change)
            case DifferenceColumn.ENTRY:
                return words.title(record)
            case DifferenceColumn.WHAT:
                return words.what(record)
            case DifferenceColumn.PATH:
                return words.path(record.path)

    def tone(self, record: Difference, column: int) -> Tone:
        """Return the tone of the word in the first column."""
        return words.tone(record.change) if column == DifferenceColumn.CHANGE else Tone.PLAIN

    def clear(self) -> None:
        """Show nothing; another comparison begins."""
        self._all = []
        self.counts.clear()
        self.replace([])

    def append(self, differences: list[Difference]) -> None:
        """Add what was read next."""
        self._all += differences
        self.counts.update(one.change for one in differences)
        self.grow([one for one in differences if one.change in self._kinds])

    def show_kinds(self, kinds: AbstractSet[Kind]) -> None:
        """Show these kinds only."""
        self._kinds = frozenset(kinds)
        self.replace([one for one in self._all if one.change in self._kinds])
