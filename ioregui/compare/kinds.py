"""The counts of a comparison, each a button that shows or hides its kind.

Invariant: the number is of all differences of the kind, shown or not.
"""

from collections.abc import Mapping

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ioregui.compare import words
from ioregui.compare.difference import Kind


class Kinds(QWidget):
    """A button for each kind; all are on at first.

    Signals:
        chosen: The set of kinds that are wanted now.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._counts: Mapping[Kind, int] = {}
        self.buttons: dict[Kind, QPushButton] = {}
        for kind in Kind:
            button = QPushButton()
            button.setCheckable(True)
            button.setChecked(True)
            button.setAutoDefault(False)
            button.setProperty("role", "choice")
            button.setToolTip(self.tr("Show these or hide them"))
            button.toggled.connect(self._toggled)
            self.buttons[kind] = button
            layout.addWidget(button)
        self.show_counts({})

    @property
    def wanted(self) -> frozenset[Kind]:
        """The kinds whose button is on."""
        return frozenset(kind for kind, button in self.buttons.items() if button.isChecked())

    def show_counts(self, counts: Mapping[Kind, int]) -> None:
        """Say how many there are of each kind."""
        self._counts = counts
        for kind, button in self.buttons.items():
            text = words.counted(kind, counts.get(kind, 0))
            button.setText(text if button.isChecked() else self.tr("{0}, hidden").format(text))

    @Slot()
    def _toggled(self) -> None:
        self.show_counts(self._counts)
        self.chosen.emit(self.wanted)
