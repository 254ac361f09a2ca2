"""The button that approves: pressed by a pointer or a fresh key, and only while it is armed.

Invariant: no default button, no mnemonic; a held key never presses it.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QWidget

from ioregui.approvals.arming import Press

_PRESSING = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space, Qt.Key.Key_Select})


class ApproveButton(QPushButton):
    """Asks `admits` at every press.

    Signals:
        approved: The press counted.
    """

    approved = Signal()

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.say(text)
        self._admits: Callable[[Press], bool] | None = None
        self.setAutoDefault(False)
        self.setDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setEnabled(False)
        self.clicked.connect(self._clicked)

    def say(self, text: str) -> None:
        """Set its text."""
        self.setText(text.replace("&", "&&"))

    def guard(self, admits: Callable[[Press], bool]) -> None:
        """Set who says whether a press counts; without one none does."""
        self._admits = admits

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Press by a fresh Enter or Space; everything else is the base class's."""
        if event.key() not in _PRESSING:
            super().keyPressEvent(event)
            return
        event.accept()
        self._press(Press(by_key=True, focused=self.hasFocus(), repeated=event.isAutoRepeat()))

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Swallow the release of a pressing key: the press has said it all."""
        if event.key() in _PRESSING:
            event.accept()
        else:
            super().keyReleaseEvent(event)

    @Slot()
    def _clicked(self) -> None:
        self._press(Press())

    def _press(self, press: Press) -> None:
        if self._admits is not None and self._admits(press):
            self.approved.emit()
