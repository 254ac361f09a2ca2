"""One sentence above a page: a refusal, a standing condition, or a question with its answers.

Invariant: never opens a window; what it says is plain text.
"""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from ioregui import plaintext


class Notice(QFrame):
    """Hidden until it has something to say; the owner connects `button`.

    `dismiss` hides it again; so does Escape on either button.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setWordWrap(True)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.button = QPushButton()
        self.button.setAutoDefault(False)
        self.dismiss = QPushButton()
        self.dismiss.setAutoDefault(False)
        self.dismiss.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.addWidget(self._label, 1)
        layout.addWidget(self.button)
        layout.addWidget(self.dismiss)
        self.hide()

    @property
    def text(self) -> str:
        """What it says; empty while hidden."""
        return "" if self.isHidden() else self._label.text()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take Escape as the answer that changes nothing."""
        if event.key() == Qt.Key.Key_Escape and not self.dismiss.isHidden():
            self.dismiss.click()
        else:
            super().keyPressEvent(event)

    def say(self, text: str, button: str = "", dismiss: str = "") -> None:
        """Show one sentence, with the buttons that are named; empty text hides all."""
        self._label.setText(plaintext.plain(text, plaintext.SENTENCE))
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.dismiss.setText(dismiss)
        self.dismiss.setVisible(bool(dismiss))
        self.setVisible(bool(text))
        if text:
            self.setAccessibleName(self._label.text())
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))
