"""Pictures of rows, drawn once and shown for as long as the rows look like that.

A row that comes in moves every row below it: drawing them all anew takes ten times as long as
showing their pictures.
Invariant: what is shown is what drawing it now would give: a picture is kept with the face that
was drawn, and all of them go when fonts, colours or columns change.
"""

from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QColor, QFont, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QTableView

from ioregui.registry.cell_painter import CellPainter
from ioregui.registry.cells import Face

KEPT = 400
"""So many pictures are kept: some screens full."""


class _Look(NamedTuple):
    """What all pictures depend on."""

    palette: int
    font: str
    ratio: float
    height: int
    columns: tuple[tuple[int, int, int], ...]  # number, left and width of each visible one


class RowPictures:
    """Shows the rows of a table, of which all are equally high."""

    def __init__(self, table: QTableView) -> None:
        self._table = table
        self._look = _Look(0, "", 0.0, 0, ())
        self._font = QFont()
        self._palette = QPalette()
        self._painter = CellPainter(self._palette, self._font)
        self._made: dict[tuple[int, int], tuple[Face, QPixmap]] = {}

    @property
    def width(self) -> int:
        """How wide the rows are."""
        return max((left + width for _, left, width in self._look.columns), default=0)

    def follow_table(self) -> None:
        """Draw with the fonts, colours and columns that the table has now."""
        table = self._table
        palette, font = table.palette(), table.font()
        look = _Look(
            palette.cacheKey(),
            font.key(),
            table.devicePixelRatioF(),
            table.verticalHeader().defaultSectionSize(),
            tuple(self._columns()),
        )
        if look != self._look:
            self._look, self._font, self._palette = look, font, palette
            self._painter = CellPainter(palette, font)
            self._made.clear()

    def paint(self, painter: QPainter, at: QPoint, face: Face) -> None:
        """Show a row with its upper left corner at a point."""
        key = face.entry_id, face.depth
        made = self._made.get(key)
        if made is None or made[0] != face:
            if len(self._made) >= KEPT:
                self._made.clear()
            made = self._made[key] = face, self._draw(face)
        painter.drawPixmap(at, made[1])

    def _draw(self, face: Face) -> QPixmap:
        look = self._look
        picture = QPixmap(QSize(self.width, look.height) * look.ratio)
        picture.setDevicePixelRatio(look.ratio)
        picture.fill(self._ground(face))
        painter = QPainter(picture)
        painter.setFont(self._font)
        for column, left, width in look.columns:
            cell = QRect(left, 0, width, look.height)
            painter.setClipRect(cell)
            self._painter.paint(painter, cell, face, column)
        painter.end()
        return picture

    def _ground(self, face: Face) -> QColor:
        if face.selected:
            return self._palette.color(QPalette.ColorRole.Highlight)
        role = QPalette.ColorRole.AlternateBase if face.hovered else QPalette.ColorRole.Base
        return self._palette.color(role)

    def _columns(self) -> list[tuple[int, int, int]]:
        head = self._table.horizontalHeader()
        return [
            (column, head.sectionPosition(column), head.sectionSize(column))
            for column in range(head.count())
            if not head.isSectionHidden(column)
        ]
