"""What stands above the properties: the entry's name, the base of numbers, the export.

Invariant: knows no entry; keeps the chosen base.
"""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from ioregui.properties.values import Numbers


class PropertyBar(QWidget):
    """Two lines of words with two buttons beside them.

    Signals:
        numbers_chosen: The base is another one now; read `numbers`.

    Attributes:
        export: A button; its menu is the panel's.
    """

    numbers_chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel()
        self._subtitle = QLabel()
        self.base = QComboBox()
        self.export = QToolButton()
        self._set_up()
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 0, 8, 0)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        grid.addWidget(self._title, 0, 0, 1, 3)
        grid.addWidget(self._subtitle, 1, 0)
        grid.addWidget(self.base, 1, 1)
        grid.addWidget(self.export, 1, 2)

    @property
    def numbers(self) -> Numbers:
        """The base in which numbers are shown."""
        return Numbers(self.base.currentData())

    @numbers.setter
    def numbers(self, numbers: Numbers) -> None:
        self.base.setCurrentIndex(self.base.findData(str(numbers)))

    def say(self, title: str, subtitle: str) -> None:
        """Say which entry is shown."""
        self._title.setText(title)
        self._title.setToolTip(title)
        self._subtitle.setText(subtitle)

    def _set_up(self) -> None:
        self._title.setProperty("role", "heading")
        self._subtitle.setProperty("role", "muted")
        for label in (self._title, self._subtitle):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        for text, numbers in (
            (self.tr("10 (0xa)"), Numbers.BOTH),
            (self.tr("10"), Numbers.DECIMAL),
            (self.tr("0xa"), Numbers.HEXADECIMAL),
        ):
            self.base.addItem(text, str(numbers))
        self.base.setAccessibleName(self.tr("Numbers"))
        self.base.setToolTip(self.tr("Show numbers as decimal, hexadecimal, or both"))
        self.base.currentIndexChanged.connect(self._changed)
        self.base.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.export.setProperty("role", "button")
        self.export.setText(self.tr("Export"))
        self.export.setToolTip(self.tr("Save all properties of the entry into a file"))
        self.export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    @Slot(int)
    def _changed(self) -> None:
        self.numbers_chosen.emit()
