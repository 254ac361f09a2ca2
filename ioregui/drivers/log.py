"""The log of one driver: what it said, as it says it.

The end is followed until the reader scrolls up, and again when they come back to the end.
Invariant: what the mirror has is shown at once; older lines come from the runtime when asked.
"""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ioregui import fonts
from ioregui.bridge import Bridge
from ioregui.drivers.log_model import LogModel
from ioregui.drivers.log_search import LogSearch
from ioregui.mirror import Changes
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.fit import ColumnFit, Wish
from ioregui.records.notice import Notice
from ioregui.records.table import dress
from runtime.model.identity import DriverId
from runtime.wire.client import Refusal
from runtime.wire.commands.drivers import LogPage, ReadLog

_WIDTHS = (12, 7, 40)  # characters of time, source and text
_PADDING = 20


class LogView(QTableView):
    """A log's lines in fixed-width text; several can be selected and copied.

    Signals:
        keyed: A key was pressed, and the view may have scrolled by it.
    """

    keyed = Signal()

    def __init__(self, model: LogSearch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = model
        self.setModel(model)
        dress(self, self.tr("Log"))
        self.setFont(fonts.fixed())
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self._fit = ColumnFit(self, self._wishes)
        copy = QAction(self.tr("Copy lines"), self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        self.addAction(copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move as a list does, then tell."""
        super().keyPressEvent(event)
        self.keyed.emit()

    def showEvent(self, event: QShowEvent) -> None:
        """Size the rows with the font of the style."""
        super().showEvent(event)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 4)

    def _wishes(self) -> list[Wish]:
        """Return what the columns want: the text most; where it is narrow the source goes."""
        width = self.fontMetrics().averageCharWidth()
        time, source, text = (characters * width + _PADDING for characters in _WIDTHS)
        return [Wish(time, time), Wish(source, source, optional=True), Wish(text, text // 2, True)]

    @Slot()
    def copy(self) -> None:
        """Put the selected lines on the clipboard, all of them when none is selected."""
        rows = [index.row() for index in self.selectionModel().selectedRows()]
        chosen = rows or range(self._lines.rowCount())
        QGuiApplication.clipboard().setText(self._lines.text(chosen))


class LogPanel(QWidget):
    """The log of one driver, followed live.

    Signals:
        following: Whether new lines are scrolled into view.
    """

    following = Signal(bool)

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._entry = 0  # whose driver is shown, 0 where it was named itself
        self._driver: DriverId | None = None
        self._dropped = 0
        self._follows = True
        self._asking = False
        self.model = LogModel(self)
        self.shown = LogSearch(self.model, self)
        self.view = LogView(self.shown)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search the log"))
        self.search.setAccessibleName(self.tr("Search the log"))
        self.search.setClearButtonEnabled(True)
        self.count = QLabel()
        self.count.setTextFormat(Qt.TextFormat.PlainText)
        self.to_end = QPushButton(self.tr("Follow the end"))
        self.to_end.setAutoDefault(False)
        self.to_end.setVisible(False)
        self.to_end.clicked.connect(self.follow)
        self.notice = Notice()
        self._pages = EmptyOr(self._content(), self._empty())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.notice)
        layout.addWidget(self._pages)
        self.view.verticalScrollBar().actionTriggered.connect(self._scrolled_by_user)
        self.view.keyed.connect(self._scrolled_by_key)
        self.search.textChanged.connect(self._search)
        bridge.reset.connect(self._reload)
        bridge.changed.connect(self._changed)

    @property
    def follows(self) -> bool:
        """Whether new lines are scrolled into view."""
        return self._follows

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the end in view while it is followed."""
        super().resizeEvent(event)
        if self._follows:
            self.view.scrollToBottom()

    def show_driver(self, driver: DriverId | None) -> None:
        """Show this driver's log; nothing happens when it is shown already."""
        if driver != self._driver:
            self._driver = driver
            self._follows = True
            self._reload()

    @Slot(object)
    def show_entry(self, entry: int) -> None:
        """Show the log of the driver behind a registry entry; 0 for none.

        Logs of earlier runs are gone with them.
        """
        self._entry = entry
        mirror = self._bridge.mirror
        driver = mirror.driver_of(entry) if mirror.shown_run == mirror.run else None
        self.show_driver(None if driver is None else driver.id)

    @Slot()
    def follow(self) -> None:
        """Go to the end and stay there."""
        self._set_follows(True)
        self.view.scrollToBottom()

    @Slot(str)
    def _search(self, words: str) -> None:
        self.shown.setFilterFixedString(words)
        self._settle()

    @Slot()
    def _reload(self) -> None:
        self._dropped = 0
        driver = self._driver
        self.model.load(() if driver is None else self._bridge.mirror.logs.get(driver, ()))
        if driver is not None:
            self._read()
        self._settle()

    def _read(self) -> None:
        """Ask for every line that the runtime keeps; one question at a time."""
        if self._driver is not None:
            self._bridge.ask(ReadLog(self._driver), self._history, self._refused)

    def _refused(self, refusal: Refusal) -> None:
        if refusal.code == "not-allowed":
            self.notice.say(refusal.text)

    def _history(self, page: LogPage) -> None:
        self.notice.say("")
        lines = page.lines
        if not lines or lines[0].driver != self._driver:
            return
        self._dropped = page.dropped
        self.model.load((*lines, *self.model.lines))
        self._settle()

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        if self._driver is None and self._entry and changes.drivers:
            self.show_entry(self._entry)  # its first driver may have come
        lines = [line for line in changes.logs if line.driver == self._driver]
        if not lines:
            return
        missing = self.model.missing()
        self.model.append(lines)
        if self.model.missing() > missing:
            self._read()  # the connection was slow: the runtime may still have them
        self._settle()

    def _settle(self) -> None:
        """Bring labels and scrolling up to date with the lines."""
        self._pages.show_content(bool(self.model.rowCount()))
        text = self._lines_text(self.model.rowCount())
        if self.search.text():
            text = self.tr("{0} of {1}").format(f"{self.shown.rowCount():,}", text)
        dropped = self._dropped + self.model.missing()
        if dropped:
            text += " · " + self.tr("{0} dropped").format(self._lines_text(dropped))
        if throttled := self.model.throttled:
            text += " · " + self.tr("throttled: {0} dropped").format(self._lines_text(throttled))
        self.count.setText(text)
        if self._follows:
            self.view.scrollToBottom()

    @Slot(int)
    def _scrolled_by_user(self, _action: int) -> None:
        bar = self.view.verticalScrollBar()
        self._set_follows(bar.sliderPosition() >= bar.maximum())

    @Slot()
    def _scrolled_by_key(self) -> None:
        bar = self.view.verticalScrollBar()
        self._set_follows(bar.value() >= bar.maximum())

    def _set_follows(self, follows: bool) -> None:
        self.to_end.setVisible(not follows)
        if follows != self._follows:
            self._follows = follows
            self.following.emit(follows)

    def _lines_text(self, count: int) -> str:
        return self.tr("1 line") if count == 1 else self.tr("{0} lines").format(f"{count:,}")

    def _content(self) -> QWidget:
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 4, 8, 4)
        bar.setSpacing(8)
        bar.addWidget(self.search, 1)
        bar.addWidget(self.count)
        bar.addWidget(self.to_end)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addWidget(self.view, 1)
        inner.addLayout(bar)
        return content

    def _empty(self) -> EmptyPage:
        return EmptyPage(
            self.tr("No log lines"),
            self.tr(
                "What the selected driver logs and prints appears here, line by line, from the "
                "first moment of its process."
            ),
        )
