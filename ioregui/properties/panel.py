"""The inspector's Properties tab: what the selected entry is and says.

Invariant: shows the selected entry as the mirror has it; an entry that went stays shown as it
last was, and says so.
"""

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ioregui.bridge import Bridge
from ioregui.mirror import Changes
from ioregui.plaintext import plain
from ioregui.properties.model import Column, PropertyModel
from ioregui.properties.rows import Row, of_details, of_entry
from ioregui.properties.text import rows_text
from ioregui.records.fit import ColumnFit, Wish
from ioregui.registry.states import GONE, state_word
from ioregui.window.selection import Selection
from runtime.model.entry import Entry, Kind
from runtime.wire.client import Refusal
from runtime.wire.commands.registry import Describe, Details

DESCRIBED = ("IOUSB", "IOHID")
"""Classes of which a device can tell more than the registry knows."""

WISHES = {
    Column.KEY: Wish(178, 110),
    Column.TYPE: Wish(92, 92, optional=True),
    Column.VALUE: Wish(150, 110, grows=True),
}


class PropertiesPanel(QWidget):
    """Follows the selection."""

    def __init__(self, bridge: Bridge, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._selection = selection
        self._entry: Entry | None = None
        self._path = ""
        self._details: list[Row] = []
        self._asked: list[int] = []  # entries described, in the order of the open commands
        self.model = PropertyModel(self)
        self._title = QLabel()
        self._subtitle = QLabel()
        self.table = QTableView()
        self._stack = QStackedWidget()
        self._build()
        selection.changed.connect(self._select)
        bridge.changed.connect(self._apply)
        bridge.reset.connect(self._reset)
        bridge.travelled.connect(self._reset)

    @Slot()
    def copy(self) -> None:
        """Put the selected rows, or all, on the clipboard."""
        chosen = sorted({index.row() for index in self.table.selectedIndexes()})
        rows = [self.model.rows[row] for row in chosen] or self.model.rows
        QGuiApplication.clipboard().setText(rows_text(rows))

    def _build(self) -> None:
        self._title.setProperty("role", "heading")
        self._subtitle.setProperty("role", "muted")
        for label in (self._title, self._subtitle):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setContentsMargins(12, 0, 12, 0)
        self._set_up_table()
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 10, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._title)
        column.addWidget(self._subtitle)
        column.addWidget(self.table, 1)
        empty = QLabel(self.tr("Choose an entry of the registry to see what it says of itself."))
        empty.setProperty("role", "muted")
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty.setWordWrap(True)
        empty.setMargin(24)
        self._stack.addWidget(empty)
        self._stack.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)

    def _set_up_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setAccessibleName(self.tr("Properties"))
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setTabKeyNavigation(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = table.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(table.fontMetrics().height() + 8)
        columns = table.horizontalHeader()
        columns.setHighlightSections(False)
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._fit = ColumnFit(table, lambda: [WISHES[column] for column in Column])
        copy = QAction(self.tr("Copy"), table)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        table.addAction(copy)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    @Slot(object)
    def _select(self, entry_id: int) -> None:
        self._entry = self._bridge.mirror.entries.get(entry_id)
        self._path = self._bridge.mirror.path(entry_id)
        self._details = []
        self.model.begin([])
        self._show()
        past = self._bridge.mirror.past_ms  # only a present device can be asked
        if self._entry is not None and not past and _tells_more(self._entry):
            self._asked.append(entry_id)
            self._bridge.ask(Describe(self._entry.id), self._described, self._refused)

    @Slot(object)
    def _apply(self, changes: Changes) -> None:
        entry_id = self._selection.entry
        if entry_id in changes.removed:
            self._entry = changes.removed[entry_id]
        elif entry_id in changes.changed:
            self._entry = self._bridge.mirror.entries.get(entry_id)
        elif not (changes.drivers and self._entry is not None):
            return
        self._show()

    @Slot()
    def _reset(self) -> None:
        self._asked.clear()
        self._select(self._selection.entry)

    def _described(self, details: Details) -> None:
        if self._asked and self._asked.pop(0) == self._selection.entry:
            self._details = of_details(details)
            self.model.append(self._details)

    def _refused(self, refusal: Refusal) -> None:
        if self._asked and self._asked.pop(0) == self._selection.entry:
            self._details = [Row(0, "note", "", plain(refusal.text))]
            self.model.append(self._details)

    def _show(self) -> None:
        entry = self._entry
        self._stack.setCurrentIndex(int(entry is not None))
        if entry is None:
            self.model.show([])
            return
        gone = entry.id not in self._bridge.mirror.entries
        word = state_word(self._bridge.mirror, entry, gone=gone)
        self._title.setText(plain(entry.title))
        parts = [plain(entry.cls), word]
        self._subtitle.setText(" · ".join(part for part in parts if part))
        if gone:
            self._subtitle.setText(self.tr("{0} · {1}, as it last was").format(parts[0], GONE))
        self.model.show(of_entry(entry, self._path, word) + self._details)


def _tells_more(entry: Entry) -> bool:
    return entry.kind == Kind.DEVICE and entry.cls.startswith(DESCRIBED)
