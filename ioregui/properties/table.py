"""The property inspector's table: the keys of a tree, links, and what can be copied.

Invariant: knows rows only; what a row leads to is for whoever listens.
"""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QTableView, QWidget

from ioregui.properties.model import Column, PropertyModel
from ioregui.properties.rows import Row
from ioregui.records.fit import ColumnFit, Wish
from ioregui.records.table import dress

_WISHES = {  # in characters
    Column.KEY: Wish(22, 15),
    Column.TYPE: Wish(13, 13, optional=True),
    Column.VALUE: Wish(27, 16, grows=True),
    Column.SOURCE: Wish(13, 13, optional=True),
}
_NONE = Wish(0, 0, optional=True)
_FOLDING = {Qt.Key.Key_Right: True, Qt.Key.Key_Plus: True} | {
    Qt.Key.Key_Left: False,
    Qt.Key.Key_Minus: False,
}


class PropertyTable(QTableView):
    """Shows a `PropertyModel`.

    Attributes:
        columns: The widths of its columns.

    Signals:
        activated_row: Return, a double click, or a click on a link: a `Row`.
        folded: A `Row` with items, and whether they shall be shown.
    """

    activated_row = Signal(object)
    folded = Signal(object, bool)

    def __init__(self, model: PropertyModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = model
        self.setModel(model)
        dress(self, self.tr("Properties"))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.columns = ColumnFit(self, self._wishes)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    @property
    def current(self) -> Row | None:
        """The row with the keyboard, None for none."""
        at = self.currentIndex().row()
        return self._rows.rows[at] if at >= 0 else None

    @property
    def chosen(self) -> list[Row]:
        """The selected rows, in order."""
        places = sorted({index.row() for index in self.selectedIndexes()})
        return [self._rows.rows[at] for at in places]

    def add_command(self, text: str, slot: object, keys: QKeySequence | None = None) -> QAction:
        """Add a line to the menu of a row, with a shortcut while the table has the keyboard."""
        action = QAction(text, self)
        if keys is not None:
            action.setShortcut(keys)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(slot)
        self.addAction(action)
        return action

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's; Left, Right, + and - fold as in a tree, Return follows or opens."""
        key, at = Qt.Key(event.key()), self.currentIndex().row()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if at >= 0 and plain and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.activated_row.emit(self._rows.rows[at])
        elif at >= 0 and plain and key in _FOLDING:
            self._fold(at, opened=_FOLDING[key])
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Qt's; a click on a link follows it."""
        super().mouseReleaseEvent(event)
        row, left = self._link_at(event), event.button() == Qt.MouseButton.LeftButton
        if left and row is not None and len(self.chosen) == 1:  # more: rows were drawn over
            self.activated_row.emit(row)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Qt's; opens or folds, or shows all of a value."""
        index = self.indexAt(event.position().toPoint())
        row = self._rows.rows[index.row()] if index.isValid() else None
        if row is not None and row.link is None:
            self.activated_row.emit(row)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's; the pointer over a link is a hand."""
        super().mouseMoveEvent(event)
        if self._link_at(event) is None:
            self.viewport().unsetCursor()
        else:
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)

    def leaveEvent(self, event: QEvent) -> None:
        """Qt's."""
        super().leaveEvent(event)
        self.viewport().unsetCursor()

    def _fold(self, at: int, *, opened: bool) -> None:
        row = self._rows.rows[at]
        if row.opened is not None and row.opened is not opened:
            self.folded.emit(row, opened)
        elif not opened:
            self.setCurrentIndex(self._rows.index(self._rows.parent_row(at), 0))
        elif row.opened and at + 1 < self._rows.rowCount():
            self.setCurrentIndex(self._rows.index(at + 1, 0))

    def _link_at(self, event: QMouseEvent) -> Row | None:
        index = self.indexAt(event.position().toPoint())
        if not index.isValid() or index.column() != Column.VALUE:
            return None
        row = self._rows.rows[index.row()]
        return row if row.link is not None else None

    def _wishes(self) -> list[Wish]:
        said = any(row.source for row in self._rows.rows)
        wishes = _WISHES if said else {**_WISHES, Column.SOURCE: _NONE}
        character = self.fontMetrics().averageCharWidth()
        return [wishes[column].scaled(character) for column in Column]
