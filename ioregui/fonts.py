"""The fonts of the window: the desktop's, at a size that can be read.

Invariant: everything follows the size of the application's font.
"""

from PySide6.QtGui import QFont, QFontDatabase, QFontInfo, QGuiApplication

LEAST_PT = 10.0
"""Qt's own font, where the desktop names none, has 9 pt: too small for so much text."""

_HEADING = 1.3


def readable(font: QFont) -> QFont:
    """Return a font, with `LEAST_PT` where it is smaller."""
    made = QFont(font)
    made.setPointSizeF(max(LEAST_PT, _points(font)))
    return made


def fixed() -> QFont:
    """Return the desktop's fixed-width font, as large as everything else."""
    made = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    made.setPointSizeF(text_pt())
    return made


def text_pt() -> float:
    """Return the size of text."""
    return _points(QGuiApplication.font())


def heading_pt() -> float:
    """Return the size of a heading."""
    return _HEADING * text_pt()


def _points(font: QFont) -> float:
    """The size of a font, also of one that was given in pixels."""
    return font.pointSizeF() if font.pointSizeF() > 0 else QFontInfo(font).pointSizeF()
