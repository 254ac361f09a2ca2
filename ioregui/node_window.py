"""An entry in a window of its own: the inspector, for comparing one entry with another.

Invariant: has its own selection and shares everything else with the window it came from.
"""

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from ioregui.bridge import Bridge
from ioregui.plaintext import plain
from ioregui.slices import Inspector
from ioregui.window.banners import Banners
from ioregui.window.selection import Selection
from ioregui.window.settings import Settings
from ioregui.window.succession import Succession

SIZE = (560, 680)
_NOTICE = "notice"


class NodeWindow(QWidget):
    """Shows one entry, and what its links lead to.

    Signals:
        closed: The user closed it.
        extension_chosen: A link to an extension was followed; its `Extension.id`.
        door_opened: A driver is to be debugged: its id, and its debugger's socket.
    """

    closed = Signal()
    extension_chosen = Signal(str)
    door_opened = Signal(object, object)

    def __init__(
        self, bridge: Bridge, settings: Settings, entry: int, *, file: bool = False
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._settings = settings
        self.selection = Selection(self)
        self.inspector = Inspector(bridge, self.selection, file=file)
        self._banners = Banners()
        tabs = QTabWidget()
        tabs.setAccessibleName(self.tr("Inspector"))
        tabs.setDocumentMode(True)
        for tab in self.inspector.tabs():
            tabs.addTab(tab.widget, tab.title)
        self.inspector.keep(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._banners)
        column.addWidget(tabs, 1)
        Succession(bridge, self.selection, bridge.mirror.entries.get)
        self._connect()
        self.selection.select(entry)
        self.resize(*SIZE)
        self.restoreGeometry(settings.bytes("node"))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Qt's."""
        self._settings.set_bytes("node", self.saveGeometry())
        self.closed.emit()
        event.accept()

    def _connect(self) -> None:
        properties = self.inspector.properties
        properties.extension_chosen.connect(self.extension_chosen)
        properties.saving.told.connect(self._tell)
        properties.saving.failed.connect(self._tell)
        self.inspector.process.details.actions_row.opened.connect(self.door_opened)
        self.selection.changed.connect(self._name)
        for keys, slot in (
            (QKeySequence("Alt+Left"), self.selection.go_back),
            (QKeySequence("Ctrl+W"), self.close),
        ):
            QShortcut(keys, self).activated.connect(slot)

    @Slot(str)
    def _tell(self, text: str) -> None:
        self._banners.show_banner(_NOTICE, text, calm=True)

    @Slot(object)
    def _name(self, entry_id: int) -> None:
        entry = self._bridge.mirror.entries.get(entry_id)
        self._banners.hide_banner(_NOTICE)
        if entry is not None:
            self.setWindowTitle(plain(entry.title))
