"""Draws the cells of the registry: indentation, arrow, elided text, marks in words.

Invariant: takes every colour from the palette, and decides nothing: what a cell says is the
model's.
"""

from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPalette, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ioregui.plaintext import plain
from ioregui.registry.cells import Column
from ioregui.registry.flat import Index
from ioregui.registry.model import RegistryModel

INDENT = 16
ARROW = 18
PAD = 8
CACHED = 8000
_SELECTED = int(QStyle.StateFlag.State_Selected.value)
_WRONG = frozenset({"not responding", "quarantined", "restarting"})
_QUIET = frozenset({"no driver", "gone", "going", "stopped"})


class CellDelegate(QStyledItemDelegate):
    """The delegate of a `RegistryView`; `hovered` is the row under the pointer, -1 for none."""

    def __init__(self, model: RegistryModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self.hovered = -1
        self._fitted: dict[tuple[str, int], str] = {}
        self._metrics = QFontMetrics(parent.font())
        self._font = ""

    def arrow_rect(self, cell: QRect, depth: int) -> QRect:
        """Return where the arrow of a row is, given its first cell."""
        return QRect(cell.x() + PAD // 2 + depth * INDENT, cell.y(), ARROW, cell.height())

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Qt's; the view has fixed heights."""
        return QSize(120, self._metrics.height() + 8)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Qt's."""
        rect: QRect = option.rect
        palette: QPalette = option.palette
        state: QStyle.StateFlag = option.state
        self._measure_with(option)
        row, column = index.row(), index.column()
        selected = bool(int(state.value) & _SELECTED)
        if selected:
            painter.fillRect(rect, palette.highlight())
        elif row == self.hovered:
            painter.fillRect(rect, palette.alternateBase())
        if column == Column.NAME:
            self._paint_name(painter, rect, palette, row, selected=selected)
        else:
            self._paint_text(painter, rect, palette, row, column, selected=selected)

    def _measure_with(self, option: QStyleOptionViewItem) -> None:
        """Take the font that the view has now; the style sheet sets it late."""
        font = option.font.key()
        if font != self._font:
            self._font = font
            self._metrics = QFontMetrics(option.font)
            self._fitted.clear()

    def _paint_name(
        self, painter: QPainter, rect: QRect, palette: QPalette, row: int, *, selected: bool
    ) -> None:
        model = self._model
        entry_id = model.id_at(row)
        entry = model.entry_at(row)
        if entry is None:
            return
        arrow = self.arrow_rect(rect, model.depth_at(row))
        muted = _colour(palette, QPalette.ColorRole.PlaceholderText, selected=selected)
        if model.rows.has_children(entry_id):
            _paint_arrow(painter, arrow, muted, opened=model.rows.is_expanded(entry_id))
        left, right = arrow.right() + 2, rect.right() - PAD
        if model.rows.is_new(entry_id):
            right = self._paint_mark(painter, rect, right, palette, model.tr("new"))
        gone = model.rows.is_gone(entry_id)
        text = _colour(palette, QPalette.ColorRole.Text, selected=selected)
        title = self._fit(model.text(row, Column.NAME), right - left)
        aside = gone or not model.rows.is_hit(entry_id)
        painter.setPen(muted if aside else text)
        width = self._draw(painter, left, rect, title)
        rest = right - left - width - 10
        if rest > 60 and entry.cls != entry.name:
            painter.setPen(muted)
            self._draw(painter, left + width + 10, rect, self._fit(plain(entry.cls), rest))

    def _paint_mark(
        self, painter: QPainter, rect: QRect, right: int, palette: QPalette, word: str
    ) -> int:
        """Draw a word as a mark at the right and return where the room before it ends."""
        width = self._metrics.horizontalAdvance(word) + 12
        box = QRect(right - width, rect.y() + 3, width, rect.height() - 6)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = palette.color(QPalette.ColorRole.Link)
        painter.setPen(accent)
        painter.drawRoundedRect(box, 4, 4)
        painter.restore()
        painter.setPen(accent)
        painter.drawText(QPoint(box.x() + 6, self._baseline(rect)), word)
        return box.x() - 6

    def _paint_text(
        self,
        painter: QPainter,
        rect: QRect,
        palette: QPalette,
        row: int,
        column: int,
        *,
        selected: bool,
    ) -> None:
        text = self._model.text(row, column)
        if not text:
            return
        role = QPalette.ColorRole.Text
        if self._model.rows.is_gone(self._model.id_at(row)):
            role = QPalette.ColorRole.PlaceholderText
        elif column == Column.STATE:
            role = _state_role(self._model.cells.state(self._model.id_at(row)))
        elif not text.isdecimal() and column == Column.PID:
            role = QPalette.ColorRole.PlaceholderText
        painter.setPen(_colour(palette, role, selected=selected))
        fitted = self._fit(text, rect.width() - 2 * PAD)
        self._draw(painter, rect.x() + PAD, rect, fitted)

    def _draw(self, painter: QPainter, x: int, rect: QRect, text: str) -> int:
        painter.drawText(QPoint(x, self._baseline(rect)), text)
        return self._metrics.horizontalAdvance(text)

    def _baseline(self, rect: QRect) -> int:
        metrics = self._metrics
        return rect.y() + (rect.height() + metrics.ascent() - metrics.descent()) // 2

    def _fit(self, text: str, width: int) -> str:
        """Return the text cut to a width; measured once for each."""
        key = (text, width)
        fitted = self._fitted.get(key)
        if fitted is None:
            if len(self._fitted) > CACHED:
                self._fitted.clear()
            fitted = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, width))
            self._fitted[key] = fitted
        return fitted


def _state_role(word: str) -> QPalette.ColorRole:
    if word in _WRONG:
        return QPalette.ColorRole.LinkVisited
    if word in _QUIET:
        return QPalette.ColorRole.PlaceholderText
    return QPalette.ColorRole.Text


def _colour(palette: QPalette, role: QPalette.ColorRole, *, selected: bool) -> QColor:
    return palette.color(QPalette.ColorRole.HighlightedText if selected else role)


def _paint_arrow(painter: QPainter, rect: QRect, colour: QColor, *, opened: bool) -> None:
    centre = QPointF(rect.center()) + QPointF(0.5, 0.5)
    points = [(-4.0, -2.0), (4.0, -2.0), (0.0, 3.0)] if opened else [(-2, -4), (-2, 4), (3, 0)]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([centre + QPointF(x, y) for x, y in points]))
    painter.restore()
