"""A console: what was said, and a line to type in.

Invariant: what is shown is plain text, and bounded.
"""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from ioregui import fonts, plaintext

LINES = 5000
"""How many lines are kept."""

TYPED = 2000
"""Characters of a line that can be typed."""


class TypedLine(QLineEdit):
    """A line to type in; Up and Down bring back what was typed before.

    Signals:
        entered: A line; the one before again where it is empty, as in pdb.
    """

    entered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._before: list[str] = []
        self._at = 0
        self.setMaxLength(TYPED)
        self.returnPressed.connect(self._enter)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take Up and Down."""
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        self._at = min(max(self._at + step, 0), len(self._before))
        self.setText([*self._before, ""][self._at])

    @Slot()
    def _enter(self) -> None:
        line = self.text().strip() or (self._before[-1] if self._before else "")
        self.clear()
        if line:
            if self._before[-1:] != [line]:
                self._before.append(line)
            self._at = len(self._before)
            self.entered.emit(line)


class Console(QWidget):
    """What was typed and said, in fixed-width text, above a line to type in.

    Attributes:
        said: The text.
        typed: The line.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        fixed = fonts.fixed()
        self.said = QPlainTextEdit()
        self.said.setReadOnly(True)
        self.said.setUndoRedoEnabled(False)
        self.said.setMaximumBlockCount(LINES)
        self.said.setFrameShape(QFrame.Shape.NoFrame)
        self.said.setTabChangesFocus(True)
        self.said.setFont(fixed)
        self.said.setAccessibleName(self.tr("What was typed, and what pdb said"))
        self.typed = TypedLine()
        self.typed.setFont(fixed)
        self.typed.setAccessibleName(self.tr("Type a command of pdb or a statement"))
        self.typed.setPlaceholderText(
            self.tr("A statement, as in `stuck = False`, or a command of pdb: `help` lists them")
        )
        below = QHBoxLayout()
        below.setContentsMargins(8, 4, 8, 8)
        below.addWidget(self.typed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.said, 1)
        layout.addLayout(below)

    @Slot(str)
    def say(self, line: str) -> None:
        """Append a line; the end is in view if it was."""
        self.said.appendPlainText(plaintext.spaced(line, TYPED))
