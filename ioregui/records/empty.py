"""An empty page: what would be here, and how to get it.

Invariant: text only; a page that has something to show hides it.
"""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget


class EmptyPage(QWidget):
    """A title and a sentence or two, in the middle."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        heading = _label(title)
        font = QFont(heading.font())
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setWeight(QFont.Weight.DemiBold)
        heading.setFont(font)
        sentence = _label(text)
        sentence.setMaximumWidth(52 * sentence.fontMetrics().averageCharWidth())
        sentence.setMinimumWidth(min(360, sentence.maximumWidth()))
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addStretch(2)
        layout.addWidget(heading, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(sentence, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
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
