"""The table of differences, and what it takes to read it with the keyboard.

Invariant: one row is selected at most; Return goes to its entry, copy copies all of it.
"""

from PySide6.QtCore import QItemSelection, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from ioregui.compare import words
from ioregui.compare.difference import Difference
from ioregui.compare.model import DifferencesModel
from ioregui.records.fit import ColumnFit, Wish
from ioregui.records.table import ToneDelegate, dress

_WIDTHS = (13, 26, 56, 40)  # characters of the columns


class DifferencesTable(QTableView):
    """Shows a `DifferencesModel`.

    Signals:
        picked: The selected difference is another one or none now; read `selected`.
        opened: The user wants to see the selected entry in the tree.
    """

    picked = Signal()
    opened = Signal()

    def __init__(self, model: DifferencesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setModel(model)
        dress(self, self.tr("Differences"))
        middle = Qt.TextElideMode.ElideMiddle
        self.setItemDelegate(ToneDelegate(self, glyphs=False, elide=middle))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._fit = ColumnFit(self, self._wishes)
        self._add("copy", self.tr("Copy difference"), QKeySequence.StandardKey.Copy)
        self._add("open", self.tr("Show entry in the tree"), QKeySequence(Qt.Key.Key_Return))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.actions()[0].triggered.connect(self._copy)
        self.actions()[1].triggered.connect(self.opened)
        self.doubleClicked.connect(self._double_clicked)
        self.selectionModel().selectionChanged.connect(self._moved)
        model.modelReset.connect(self.picked)

    @property
    def selected(self) -> Difference | None:
        """The difference that is selected."""
        rows = self.selectionModel().selectedRows()
        return self._model.record(rows[0].row()) if rows else None

    def showEvent(self, event: QShowEvent) -> None:
        """Size the rows with the font of the style."""
        super().showEvent(event)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 10)

    def _add(self, name: str, text: str, key: QKeySequence | QKeySequence.StandardKey) -> None:
        action = QAction(text, self)
        action.setObjectName(name)
        action.setShortcut(key)
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.addAction(action)

    @Slot(QItemSelection, QItemSelection)
    def _moved(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        self.picked.emit()

    @Slot()
    def _double_clicked(self) -> None:
        self.opened.emit()

    @Slot()
    def _copy(self) -> None:
        if (found := self.selected) is not None:
            QGuiApplication.clipboard().setText(words.as_text(found))

    def _wishes(self) -> list[Wish]:
        width = self.fontMetrics().averageCharWidth()
        change, entry, what, path = (characters * width + 20 for characters in _WIDTHS)
        return [
            Wish(change, change),
            Wish(entry, entry * 2 // 3),
            Wish(what, what // 3, grows=True),
            Wish(path, path, optional=True),
        ]
