"""Bringing a window to the front. Invariant: what the desktop does not let us raise, it marks."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def bring(window: QWidget) -> None:
    """Show a window, also one that was minimized, above all others and give it the keyboard."""
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()
