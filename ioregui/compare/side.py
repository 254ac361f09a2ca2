"""One side of a comparison: now, a moment, or a file, typed or chosen.

Invariant: what it says is what `ioreg --diff` takes for a name.
"""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QPushButton, QWidget

CHOICES = ("now", "10 minutes ago", "1 hour ago", "1 day ago")


class Side(QWidget):
    """A name, and a button that looks for a file.

    Signals:
        entered: Return was pressed in the name.
    """

    entered = Signal()

    def __init__(self, title: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self.name = QComboBox()
        self.name.setEditable(True)
        self.name.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.name.addItems(CHOICES)
        self.name.setCurrentText(name)
        self.name.setAccessibleName(title)
        self.name.setMinimumContentsLength(16)
        self.name.setToolTip(
            self.tr("now, a time (“10 minutes ago”, 14:30, 2026-03-01T14:30), or a file's name")
        )
        self.file = QPushButton(self.tr("File…"))
        self.file.setAccessibleName(self.tr("{0}: choose a file").format(title))
        self.file.setAutoDefault(False)
        label = QLabel(title)
        label.setBuddy(self.name)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label)
        layout.addWidget(self.name, 1)
        layout.addWidget(self.file)
        self.file.clicked.connect(self._look)
        line = self.name.lineEdit()
        if line is not None:
            line.returnPressed.connect(self.entered)
        self.setFocusProxy(self.name)

    @property
    def text(self) -> str:
        """The name."""
        return self.name.currentText().strip()

    @Slot(str)
    def set_text(self, name: str) -> None:
        """Take a name, a file's or a moment's."""
        self.name.setCurrentText(name)

    @Slot()
    def _look(self) -> None:
        dialog = QFileDialog(self, self._title)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.set_text)
        dialog.open()
