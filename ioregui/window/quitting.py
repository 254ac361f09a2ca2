"""What becomes of running drivers when the window closes: the answer that is remembered.

Invariant: shows and changes `Settings.quitting`, and knows nothing else.
"""

from PySide6.QtCore import QCoreApplication, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from ioregui.window.settings import Quitting, Settings


def words(answer: Quitting) -> str:
    """Return an answer in words, as banner and menu say it."""
    tell = QCoreApplication.translate
    return {
        Quitting.ASK: tell("Quitting", "Ask"),
        Quitting.STOP: tell("Quitting", "Stop them and quit"),
        Quitting.KEEP: tell("Quitting", "Keep them running"),
    }[answer]


class QuittingMenu(QMenu):
    """One of three answers is checked; choosing another one is remembered at once."""

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setTitle(self.tr("Running drivers when the window closes"))
        group = QActionGroup(self)
        self.answers: dict[Quitting, QAction] = {}
        for answer in Quitting:
            action = group.addAction(words(answer))
            action.setCheckable(True)
            action.setData(answer)
            self.addAction(action)
            self.answers[answer] = action
        group.triggered.connect(self._choose)
        self.aboutToShow.connect(self._show)

    @Slot(QAction)
    def _choose(self, action: QAction) -> None:
        self._settings.quitting = Quitting(action.data())

    @Slot()
    def _show(self) -> None:
        self.answers[self._settings.quitting].setChecked(True)
