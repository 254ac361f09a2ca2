"""How the strip is painted.

Invariant: every colour is the palette's; every shape differs without colour.
"""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from ioregui.records import moments, tones
from ioregui.records.column import Tone
from ioregui.timeline.axis import GLYPH, SPACE, Placed
from ioregui.timeline.groups import Group
from ioregui.timeline.marks import Shape

_RADIUS = 4.0
BUTTONS = 64
"""Pixels at the right end for the two buttons."""


def right_end(width: int) -> int:
    """Return where the strip's line and its last word end; the buttons follow."""
    return width - SPACE - BUTTONS


def paint(
    painter: QPainter,
    strip: QWidget,
    groups: Sequence[Group],
    placed: Sequence[Placed],
    *,
    selected: int | None,
    end: str,
) -> None:
    """Paint the whole strip.

    Args:
        painter: Paints on `strip`.
        strip: Has the size, the font and the colours.
        groups: All marks.
        placed: Those that are shown, and where.
        selected: The number of the selected one.
        end: The word at the right end; the sentence in the middle where there are no marks.
    """
    right = right_end(strip.width())
    palette, height = strip.palette(), strip.fontMetrics().height()
    line = 10 + height / 2
    if not groups:
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(strip.rect(), Qt.AlignmentFlag.AlignCenter, end)
        return
    _paint_line(painter, strip, line, right, end, at_end=selected is None)
    for at, one in enumerate(placed):
        group = groups[one.group]
        ground = palette.color(QPalette.ColorRole.Window)
        painter.fillRect(QRectF(one.x - 4, line - 2, one.width + 8, 4), ground)
        if one.group == selected:
            _paint_selection(painter, strip, one, line)
        colour = tones.colour(group.mark.tone, palette)
        paint_shape(painter, group.mark.shape, QPointF(one.x + _RADIUS, line), colour)
        painter.setPen(colour)
        words = QRectF(one.x + GLYPH, line - height / 2, one.width, height)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, group.label)
        following = placed[at + 1].x if at + 1 < len(placed) else one.x + one.width
        _paint_pause(painter, strip, one, following, line + height / 2 + 6)


def paint_moment(painter: QPainter, strip: QWidget, x: int, text: str) -> None:
    """Paint where the registry that is shown was: a line across, and the time at its foot."""
    metrics, accent = strip.fontMetrics(), strip.palette().color(QPalette.ColorRole.Link)
    width, height = metrics.horizontalAdvance(text) + 10, metrics.height() + 2
    left = min(max(0, x - width // 2), right_end(strip.width()) - width)
    painter.setPen(QPen(accent, 2))
    painter.drawLine(QPointF(x, 0), QPointF(x, strip.height() - height))
    box = QRectF(left, strip.height() - height - 1, width, height)
    painter.setBrush(accent)
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(strip.palette().color(QPalette.ColorRole.Base))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def paint_shape(painter: QPainter, shape: Shape, centre: QPointF, colour: QColor) -> None:
    """Paint one shape around `centre`."""
    painter.setPen(QPen(colour, 1.6))
    filled = shape not in {Shape.RING, Shape.CROSS}
    painter.setBrush(QBrush(colour) if filled else Qt.BrushStyle.NoBrush)
    x, y, r = centre.x(), centre.y(), _RADIUS
    match shape:
        case Shape.DOT | Shape.RING:
            painter.drawEllipse(centre, r - 0.5, r - 0.5)
        case Shape.SQUARE:
            painter.drawRect(QRectF(x - r + 0.5, y - r + 0.5, 2 * r - 1, 2 * r - 1))
        case Shape.DIAMOND:
            corners = [QPointF(x, y - r), QPointF(x + r, y), QPointF(x, y + r), QPointF(x - r, y)]
            painter.drawPolygon(QPolygonF(corners))
        case Shape.TRIANGLE:
            corners = [QPointF(x, y - r), QPointF(x + r, y + r - 1), QPointF(x - r, y + r - 1)]
            painter.drawPolygon(QPolygonF(corners))
        case Shape.CROSS:
            painter.setPen(QPen(colour, 2.4))
            painter.drawLine(QPointF(x - r, y - r), QPointF(x + r, y + r))
            painter.drawLine(QPointF(x - r, y + r), QPointF(x + r, y - r))


def _paint_line(
    painter: QPainter, strip: QWidget, line: float, right: int, word: str, *, at_end: bool
) -> None:
    palette, metrics = strip.palette(), strip.fontMetrics()
    muted = palette.color(QPalette.ColorRole.PlaceholderText)
    width = metrics.horizontalAdvance(word)
    end = right - width
    painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
    painter.drawLine(QPointF(0, line), QPointF(end - 6, line))
    painter.setPen(QPen(palette.color(QPalette.ColorRole.Link), 2))
    painter.drawLine(QPointF(end - 6, line - 7), QPointF(end - 6, line + 7))
    painter.setPen(muted)
    words = QRectF(end, line - metrics.height() / 2, width, metrics.height())
    if strip.hasFocus() and at_end:
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Link), 1.5))
        painter.drawRoundedRect(words.adjusted(-3, -3, 3, 3), 4, 4)
        painter.setPen(muted)
    painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, word)


def _paint_selection(painter: QPainter, strip: QWidget, one: Placed, line: float) -> None:
    palette, height = strip.palette(), strip.fontMetrics().height()
    ring = QPen(palette.color(QPalette.ColorRole.Link), 1.5)
    painter.setPen(ring if strip.hasFocus() else Qt.PenStyle.NoPen)
    painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
    box = QRectF(one.x - 5, line - height / 2 - 3, one.width + 9, height + 6)
    painter.drawRoundedRect(box, 4, 4)


def _paint_pause(painter: QPainter, strip: QWidget, one: Placed, end: int, top: float) -> None:
    """Write how long nothing happened below the line, where there is room."""
    text = moments.gap(one.pause_ns)
    metrics = strip.fontMetrics()
    begin = one.x + one.width
    if not text or metrics.horizontalAdvance(text) > end - begin + one.width:
        return
    painter.setPen(tones.colour(Tone.QUIET, strip.palette()))
    half = metrics.horizontalAdvance(text) / 2
    middle = (begin + end) / 2
    box = QRectF(middle - half, top, 2 * half, metrics.height())
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
