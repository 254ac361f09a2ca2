"""Standing conditions and questions, as lines across the window; never a modal dialog.

Invariant: one line for each key; text is plain text.
"""

from collections.abc import Callable
from dataclasses import dataclass

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


@dataclass(frozen=True, slots=True)
class Choice:
    """A button of a banner; `chosen` is a bound method, `tip` says what pressing it does.

    `escape`: Escape in the banner presses it too; it is the one that changes nothing.
    """

    text: str
    chosen: Callable[[], None]
    tip: str = ""
    escape: bool = False


class Banner(QFrame):
    """One line: a sign, a sentence, its choices; a calm one has no warning sign."""

    def __init__(self, text: str, choices: tuple[Choice, ...], *, calm: bool) -> None:
        super().__init__()
        self.setProperty("role", "calm" if calm else "banner")
        self.setAccessibleName(text)
        self.text = text
        label = QLabel(f"{'✓' if calm else '▲'}  {text}")
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        line = QHBoxLayout(self)
        line.setContentsMargins(14, 5, 10, 5)
        line.addWidget(label, 1)
        self.buttons: dict[str, QPushButton] = {}
        self._escape: QPushButton | None = None
        for choice in choices:
            button = QPushButton(choice.text)
            button.setAutoDefault(False)
            button.setToolTip(choice.tip)
            button.clicked.connect(choice.chosen)
            line.addWidget(button)
            self.buttons[choice.text] = button
            if choice.escape:
                self._escape = button

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt's; Escape is the answer that changes nothing."""
        if event.key() == Qt.Key.Key_Escape and self._escape is not None:
            self._escape.click()
        else:
            super().keyPressEvent(event)


class Banners(QWidget):
    """The banners that are up, in the order in which they came."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._before: QWidget | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._up: dict[str, Banner] = {}
        self._left: QWidget | None = None  # what had the keyboard before a question took it

    def follow(self, before: QWidget) -> None:
        """Say what the Tab key leaves for the first button of a banner."""
        self._before = before

    def banner(self, key: str) -> Banner | None:
        """Return the banner of a key, None while it is not up."""
        return self._up.get(key)

    def show_banner(
        self, key: str, text: str, choices: tuple[Choice, ...] = (), *, calm: bool = False
    ) -> None:
        """Put a banner up, in the place of an earlier one with its key."""
        old = self._up.get(key)
        if old is not None and old.text == text and list(old.buttons) == [c.text for c in choices]:
            return
        self.hide_banner(key)
        made = Banner(text, choices, calm=calm)
        self._up[key] = made
        self._column.addWidget(made)
        self._order()

    def ask(self, key: str, text: str, choices: tuple[Choice, ...]) -> None:
        """Put a question up and give it the keyboard; it goes back when the question goes."""
        self.show_banner(key, text, choices)
        asking = self._up[key]
        had = self.window().focusWidget()
        if not self.isAncestorOf(had):
            self._left = had
        asking.show()  # what is not shown takes no keyboard
        next(iter(asking.buttons.values())).setFocus(Qt.FocusReason.OtherFocusReason)

    def hide_banner(self, key: str) -> None:
        """Take a banner down, if it is up."""
        gone = self._up.pop(key, None)
        if gone is not None:
            if gone.isAncestorOf(self.window().focusWidget()):
                self._give_back()
            gone.hide()
            self._column.removeWidget(gone)
            gone.deleteLater()

    def _give_back(self) -> None:
        """Give the keyboard back to what had it before the question, if that is still there."""
        if self._left is not None and shiboken6.isValid(self._left):
            self._left.setFocus(Qt.FocusReason.OtherFocusReason)
        self._left = None

    def keys(self) -> list[str]:
        """Return the keys of the banners that are up."""
        return list(self._up)

    def _order(self) -> None:
        """Put the buttons where they are seen in the order of the Tab key, not at its end."""
        before = self._before
        for banner in self._up.values():
            for button in banner.buttons.values():
                if before is not None:
                    self.setTabOrder(before, button)
                before = button
