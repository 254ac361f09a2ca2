"""The look of a tone: a glyph and a colour of the palette.

The colours come from the roles that `ioregui.window.theme` documents, so that they change with
the theme. Invariant: colour never stands alone; a glyph and a word say the same.
"""

from PySide6.QtGui import QColor, QPalette

from ioregui.records.column import Tone

GLYPHS = {
    Tone.PLAIN: "",
    Tone.GOOD: "●",
    Tone.WAITING: "◐",
    Tone.WARNING: "▲",
    Tone.BAD: "✕",
    Tone.QUIET: "○",
}

_ROLES = {
    Tone.PLAIN: QPalette.ColorRole.Text,
    Tone.GOOD: QPalette.ColorRole.Text,
    Tone.WAITING: QPalette.ColorRole.LinkVisited,
    Tone.WARNING: QPalette.ColorRole.LinkVisited,
    Tone.BAD: QPalette.ColorRole.BrightText,
    Tone.QUIET: QPalette.ColorRole.PlaceholderText,
}


def colour(tone: Tone, palette: QPalette) -> QColor:
    """Return the text colour of a tone."""
    return palette.color(_ROLES[tone])


def marked(tone: Tone, text: str) -> str:
    """Return `text` behind the tone's glyph."""
    glyph = GLYPHS[tone]
    return f"{glyph} {text}" if glyph and text else text
