"""The main window: navigation, pages, inspector, timeline, status line.

Invariant: holds no state of the runtime; lays out and routes, the slices do the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ioregui.bridge import Bridge
from ioregui.mirror import Mirror
from ioregui.records import moments
from ioregui.window.actions import Actions
from ioregui.window.banners import Banners
from ioregui.window.navigation import Navigation, NavigationModel
from ioregui.window.quitting import QuittingMenu
from ioregui.window.settings import Settings
from ioregui.window.status import StatusBar
from ioregui.window.toolbar import Toolbar

TITLE = "IORegistry Inspector"
SIZE = (1320, 860)


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    `tip` says in a sentence what it is, `count` how much is in it, `waits` that this waits for
    the user, `inspected` that the inspector stands beside it.
    """

    name: str
    title: str
    tip: str
    widget: QWidget
    count: Callable[[Mirror], int] | None = None
    waits: bool = False
    inspected: bool = False


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of the inspector."""

    title: str
    widget: QWidget


class MainWindow(QMainWindow):
    """The window.

    Signals:
        close_asked: The user wants to close; whoever listens calls `leave` when it may.
        closing: It closes now; what has to be remembered is put into the settings.
        file_dropped: The path of a file that was dropped on it.
    """

    close_asked = Signal()
    closing = Signal()
    file_dropped = Signal(str)

    def __init__(
        self,
        bridge: Bridge,
        actions: Actions,
        settings: Settings,
        *,
        pages: tuple[Page, ...],
        tabs: tuple[Tab, ...],
        timeline: QWidget,
        file: bool = False,
    ) -> None:
        """With `file` it shows a registry file, and no runtime."""
        super().__init__()
        self._bridge = bridge
        self._file = file
        self._settings = settings
        self._pages = pages
        self._leaving = False
        self.setWindowTitle(TITLE)
        self.setAcceptDrops(True)
        self.toolbar = Toolbar(actions)
        self.banners = Banners()
        self.navigation = Navigation(NavigationModel(self._lines()))
        self.stack = QStackedWidget()
        self.inspector = QTabWidget()
        self._columns = QSplitter(Qt.Orientation.Horizontal)
        self._rows = QSplitter(Qt.Orientation.Vertical)
        self.status = StatusBar()
        self._lay_out(tabs, timeline)
        self.addActions(actions.all())
        self._connect(actions)
        self._restore()
        self.navigation.show_row(0)
        self.refresh()

    @property
    def page_names(self) -> list[str]:
        """The names that `show_page` takes, from top to bottom."""
        return [page.name for page in self._pages]

    def show_page(self, name: str) -> None:
        """Show a page by its name; a window that has none with it stays where it is."""
        if name in self.page_names:
            self.navigation.show_row(self.page_names.index(name))

    def leave(self) -> None:
        """Close for good; also from inside `close_asked`."""
        self._leaving = True
        self.close()

    @Slot(str)
    def show_plane(self, plane: str) -> None:
        """Speak of the entries of this plane in the status line."""
        self.status.plane = plane
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Say what the mirror has now in navigation and status line."""
        mirror = self._bridge.mirror
        model = self.navigation.model()
        if isinstance(model, NavigationModel):
            for row, page in enumerate(self._pages):
                if page.count is not None:
                    model.set_count(row, page.count(mirror), waiting=page.waits)
        self.status.show_state(mirror)
        connected = self._bridge.is_connected
        text = self.tr("live") if connected else self.tr("no runtime")
        if self._file:
            text = self.tr("file") if connected else self.tr("no file")
        if mirror.past_ms:
            text = self.tr("the past: {0}").format(moments.clock(mirror.past_ms * 1_000_000))
        self.toolbar.show_live(connected=connected and not mirror.past_ms, text=text)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Qt's; asks whoever decides, and closes when told to leave."""
        if not self._leaving:
            self.close_asked.emit()
        if not self._leaving:
            event.ignore()
            return
        self._settings.set_bytes("geometry", self.saveGeometry())
        self._settings.set_bytes("columns", self._columns.saveState())
        self._settings.set_bytes("rows", self._rows.saveState())
        self.closing.emit()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Qt's; files are welcome."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Qt's."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.file_dropped.emit(url.toLocalFile())
        event.acceptProposedAction()

    def _lay_out(self, tabs: tuple[Tab, ...], timeline: QWidget) -> None:
        for page in self._pages:
            self.stack.addWidget(page.widget)
        for tab in tabs:
            self.inspector.addTab(tab.widget, tab.title)
        self.inspector.setAccessibleName(self.tr("Inspector"))
        self.inspector.setDocumentMode(True)
        self.inspector.tabBar().setDrawBase(False)
        self._columns.addWidget(self.navigation)
        for widget, width in ((self.stack, 320), (self.inspector, 316)):
            self._columns.addWidget(widget)
            widget.setMinimumWidth(width)
        self._columns.setStretchFactor(1, 3)
        self._columns.setStretchFactor(2, 2)
        self._columns.setCollapsible(0, False)
        self._columns.setCollapsible(1, False)
        self._columns.setSizes([140, 650, 530])
        self._rows.addWidget(self._columns)
        self._rows.addWidget(timeline)
        self._rows.setStretchFactor(0, 1)
        self._rows.setCollapsible(0, False)
        for splitter in (self._columns, self._rows):
            splitter.setHandleWidth(1)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toolbar)
        column.addWidget(self.banners)
        body = QHBoxLayout()
        body.addWidget(self._rows)
        column.addLayout(body, 1)
        self.setCentralWidget(centre)
        self.banners.follow(self.toolbar.menu)
        self.setStatusBar(self.status)

    def _connect(self, actions: Actions) -> None:
        self.navigation.chosen.connect(self._show_row)
        self.status.approvals_asked.connect(self._show_approvals)
        actions["search"].triggered.connect(self.toolbar.focus_search)
        actions["menu"].triggered.connect(self.toolbar.open_menu)
        actions["quit"].triggered.connect(self.close)
        self.toolbar.menu.menu().insertMenu(actions["quit"], QuittingMenu(self._settings, self))
        for row in range(len(self._pages)):
            shortcut = QShortcut(QKeySequence(_page_key(row)), self)
            shortcut.activated.connect(partial(self.navigation.show_row, row))
        self._bridge.reset.connect(self.refresh)
        self._bridge.travelled.connect(self.refresh)
        self._bridge.changed.connect(self.refresh)
        self._bridge.disconnected.connect(self.refresh)

    def _lines(self) -> list[tuple[str, str]]:
        """Return title and explanation of each page; the key to go there is said too."""
        return [
            (page.title, f"{page.tip} ({_page_key(row)})") for row, page in enumerate(self._pages)
        ]

    @Slot(int)
    def _show_row(self, row: int) -> None:
        self.stack.setCurrentIndex(row)
        self.inspector.setVisible(self._pages[row].inspected)

    @Slot()
    def _show_approvals(self) -> None:
        self.show_page("approvals")

    def _restore(self) -> None:
        self.resize(*SIZE)
        self.restoreGeometry(self._settings.bytes("geometry"))
        self._columns.restoreState(self._settings.bytes("columns"))
        self._rows.restoreState(self._settings.bytes("rows"))


def _page_key(row: int) -> str:
    return f"Ctrl+{row + 1}"
