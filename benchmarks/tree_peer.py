"""The peer of `benchmarks.tree`: a QTreeView over a QSortFilterProxyModel, as Qt offers them.

Invariant: the same names and the same order of steps as our side; no inspector.
"""

import statistics
import sys
from functools import partial

from PySide6.QtCore import QSortFilterProxyModel
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QTreeView

from benchmarks.tree import FRAMES, KEYS, median, resident, tell, timed
from benchmarks.tree_ours import CHILDREN, SIZE, Gap, entry

STORM = 3  # entries that come and go, one at a time: each takes it most of a second


class Scene:
    """The model, its proxy and its view."""

    def __init__(self, application: QApplication) -> None:
        self.application = application
        self.source = QStandardItemModel()
        self.source.setHorizontalHeaderLabels(["Name", "State", "Driver", "PID"])
        self.items: list[QStandardItem] = []
        self.proxy = QSortFilterProxyModel()
        self.proxy.setRecursiveFilteringEnabled(True)
        self.view = QTreeView()
        self.view.setUniformRowHeights(True)
        self.view.resize(*SIZE)

    def load(self, entries: int) -> None:
        """Make an item of every entry."""
        for number in range(entries):
            self.add(number)
        self.proxy.setSourceModel(self.source)

    def add(self, number: int) -> None:
        """Make one item, with its state and its properties beside it."""
        made = entry(number)
        row = [QStandardItem(text) for text in (made.title, "no driver", made.driver, "")]
        row[0].setData(bytes(made.props))
        above = self.items[(number - 1) // CHILDREN] if number else self.source.invisibleRootItem()
        above.appendRow(row)
        self.items.append(row[0])

    def show(self) -> None:
        """Every row expanded and painted."""
        self.view.setModel(self.proxy)
        self.view.show()
        self.view.expandAll()
        self.paint()

    def paint(self) -> None:
        """Do what waits, and paint."""
        self.application.processEvents()
        self.view.viewport().repaint()

    def scroll(self) -> None:
        """One step of a scroll bar, painted."""
        bar = self.view.verticalScrollBar()
        bar.setValue((bar.value() + 997) % max(1, bar.maximum()))
        self.view.viewport().repaint()

    def filter(self, text: str) -> None:
        """Type a search, and see its result with every row expanded."""
        self.proxy.setFilterFixedString(text)
        self.view.expandAll()
        self.paint()

    def storm(self) -> float:
        """The longest time without a turn of the loop while a few entries come and go."""
        gap = Gap()
        for _ in range(STORM):
            self.add(len(self.items))
            gone = self.items.pop()
            gone.parent().removeRow(gone.row())
            self.application.processEvents()
        return gap.longest * 1000


def main() -> None:
    """Measure and print one object."""
    entries = int(sys.argv[1])
    scene = Scene(QApplication(sys.argv[:1]))
    before = resident()
    parsed = timed(lambda: scene.load(entries))
    shown = timed(scene.show)
    size = (resident() - before) / entries
    tell(parsed_ms=parsed, shown_ms=shown, bytes_an_entry=size)
    tell(frame_ms=median(scene.scroll, FRAMES))
    tell(storm_stall_ms=scene.storm())
    scene.filter("device")
    tell(keystroke_ms=statistics.median(timed(partial(scene.filter, key)) for key in KEYS))
    tell(filtered_frame_ms=median(scene.scroll, FRAMES))
    tell(filtered_storm_stall_ms=scene.storm())


if __name__ == "__main__":
    main()
