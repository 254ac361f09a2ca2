"""Light and dark: the colours of the window, as a palette and a style sheet.

Widgets that paint take every colour from their palette; what Qt has no role for has one here:
PlaceholderText is for what is said in passing, Link is the accent, BrightText is for what went
wrong, Mid is for lines, AlternateBase for what the pointer is over, LinkVisited for a warning.
Invariant: text keeps a contrast of at least 4.5 to what it stands on (WCAG 2.1, 1.4.3).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from ioregui import fonts
from ioregui.window.sheet import SHEET


class Choice(StrEnum):
    """What the user chose."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Theme:
    """One set of colours, each `#rrggbb`."""

    name: str
    window: str
    base: str
    hover: str
    raised: str  # buttons and fields
    text: str
    muted: str
    line: str
    accent: str
    on_accent: str
    selection: str
    on_selection: str
    notice: str  # ground of a banner
    on_notice: str
    warning: str
    wrong: str


LIGHT = Theme(
    name="light",
    window="#f4f5f7",
    base="#ffffff",
    hover="#eff2f6",
    raised="#ffffff",
    text="#1c2127",
    muted="#5a6572",
    line="#d8dde3",
    accent="#2459c5",
    on_accent="#ffffff",
    selection="#d9e5fb",
    on_selection="#12264f",
    notice="#fdf1d3",
    on_notice="#5a4207",
    warning="#8a5a00",
    wrong="#b3261e",
)

DARK = Theme(
    name="dark",
    window="#16191d",
    base="#1c2025",
    hover="#252a31",
    raised="#262b32",
    text="#e4e8ed",
    muted="#9ba6b2",
    line="#323940",
    accent="#7fb0ff",
    on_accent="#0c1a30",
    selection="#27426f",
    on_selection="#f0f5ff",
    notice="#3a300f",
    on_notice="#f2dc9b",
    warning="#e6b450",
    wrong="#ff8f85",
)


def palette(theme: Theme) -> QPalette:
    """Return a theme as a palette."""
    role = QPalette.ColorRole
    colours = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.base,
        role.AlternateBase: theme.hover,
        role.Text: theme.text,
        role.PlaceholderText: theme.muted,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.wrong,
        role.Link: theme.accent,
        role.LinkVisited: theme.warning,
        role.Highlight: theme.selection,
        role.HighlightedText: theme.on_selection,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.Light: theme.raised,
        role.Midlight: theme.hover,
        role.Mid: theme.line,
        role.Dark: theme.line,
        role.Shadow: theme.line,
        role.Accent: theme.accent,
    }
    made = QPalette()
    for name, colour in colours.items():
        made.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, name, QColor(theme.muted))
    return made


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.1, relative luminance)."""
    low, high = sorted((_luminance(QColor(first)), _luminance(QColor(second))))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: QColor) -> float:
    channels = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


class Dresser(QObject):
    """Dresses the application in the chosen theme and follows the system's.

    Signals:
        changed: The `Theme` that is worn now.
    """

    changed = Signal(object)

    def __init__(self, application: QApplication, choice: Choice) -> None:
        super().__init__(application)
        self._application = application
        self.choice = choice
        self.theme = LIGHT
        application.setStyle("Fusion")
        application.setFont(fonts.readable(application.font()))
        application.styleHints().colorSchemeChanged.connect(self._follow)
        self._wear()

    def choose(self, choice: Choice) -> None:
        """Wear another theme."""
        self.choice = choice
        self._wear()

    def toggle(self) -> None:
        """Go from light to dark and back."""
        self.choose(Choice.LIGHT if self.theme is DARK else Choice.DARK)

    @contextmanager
    def undressed(self) -> Iterator[None]:
        """Go without the style sheet while a window is put together.

        With one, Qt polishes a widget and all below it each time that it gets a parent: a window
        takes four times as long.
        """
        self._application.setStyleSheet("")
        try:
            yield
        finally:
            self._application.setStyleSheet(sheet(self.theme))

    @Slot()
    def _follow(self) -> None:
        if self.choice is Choice.SYSTEM:
            self._wear()

    def _wear(self) -> None:
        dark = self.choice is Choice.DARK or (
            self.choice is Choice.SYSTEM
            and self._application.styleHints().colorScheme() is Qt.ColorScheme.Dark
        )
        self.theme = DARK if dark else LIGHT
        self._application.setPalette(palette(self.theme))
        self._application.setStyleSheet(sheet(self.theme))
        self.changed.emit(self.theme)


def sheet(theme: Theme) -> str:
    """Return a theme as a style sheet, for the application's font."""
    made = SHEET
    for name, points in (("text_pt", fonts.text_pt()), ("heading_pt", fonts.heading_pt())):
        made = made.replace(f"@{name};", f"{points:g}pt;")
    for name in Theme.__slots__:
        made = made.replace(f"@{name};", f"{getattr(theme, name)};")
    return made
