"""Draws the cells of the registry: indentation, arrow, elided text, marks in words.

Invariant: takes every colour from the palette, and decides nothing: what a row says is its
face's.
"""

from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPolygonF

from ioregui.plaintext import plain
from ioregui.registry.cells import Column, Face, new_word
from ioregui.registry.words import translated

INDENT = 16
ARROW = 18
PAD = 8
CACHED = 8000
_WRONG = frozenset({"not responding", "quarantined", "restarting"})
_QUIET = frozenset({"no driver", "gone", "going", "stopped"})


class CellPainter:
    """Draws the cells of rows, each row with the face that it has."""

    def __init__(self, palette: QPalette, font: QFont) -> None:
        self._palette = palette
        self._metrics = QFontMetrics(font)
        self._fitted: dict[tuple[str, int], str] = {}

    def paint(self, painter: QPainter, rect: QRect, face: Face, column: int) -> None:
        """Draw one cell."""
        match column:
            case Column.NAME:
                self._paint_name(painter, rect, face)
            case Column.STATE:
                role = _state_role(face.state)
                self._paint_text(painter, rect, face, translated(face.state), role)
            case Column.DRIVER:
                text = plain(face.driver)
                self._paint_text(painter, rect, face, text, QPalette.ColorRole.Text)
            case Column.PID:
                number = face.process.isdecimal()
                role = QPalette.ColorRole.Text if number else QPalette.ColorRole.PlaceholderText
                self._paint_text(painter, rect, face, translated(face.process), role)

    def _paint_name(self, painter: QPainter, rect: QRect, face: Face) -> None:
        arrow = arrow_rect(rect, face.depth)
        muted = self._colour(QPalette.ColorRole.PlaceholderText, face)
        if face.has_children:
            _paint_arrow(painter, arrow, muted, opened=face.expanded)
        left, right = arrow.right() + 2, rect.right() - PAD
        if face.new:
            right = self._paint_mark(painter, rect, right, new_word())
        title = self._fit(plain(face.title), right - left)
        aside = face.gone or not face.hit
        painter.setPen(muted if aside else self._colour(QPalette.ColorRole.Text, face))
        width = self._draw(painter, left, rect, title)
        rest = right - left - width - 10
        if rest > 60 and face.cls:
            painter.setPen(muted)
            self._draw(painter, left + width + 10, rect, self._fit(plain(face.cls), rest))

    def _paint_mark(self, painter: QPainter, rect: QRect, right: int, word: str) -> int:
        """Draw a word as a mark at the right and return where the room before it ends."""
        width = self._metrics.horizontalAdvance(word) + 12
        box = QRect(right - width, rect.y() + 3, width, rect.height() - 6)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = self._palette.color(QPalette.ColorRole.Link)
        painter.setPen(accent)
        painter.drawRoundedRect(box, 4, 4)
        painter.restore()
        painter.setPen(accent)
        painter.drawText(QPoint(box.x() + 6, self._baseline(rect)), word)
        return box.x() - 6

    def _paint_text(
        self, painter: QPainter, rect: QRect, face: Face, text: str, role: QPalette.ColorRole
    ) -> None:
        if text:
            shown = QPalette.ColorRole.PlaceholderText if face.gone else role
            painter.setPen(self._colour(shown, face))
            self._draw(painter, rect.x() + PAD, rect, self._fit(text, rect.width() - 2 * PAD))

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

    def _colour(self, role: QPalette.ColorRole, face: Face) -> QColor:
        return self._palette.color(QPalette.ColorRole.HighlightedText if face.selected else role)


def arrow_rect(cell: QRect, depth: int) -> QRect:
    """Return where the arrow of a row is, given its first cell."""
    return QRect(cell.x() + PAD // 2 + depth * INDENT, cell.y(), ARROW, cell.height())


def _state_role(word: str) -> QPalette.ColorRole:
    if word in _WRONG:
        return QPalette.ColorRole.LinkVisited
    if word in _QUIET:
        return QPalette.ColorRole.PlaceholderText
    return QPalette.ColorRole.Text


def _paint_arrow(painter: QPainter, rect: QRect, colour: QColor, *, opened: bool) -> None:
    centre = QPointF(rect.center()) + QPointF(0.5, 0.5)
    points = [(-4.0, -2.0), (4.0, -2.0), (0.0, 3.0)] if opened else [(-2, -4), (-2, 4), (3, 0)]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([centre + QPointF(x, y) for x, y in points]))
    painter.restore()
