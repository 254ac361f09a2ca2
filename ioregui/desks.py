"""All windows of the process: one for a runtime, one for each opened file, some for entries.

Invariant: a window that was closed leaves nothing behind: no process, no connection, no mirror.
"""

import gc
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QApplication, QFileDialog

from ioregui.bridge import Bridge
from ioregui.composition import Desk
from ioregui.household import Household
from ioregui.node_window import NodeWindow
from ioregui.window.recent import RecentMenu
from ioregui.window.settings import Settings
from ioregui.window.theme import Dresser


class Desks(QObject):
    """Opens windows and ends what was theirs.

    Attributes:
        desks: The windows of runtimes and files that are open, in the order of opening.
        nodes: The windows of single entries.
    """

    def __init__(self, application: QApplication, settings: Settings) -> None:
        super().__init__(application)
        self._application = application
        self._settings = settings
        self._dresser = Dresser(application, settings.theme)
        self._households: list[Household] = []
        self.desks: list[Desk] = []
        self.nodes: list[NodeWindow] = []

    @property
    def households(self) -> int:
        """How many windows have processes that are not gone yet."""
        return len(self._households)

    def open_machine(self, socket_path: Path | None = None) -> Desk:
        """Make the window of a runtime; `start` of its household begins it."""
        bridge = Bridge(self)
        return self._open(bridge, Household(bridge, socket_path))

    @Slot(str)
    def open_file(self, path: str) -> Desk:
        """Show a registry file in a window of its own."""
        bridge = Bridge(self)
        file = Path(path).absolute()
        bridge.connected.connect(partial(self._settings.add_recent, str(file)))
        desk = self._open(bridge, Household(bridge, file=file))
        desk.start()
        return desk

    @Slot(list)
    def open_files(self, paths: list[str]) -> None:
        """Show each file in a window of its own."""
        for path in paths:
            self.open_file(path)

    def end(self, seconds: float) -> None:
        """Let every runtime and reader go; only after the event loop's end."""
        for household in self._households:
            household.end()
        for household in self._households:
            household.join(seconds)

    def _open(self, bridge: Bridge, household: Household) -> Desk:
        desk = Desk(self._application, bridge, household, self._settings, self._dresser)
        self.desks.append(desk)
        self._households.append(household)
        recent = RecentMenu(self._settings, desk.window)
        desk.window.toolbar.menu.menu().insertMenu(desk.actions["window"], recent)
        recent.chosen.connect(self.open_file)
        desk.actions["open"].triggered.connect(partial(self._ask_for_file, desk))
        desk.actions["window"].triggered.connect(partial(self._open_node, desk, household))
        desk.window.file_dropped.connect(partial(self._dropped, desk))
        desk.window.closing.connect(partial(self._closed, desk))
        household.ended.connect(partial(self._ended, bridge, household))
        desk.window.show()
        return desk

    def _dropped(self, desk: Desk, path: str) -> None:
        if not desk.plugging.take(path):
            self.open_file(path)

    def _ask_for_file(self, desk: Desk) -> None:
        dialog = QFileDialog(desk.window, self.tr("Open a registry file"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self.open_files)
        dialog.open()

    def _open_node(self, desk: Desk, household: Household) -> None:
        file = household.file is not None
        node = NodeWindow(desk.bridge, self._settings, desk.selection.entry, file=file)
        self.nodes.append(node)
        node.closed.connect(partial(self._node_closed, node))
        node.extension_chosen.connect(desk.show_extension)
        node.door_opened.connect(desk.debuggers.enter)
        desk.window.closing.connect(node.close)
        node.show()

    def _node_closed(self, node: NodeWindow) -> None:
        if node in self.nodes:
            self.nodes.remove(node)
            node.deleteLater()

    def _closed(self, desk: Desk) -> None:
        self.desks.remove(desk)
        desk.window.deleteLater()
        desk.deleteLater()

    def _ended(self, bridge: Bridge, household: Household) -> None:
        if household in self._households:
            self._households.remove(household)
            bridge.deleteLater()
            gc.unfreeze()  # what the bridge kept from collection is garbage now
