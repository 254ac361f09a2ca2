"""The icon of an extension, beside what is said of it.

The runtime decodes it; here are only pixels. Invariant: asks once for each extension that has an
icon; nobody waits for it, and what has none leaves no gap.
"""

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QImage, QPalette, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from ioregui.bridge import Bridge
from runtime.model.icon import Icon
from runtime.model.records import Extension
from runtime.wire.client import Refusal
from runtime.wire.commands.extensions import ReadIcon

SIZE = 48
MOST_KEPT = 256  # pictures that are not asked for again


class IconLabel(QLabel):
    """Shows one extension's icon, or nothing."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._shown = ""
        self._pictures: dict[str, QPixmap | None] = {}  # by `Extension.id`; None: none came yet
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setContentsMargins(12, 12, 0, 0)
        self.setBackgroundRole(QPalette.ColorRole.Base)  # as what it stands beside
        self.setAutoFillBackground(True)
        self.setAccessibleName(QCoreApplication.translate("IconLabel", "Icon"))
        self.hide()
        bridge.reset.connect(self._pictures.clear)

    def show_icon_of(self, extension: Extension | None) -> None:
        """Show this extension's icon once it is there."""
        self._shown = extension.id if extension is not None and extension.icon else ""
        if self._shown and self._shown not in self._pictures:
            asked = self._shown
            self._pictures[asked] = None
            command = ReadIcon(asked)
            self._bridge.ask(command, lambda icon: self._arrived(asked, icon), self._refused)
        self._show()

    def _arrived(self, extension: str, icon: Icon) -> None:
        form = QImage.Format.Format_RGBA8888
        image = QImage(icon.pixels, icon.width, icon.height, icon.width * 4, form)
        density = self.devicePixelRatio()
        side = round(SIZE * density)
        picture = QPixmap.fromImage(image).scaled(
            side,
            side,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        picture.setDevicePixelRatio(density)
        self._pictures[extension] = picture
        if len(self._pictures) > MOST_KEPT:
            self._pictures.pop(next(iter(self._pictures)))
        self._show()

    def _refused(self, _refusal: Refusal) -> None:
        """It is no picture: there is none to show, and nothing is lost with it."""

    def _show(self) -> None:
        picture = self._pictures.get(self._shown)
        self.setPixmap(picture or QPixmap())
        self.setVisible(picture is not None)


def beside(icon: IconLabel, content: QWidget) -> QWidget:
    """Return a widget with an icon left of its content."""
    both = QWidget()
    layout = QHBoxLayout(both)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addWidget(icon)
    layout.addWidget(content, 1)
    return both
