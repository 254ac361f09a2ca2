"""The registry tree on the screen: a flat table with the keys and the mouse of a tree.

Invariant: the selection of the window and the current row are one; when the machine changes
rows, the selection never jumps to another entry.
"""

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QTableView,
    QWidget,
)

from ioregui.plaintext import plain
from ioregui.records.fit import ColumnFit
from ioregui.registry import keys
from ioregui.registry.cell_painter import arrow_rect
from ioregui.registry.cells import Column
from ioregui.registry.column_choice import ColumnChoice
from ioregui.registry.copying import Copying
from ioregui.registry.flat import Index
from ioregui.registry.model import RegistryModel
from ioregui.registry.pictures import RowPictures
from ioregui.registry.type_ahead import TypeAhead
from ioregui.registry.widths import wishes
from ioregui.window.selection import Selection
from runtime.model.identity import SERVICE_PLANE

_COMMANDS = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)
_MIDDLE = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap


class RegistryView(QTableView):
    """Shows a `RegistryModel`.

    Attributes:
        columns: The widths of its columns.

    Signals:
        opened: Return or a double click on a row without anything below; its entry id.
    """

    opened = Signal(object)

    def __init__(
        self, model: RegistryModel, selection: Selection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._selection = selection
        self._syncing = False
        self._drivers = True  # whether anything has a driver
        self._type_ahead = TypeAhead(model)
        self.copying = Copying(model, selection, self)
        self.setModel(model)
        self._hovered = -1  # row under the pointer, -1 for none
        self.pictures = RowPictures(self)
        self._set_up()
        self._actions()
        model.about_to_change.connect(self._hold)
        model.synced.connect(self._settle)
        selection.changed.connect(self._follow)

    @property
    def why_empty(self) -> str:
        """Why there is no row, in words; empty while there are some."""
        if self._model.rowCount():
            return ""
        if self._model.query is not None:
            return self.tr("The search finds nothing. Esc in its field shows everything again.")
        if (plane := self._model.rows.plane) != SERVICE_PLANE:
            return self.tr("Nothing is in the plane {0} now.").format(plain(plane))
        return self.tr("The registry appears here once it is read.")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt's; an empty tree says why it is empty."""
        painter = QPainter(self.viewport())
        if why := self.why_empty:
            painter.fillRect(event.rect(), self.palette().base())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            room = self.viewport().rect().adjusted(24, 24, -24, -24)
            painter.drawText(room, int(_MIDDLE), why)
            return
        self.pictures.follow_table()
        left, current = -self.horizontalOffset(), self.currentIndex().row()
        rows = self._rows_in(event.rect())
        for row in rows:
            face = self._model.face(row, selected=row == current, hovered=row == self._hovered)
            self.pictures.paint(painter, QPoint(left, self.rowViewportPosition(row)), face)
        bottom = self.rowViewportPosition(rows.stop - 1) + self.rowHeight(rows.stop - 1)
        rest = QRegion(event.rect()) - QRect(left, 0, self.pictures.width, bottom)
        for rect in rest:  # type: ignore[attr-defined]  # the stubs know no iteration
            painter.fillRect(rect, self.palette().base())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's; a current row that was in view stays in view, when a banner takes room."""
        super().resizeEvent(event)
        spot = self.visualRect(self.currentIndex())
        if self.currentIndex().isValid() and 0 <= spot.top() < event.oldSize().height():
            self.scrollTo(self.currentIndex())

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Qt's; the current row is what the whole window speaks of."""
        super().currentChanged(current, previous)
        if not self._syncing and current.isValid():
            self._selection.select(self._model.id_at(current.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's; Left, Right, +, -, *, Home, End and Return as in a tree."""
        row = self.currentIndex().row()
        if event.modifiers() & _COMMANDS:
            super().keyPressEvent(event)
            return
        target = keys.target(self._model, event.key(), row)
        if target >= 0:
            self.go(target)
        elif event.key() in keys.ACTIVATING and row >= 0:
            self._activate(row)
        elif not keys.fold(self._model, event.key(), row):
            super().keyPressEvent(event)
            return
        event.accept()

    def keyboardSearch(self, text: str) -> None:
        """Qt's; goes to the next row whose name begins with what was typed."""
        row = self._type_ahead.row(text, self.currentIndex().row())
        if row >= 0:
            self.go(row)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt's; a click on an arrow opens or closes and selects nothing."""
        row = self._arrow_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and row >= 0:
            self._toggle(row)
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Qt's; opens or closes the row."""
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            self._activate(index.row())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Qt's."""
        self._hover(self.indexAt(event.position().toPoint()).row())
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Qt's."""
        self._hover(-1)
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Qt's."""
        if self.currentIndex().isValid():
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions(self.actions())
            menu.popup(event.globalPos())

    def show_drivers(self, *, shown: bool) -> None:
        """Say whether anything has a driver; without one only names are shown."""
        if shown is not self._drivers:
            self._drivers = shown
            self.columns.fit()

    # --- set-up --------------------------------------------------------------------------------

    def _set_up(self) -> None:
        self.setAccessibleName(self.tr("Registry"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setCornerButtonEnabled(False)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # nothing beneath
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 9)
        columns = self.horizontalHeader()
        columns.setHighlightSections(False)
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        titles = [
            str(self._model.headerData(column, Qt.Orientation.Horizontal)) for column in Column
        ]
        self.choice = ColumnChoice(self, titles)
        character = self.fontMetrics().averageCharWidth()
        self.columns = ColumnFit(
            self, lambda: wishes(self.choice.wants, character, drivers=self._drivers)
        )
        self.choice.changed.connect(self.columns.refit)
        self.choice.fit.connect(self.columns.refit)

    def _actions(self) -> None:
        for text, slot in (
            (self.tr("Expand all"), self._model.expand_all),
            (self.tr("Collapse all"), self._model.collapse_all),
            (self.tr("Copy path"), self.copying.copy_path),
            (self.tr("Copy name"), self.copying.copy_name),
            (self.tr("Copy properties"), self.copying.copy_properties),
        ):
            action = QAction(text, self)
            action.triggered.connect(slot)
            self.addAction(action)

    # --- actions -------------------------------------------------------------------------------

    @Slot()
    def find_next(self) -> None:
        """Go to the next entry that the search finds, opening what is above it."""
        self._selection.select(self._model.next_hit() or self._selection.entry)

    @Slot()
    def find_previous(self) -> None:
        """Go to the entry before that the search finds."""
        self._selection.select(self._model.next_hit(backwards=True) or self._selection.entry)

    # --- painting ------------------------------------------------------------------------------

    def _rows_in(self, area: QRect) -> range:
        """The rows that an area of the viewport shows a part of."""
        end = self._model.rowCount()
        first, last = self.rowAt(area.top()), self.rowAt(area.bottom())
        return range(first if first >= 0 else end, last + 1 if last >= 0 else end)

    @Slot()
    def show_at_once(self) -> None:
        """Paint what has to be painted without waiting for the next turn of the loop."""
        self.viewport().repaint()

    # --- keys and mouse ------------------------------------------------------------------------

    def _activate(self, row: int) -> None:
        if self._model.has_children(row):
            self._toggle(row)
        else:
            self.opened.emit(self._model.id_at(row))

    def _toggle(self, row: int) -> None:
        opened = self._model.rows.is_expanded(self._model.id_at(row))
        self._model.set_expanded(row, expanded=not opened)

    def _arrow_at(self, point: QPoint) -> int:
        """Return the row whose arrow is at a point, -1 for none."""
        index = self.indexAt(point)
        if not index.isValid() or index.column() != Column.NAME:
            return -1
        row = index.row()
        arrow = arrow_rect(self.visualRect(index), self._model.depth_at(row))
        return row if self._model.has_children(row) and arrow.contains(point) else -1

    def _hover(self, row: int) -> None:
        if row != self._hovered:
            self._hovered = row
            self.viewport().update()

    def go(self, row: int) -> None:
        """Make a row the current one and bring it into view."""
        index = self._model.index(row, Column.NAME)
        self.setCurrentIndex(index)
        self.scrollTo(index)

    # --- selection -----------------------------------------------------------------------------

    @Slot(object)
    def _follow(self, entry_id: int) -> None:
        """Show what was selected elsewhere."""
        current = self.currentIndex()
        if current.isValid() and self._model.id_at(current.row()) == entry_id:
            return
        row = self._model.reveal(entry_id) if entry_id else -1
        if row >= 0:
            self.go(row)
        else:
            self._clear()

    @Slot()
    def _hold(self) -> None:
        self._syncing = True

    @Slot()
    def _settle(self) -> None:
        """Put the current row back on the selected entry."""
        row = self._model.row_of(self._selection.entry)
        current = self.currentIndex()
        if row < 0:
            self._clear()
        elif not current.isValid():
            self.go(row)
        elif self._model.id_at(current.row()) != self._selection.entry:
            self.setCurrentIndex(self._model.index(row, Column.NAME))
        self._syncing = False

    def _clear(self) -> None:
        self.selectionModel().clear()
