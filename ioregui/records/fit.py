"""Columns that fit the table: each as wide as it wants, less where there is less room.

Invariant: without a drag of the user no column is cut off at the edge while another one has
room to spare; what is hidden for want of room comes back with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QByteArray, QEvent, QObject, Slot
from PySide6.QtWidgets import QTableView


@dataclass(frozen=True, slots=True)
class Wish:
    """What one column wants, in pixels; `scaled` makes them of characters.

    `least` is what it can still be read at; `grows` takes a share of what is left over;
    `optional` goes when all others would have to shrink, the rightmost first.
    """

    wanted: int
    least: int
    grows: bool = False
    optional: bool = False

    def scaled(self, character: int) -> "Wish":
        """Return it with every length so many times as long."""
        return replace(self, wanted=self.wanted * character, least=self.least * character)


def share(room: int, wishes: Sequence[Wish]) -> list[int]:
    """Return the widths, 0 for a column that is hidden; their sum is `room` where it can be."""
    shown = [True] * len(wishes)
    for at in reversed(range(len(wishes))):
        if sum(wish.wanted for wish, on in zip(wishes, shown, strict=True) if on) <= room:
            break
        shown[at] = not wishes[at].optional
    widths = [wish.wanted if on else 0 for wish, on in zip(wishes, shown, strict=True)]
    spare = room - sum(widths)
    if spare >= 0:
        takers = [at for at, wish in enumerate(wishes) if wish.grows and shown[at]]
        return _add(widths, takers or [max(at for at, on in enumerate(shown) if on)], spare)
    slack = [width - wish.least if width else 0 for width, wish in zip(widths, wishes, strict=True)]
    lack, all_slack = min(-spare, sum(slack)), sum(slack)
    taken = [-(-lack * one // all_slack) if all_slack else 0 for one in slack]
    return [width - less for width, less in zip(widths, taken, strict=True)]


def _add(widths: list[int], takers: list[int], spare: int) -> list[int]:
    for count, at in enumerate(takers):
        part = spare // (len(takers) - count)
        widths[at] += part
        spare -= part
    return widths


class ColumnFit(QObject):
    """Keeps a table's columns fitted until the user drags one."""

    def __init__(self, table: QTableView, wishes: Callable[[], Sequence[Wish]]) -> None:
        """Fit `table`, which owns this; `wishes` gives one for each column, with today's font."""
        super().__init__(table)
        self._table = table
        self._wishes = wishes
        self._fitting = False
        self._dragged = False
        head = table.horizontalHeader()
        head.setStretchLastSection(False)
        head.sectionResized.connect(self._resized)
        table.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's; fits when the room or the font changes."""
        if event.type() in {QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.FontChange}:
            self.fit()
        return super().eventFilter(watched, event)

    def fit(self) -> None:
        """Give every column its width; nothing after the user dragged one."""
        if self._dragged or self._fitting:
            return
        self._fitting = True
        for at, width in enumerate(share(self._table.viewport().width(), self._wishes())):
            self._table.setColumnHidden(at, width == 0)
            if width:
                self._table.setColumnWidth(at, width)
        self._fitting = False

    @Slot()
    def refit(self) -> None:
        """Fit again, and forget what was dragged."""
        self._dragged = False
        self.fit()

    @property
    def dragged(self) -> QByteArray:
        """The columns as the user dragged them, for `restore`; empty while they fit themselves."""
        return self._table.horizontalHeader().saveState() if self._dragged else QByteArray()

    def restore(self, dragged: QByteArray) -> None:
        """Take the columns over that the user dragged in another run."""
        self._fitting = True
        done = self._table.horizontalHeader().restoreState(dragged)
        self._fitting = False
        self._dragged = self._dragged or done

    @Slot(int, int, int)
    def _resized(self, _column: int, _before: int, _now: int) -> None:
        self._dragged = self._dragged or not self._fitting
