"""Asks which recorded device to plug in: the file that it lies in, and what was captured with it.

Invariant: looks at no file itself; it stays open until the runtime has plugged the device in.
"""

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ioregui.window import front

CAPTURES = (".pcapng", ".pcap", ".ioctl")
"""How files end that cannot be the device itself."""


class FileField(QWidget):
    """A file's path, typed or chosen."""

    def __init__(self, name: str, tip: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._name = name
        self.path = QLineEdit()
        self.path.setAccessibleName(name)
        self.path.setToolTip(tip)
        self.path.setAcceptDrops(False)  # what is dropped is for the whole dialog
        self.choose = QPushButton(self.tr("Choose…"))
        self.choose.setAccessibleName(self.tr("Choose: {0}").format(name))
        self.choose.clicked.connect(self._ask)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.path, 1)
        line.addWidget(self.choose)
        self.setFocusProxy(self.path)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def file(self) -> str:
        """The absolute path; empty for none."""
        text = self.path.text().strip()
        return str(Path(text).expanduser().absolute()) if text else ""

    @Slot()
    def _ask(self) -> None:
        dialog = QFileDialog(self, self._name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.path.setText)
        dialog.open()


class RecordedDeviceDialog(QDialog):
    """The two files, and what the runtime said about them.

    Signals:
        decided: Absolute paths of the device and of its capture, which may be empty.
    """

    decided = Signal(str, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Plug a recorded device"))
        self.setAcceptDrops(True)
        self.device = FileField(
            self.tr("Device file"),
            self.tr("What umockdev-record wrote, or the text of lsusb -v"),
            self,
        )
        self.capture = FileField(
            self.tr("Capture file"),
            self.tr("A capture of usbmon or USBPcap, or umockdev's ioctls; none: descriptors only"),
            self,
        )
        self.refusal = QLabel()
        self.plug = QPushButton(self.tr("Plug in"))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._set_up()

    def ask(self, files: list[str]) -> None:
        """Open, with these files in their fields."""
        self._take(files)
        front.bring(self)
        (self.plug if self.device.file else self.device).setFocus()

    def refuse(self, why: str) -> None:
        """Say why nothing was plugged in; it can be tried again."""
        self.refusal.setText(why)
        self.refusal.setVisible(bool(why))
        self.plug.setEnabled(bool(self.device.file))
        self.adjustSize()  # for a sentence of several lines

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Qt's; files are welcome."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Qt's."""
        self._take([url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()

    def _take(self, files: list[str]) -> None:
        for file in files:
            field = self.capture if file.endswith(CAPTURES) else self.device
            field.path.setText(file)

    @Slot()
    def _decide(self) -> None:
        self.refuse("")
        self.plug.setEnabled(False)
        self.decided.emit(self.device.file, self.capture.file)

    @Slot()
    def _typed(self) -> None:
        self.refuse("")

    def _set_up(self) -> None:
        explanation = QLabel(
            self.tr(
                "A USB device that somebody recorded answers its driver as it did then. Files can "
                "be dropped here."
            )
        )
        explanation.setProperty("role", "muted")
        for label in (explanation, self.refusal):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.refusal.setAccessibleName(self.tr("Why it was not plugged in"))
        self.capture.path.setPlaceholderText(self.tr("none"))
        self.plug.setProperty("role", "primary")
        self.buttons.addButton(self.plug, QDialogButtonBox.ButtonRole.AcceptRole)
        rows = QFormLayout()
        rows.setHorizontalSpacing(16)
        rows.setVerticalSpacing(10)
        rows.addRow(self.tr("&Device"), self.device)
        rows.addRow(self.tr("&Capture"), self.capture)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(16)
        layout.addWidget(explanation)
        layout.addLayout(rows)
        layout.addWidget(self.refusal)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(560)
        self.buttons.accepted.connect(self._decide)
        self.buttons.rejected.connect(self.close)
        for field in (self.device, self.capture):
            field.path.textChanged.connect(self._typed)
        self.refuse("")
