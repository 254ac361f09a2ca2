"""The bar at the top: plane, search with its count, live sign, theme, menu.

Invariant: knows no model; what is typed and shown goes through signals and methods.
"""

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QToolButton,
    QWidget,
)

from ioregui.window import underline
from ioregui.window.actions import Actions

TYPING_MS = 120
"""How long typing has to rest before the filter follows."""


class Toolbar(QWidget):
    """The bar.

    Signals:
        searched: The text of the search field, after typing rested.
        left: Return or Down in the search field: the keyboard goes to the page.
    """

    searched = Signal(str)
    left = Signal()

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.plane = QComboBox()
        self.search = QLineEdit()
        self.count = QLabel()
        self.error = QLabel()
        self.filter = QToolButton()
        self.live = QLabel()
        self.theme = QToolButton()
        self.menu = QToolButton()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(TYPING_MS)
        self._rest.timeout.connect(self._search)
        self._set_up(actions)
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 8, 12, 8)
        line.setSpacing(10)
        line.addWidget(self.plane)
        line.addWidget(self.search, 1)
        line.addWidget(self.error)
        line.addWidget(self.count)
        line.addWidget(self.filter)
        line.addSpacing(8)
        line.addWidget(self.live)
        line.addWidget(self.theme)
        line.addWidget(self.menu)

    def show_count(self, entries: int, hits: int) -> None:
        """Say how many entries the search found; -1 when nothing is searched."""
        self.count.setVisible(hits >= 0)
        if hits >= 0:
            self.count.setText(self.tr("{0} of {1}").format(f"{hits:,}", f"{entries:,}"))

    @Slot(str, int, int)
    def show_error(self, text: str, start: int, end: int) -> None:
        """Say why the text is no search and underline where; an empty sentence ends that."""
        underline.show(self.search, start, end)
        self.error.setVisible(bool(text))
        self.error.setText(text)
        self.search.setAccessibleDescription(text)

    def show_live(self, *, connected: bool, text: str) -> None:
        """Say whether what is shown is live."""
        role = QPalette.ColorRole.Link if connected else QPalette.ColorRole.BrightText
        self.live.setForegroundRole(role)
        self.live.setText(("● " if connected else "○ ") + text)
        self.live.setToolTip(
            self.tr("What is shown follows the machine")
            if connected
            else self.tr("What is shown is what was last known")
        )

    @Slot()
    def focus_search(self) -> None:
        """Put the keyboard into the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    @Slot()
    def open_menu(self) -> None:
        """Open the menu below its button, with its first line chosen."""
        menu = self.menu.menu()
        menu.popup(self.menu.mapToGlobal(self.menu.rect().bottomLeft()))
        menu.setActiveAction(menu.actions()[0])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's; Escape clears the search, Down and Return leave it."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._rest.stop()
                self._search()
                self.left.emit()
                return True
        return super().eventFilter(watched, event)

    def _set_up(self, actions: Actions) -> None:
        self.plane.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.plane.setAccessibleName(self.tr("Plane"))
        self.plane.setToolTip(self.tr("The plane of the registry that the tree shows"))
        self.search.setPlaceholderText(
            self.tr("Search: a name, or  class:  driver:  state:  vid:  prop.KEY=value  -not  or")
        )
        self.search.setToolTip(self._grammar())
        self.search.setAccessibleName(self.tr("Search"))
        self.search.setClearButtonEnabled(True)
        self.search.setAcceptDrops(False)  # a file that is dropped here is for the window
        self.search.installEventFilter(self)
        self.search.textChanged.connect(self._typed)
        self.count.setProperty("role", "muted")
        self.count.hide()
        self.error.setTextFormat(Qt.TextFormat.PlainText)
        self.error.setForegroundRole(QPalette.ColorRole.LinkVisited)
        self.error.hide()
        self.filter.setDefaultAction(actions["filter"])
        self.theme.setText("☾")
        self.theme.setAccessibleName(actions["theme"].text())
        self.theme.setToolTip(actions["theme"].toolTip())
        self.theme.clicked.connect(actions["theme"].trigger)
        self.menu.setText("☰")
        self.menu.setAccessibleName(self.tr("Menu"))
        self.menu.setToolTip(f"{self.tr('Menu')} ({actions['menu'].shortcut().toString()})")
        self.menu.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu.setMenu(self._menu(actions))

    def _grammar(self) -> str:
        return self.tr(
            "usb keyboard\tboth words in name, class or driver\n"
            "usb or pci\tone of them\n"
            "-hub\tnot this\n"
            "class:IOHID*  name:  driver:  state:\tone field; * and ? match the whole\n"
            "pid:2572\tthe driver's process\n"
            "vid:046d  vid:046d:c31c\tUSB or PCI vendor, and product\n"
            "prop.KEY  prop.KEY=value\ta property\n"
            "under:/path\ta path and everything below it"
        )

    def _menu(self, actions: Actions) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for group in (
            ("open", "window"),
            ("install", "launch"),
            ("plug", "unplug", "recorded", "pull"),
            ("crash", "restart"),
            ("next", "previous", "back"),
            ("expand", "collapse"),
            ("save", "export"),
            ("compare", "now"),
            ("developer", "service"),
            ("theme",),
            ("quit",),
        ):
            for name in group:
                menu.addAction(actions[name])
            menu.addSeparator()
        return menu

    @Slot()
    def _typed(self) -> None:
        self._rest.start()

    @Slot()
    def _search(self) -> None:
        self.searched.emit(self.search.text())
