"""One sentence above a page: a refusal, or a standing condition, with at most one button.

Invariant: never opens a window; what it says is plain text.
"""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from ioregui import plaintext


class Notice(QFrame):
    """Hidden until it has something to say; the owner connects `button`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setWordWrap(True)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.button = QPushButton()
        self.button.setAutoDefault(False)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.addWidget(self._label, 1)
        layout.addWidget(self.button)
        self.hide()

    @property
    def text(self) -> str:
        """What it says; empty while hidden."""
        return "" if self.isHidden() else self._label.text()

    def say(self, text: str, button: str = "") -> None:
        """Show one sentence, with a button where `button` names one; empty text hides all."""
        self._label.setText(plaintext.plain(text, plaintext.SENTENCE))
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.setVisible(bool(text))
        if text:
            self.setAccessibleName(self._label.text())
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))
