"""The button that shows entitlements' keys beside their words, and hides them again.

Invariant: its text says what a press does.
"""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QPushButton, QWidget


class KeysButton(QPushButton):
    """Checked while keys are shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setAutoDefault(False)
        self.toggled.connect(self._name)
        self._name()

    @Slot()
    def _name(self) -> None:
        shown = self.tr("Hide entitlement keys")
        self.setText(shown if self.isChecked() else self.tr("Show entitlement keys"))
