"""The look of a tone: a glyph and a colour, readable on light and on dark.

The contrast of every colour with its base is at least 4.5 (WCAG 2.1, 1.4.3): a test computes
it. Invariant: colour never stands alone; a glyph and a word say the same.
"""

from PySide6.QtGui import QColor, QPalette

from ioregui.records.column import Tone

GLYPHS = {
    Tone.PLAIN: "",
    Tone.GOOD: "●",
    Tone.WAITING: "◐",
    Tone.BAD: "✕",
    Tone.QUIET: "○",
}

_LIGHT = {Tone.GOOD: "#1c6b34", Tone.WAITING: "#8a5300", Tone.BAD: "#b3261e", Tone.QUIET: "#5b6370"}
_DARK = {Tone.GOOD: "#7bd18f", Tone.WAITING: "#e8b45a", Tone.BAD: "#ff9a8f", Tone.QUIET: "#a3abb8"}


def is_dark(palette: QPalette) -> bool:
    """Return whether text is lighter than what it stands on."""
    return palette.color(QPalette.ColorRole.Text).lightness() > (
        palette.color(QPalette.ColorRole.Base).lightness()
    )


def colour(tone: Tone, palette: QPalette) -> QColor:
    """Return the text colour of a tone on this palette's base."""
    if tone is Tone.PLAIN:
        return palette.color(QPalette.ColorRole.Text)
    return QColor((_DARK if is_dark(palette) else _LIGHT)[tone])


def marked(tone: Tone, text: str) -> str:
    """Return `text` behind the tone's glyph."""
    glyph = GLYPHS[tone]
    return f"{glyph} {text}" if glyph and text else text
