"""How pages are put together: parts below each other, and two that share the height.

Invariant: no part of a page can be dragged away.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QSplitter, QVBoxLayout, QWidget


def column(*parts: QWidget | QLayout, tall: QWidget) -> QWidget:
    """Return a widget with parts below each other; `tall`, one of them, has what is left."""
    made = QWidget()
    layout = QVBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for part in parts:
        if isinstance(part, QLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part, int(part is tall))
    return made


def halves(upper: QWidget, lower: QWidget, heights: tuple[int, int]) -> QSplitter:
    """Return two parts with a border between them that the user can move."""
    split = QSplitter(Qt.Orientation.Vertical)
    split.addWidget(upper)
    split.addWidget(lower)
    split.setChildrenCollapsible(False)
    split.setSizes(heights)
    return split
