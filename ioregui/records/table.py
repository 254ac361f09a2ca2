"""A table of records on the screen: one row selected, its record told to whoever listens.

Invariant: the selection follows the record, not the row; it changes only when the user picks
another or the record goes.
"""

from collections.abc import Iterable
from typing import Any, Generic, cast

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QPalette, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ioregui.records import tones
from ioregui.records.column import Record, Tone, no_tone
from ioregui.records.fit import ColumnFit, Wish
from ioregui.records.model import RecordModel, Role

_ROW_PADDING = 10
_COLUMN_PADDING = 20
_LEAST = 0.75  # of the wanted width; what is shorter is hard to read


def dress(table: QTableView, name: str) -> None:
    """Make a table look and behave as all tables of the window do.

    Rows are selected as a whole, nothing is edited, Tab leaves; `name` is what a screen reader
    says. The caller sizes columns and rows once the style's font is known.
    """
    table.setAccessibleName(name)
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.setCornerButtonEnabled(False)
    table.verticalHeader().setVisible(False)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    head = table.horizontalHeader()
    head.setHighlightSections(False)
    head.setSectionsClickable(False)
    head.setStretchLastSection(True)
    head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class ToneDelegate(QStyledItemDelegate):
    """Draws a cell in the colour of its tone, with the tone's glyph before the text.

    Args:
        parent: Qt's owner.
        glyphs: Whether the glyph is drawn; without it the text has to have one of its own.
        elide: Where text is cut that has no room: in the middle for paths.
    """

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        glyphs: bool = True,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__(parent)
        self._glyphs = glyphs
        self._elide = elide

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Take tone, glyph and elision into the option; a row is focused, never a cell."""
        super().initStyleOption(option, index)
        drawn = cast("Any", option)  # the stub of QStyleOptionViewItem lacks the inherited fields
        drawn.textElideMode = self._elide
        drawn.state &= ~QStyle.StateFlag.State_HasFocus
        tone = index.data(Role.TONE)
        if isinstance(tone, Tone) and tone is not Tone.PLAIN:
            if self._glyphs:
                drawn.text = tones.marked(tone, drawn.text)
            palette = QPalette(drawn.palette)
            palette.setColor(QPalette.ColorRole.Text, tones.colour(tone, palette))
            drawn.palette = palette


class RecordTable(QTableView, Generic[Record]):
    """Shows a `RecordModel`; single selection, keys of a list, copy.

    Signals:
        picked: The selected record is another one or none now; read `selected`.
    """

    picked = Signal()

    def __init__(
        self,
        model: RecordModel[Record],
        name: str,
        parent: QWidget | None = None,
        *,
        selects_first: bool = True,
    ) -> None:
        """Show `model`, which this view does not own.

        Args:
            model: The records.
            name: What a screen reader says.
            parent: Qt's owner.
            selects_first: Whether the first record is selected when none is.
        """
        super().__init__(parent)
        self._records = model
        self._selects_first = selects_first
        self._key: object = None
        self._following = True  # False while rows move and the selection only follows them
        self.setModel(model)
        dress(self, name)
        self.setItemDelegate(ToneDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._add_copy()
        self._fit = ColumnFit(self, self._wishes)
        self.selectionModel().selectionChanged.connect(self._moved)

    @property
    def selected(self) -> Record | None:
        """The record that is selected, in its newest version."""
        rows = self.selectionModel().selectedRows()
        return self._records.record(rows[0].row()) if rows else None

    def show_records(self, records: Iterable[Record]) -> None:
        """Show these; keep what was selected, else the first or nothing."""
        before = self.selected
        self._following = False
        self._records.show(records)
        self._following = True
        row = self._records.row_of(self._key) if self._key is not None else -1
        if row < 0 and self._selects_first and self._records.rowCount():
            row = 0
        self._select(row)
        if self.selected != before:
            self.picked.emit()

    def select_key(self, key: object) -> bool:
        """Select the record with this identity; return whether it is there."""
        row = self._records.row_of(key)
        if row < 0:
            return False
        self._select(row)
        self.picked.emit()
        return True

    def showEvent(self, event: QShowEvent) -> None:
        """Size the rows, now that the font of the style is known."""
        super().showEvent(event)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + _ROW_PADDING)

    def pick_nothing(self) -> None:
        """Select nothing, without a signal."""
        self._select(-1)

    def _select(self, row: int) -> None:
        flag = QItemSelectionModel.SelectionFlag
        self._following = False
        if row < 0:
            self.selectionModel().clear()
        else:
            index = self._records.index(row, 0)
            self.selectionModel().setCurrentIndex(index, flag.ClearAndSelect | flag.Rows)
        self._following = True
        self._remember()

    def _remember(self) -> None:
        record = self.selected
        self._key = None if record is None else self._records.key_of(record)

    @Slot(QItemSelection, QItemSelection)
    def _moved(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        if self._following:
            self._remember()
            self.picked.emit()

    @Slot()
    def _copy(self) -> None:
        row = self.currentIndex().row()
        if row >= 0:
            cells = [
                str(self._records.index(row, column).data())
                for column in range(self._records.columnCount())
            ]
            QGuiApplication.clipboard().setText("\t".join(cells))

    def _add_copy(self) -> None:
        copy = QAction(self.tr("Copy row"), self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self._copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _wishes(self) -> list[Wish]:
        """Return what the columns want: never less than their titles."""
        width = self.fontMetrics().averageCharWidth()
        head = self.horizontalHeader()
        wishes = []
        for at, column in enumerate(self._records.columns):
            title = head.sectionSizeHint(at) + width
            wanted = max(width * column.width + _COLUMN_PADDING, title)
            whole = column.whole or column.tone is not no_tone
            least = wanted if whole else max(int(wanted * _LEAST), title)
            wishes.append(Wish(wanted, least, column.grows, column.optional))
        return wishes
