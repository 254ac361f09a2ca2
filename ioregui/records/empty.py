"""An empty page: what would be here, and how to get it.

Invariant: text only; a page that has something to show hides it.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget


class EmptyPage(QWidget):
    """A title and a sentence or two, in the middle."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        heading = _label(title)
        heading.setProperty("role", "heading")
        sentence = _label(text)
        sentence.setProperty("role", "muted")
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addStretch(2)
        column.addWidget(heading)
        column.addWidget(sentence)
        column.addStretch(3)
        layout = QHBoxLayout(self)
        layout.addStretch(1)
        layout.addLayout(column, 6)
        layout.addStretch(1)
        self.setAccessibleName(f"{title}. {text}")


class EmptyOr(QStackedWidget):
    """Shows its content, or an empty page while there is none."""

    def __init__(self, content: QWidget, empty: EmptyPage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.addWidget(empty)
        self.addWidget(content)

    def show_content(self, there_is_some: bool) -> None:
        """Switch between the two; the empty page comes first."""
        self.setCurrentIndex(1 if there_is_some else 0)


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    return label
