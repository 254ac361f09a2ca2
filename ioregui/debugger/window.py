"""A driver under the debugger, in a window of its own: threads, frames, variables, a console.

Invariant: never waits for the driver; closing the window leaves the session, and the driver goes
on.
"""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from ioregui.bridge import Bridge
from ioregui.debugger import columns
from ioregui.debugger.columns import FrameRow, ThreadRow
from ioregui.debugger.connection import Connection
from ioregui.debugger.console import Console
from ioregui.plaintext import SENTENCE, plain
from ioregui.records.column import Record
from ioregui.records.model import RecordModel
from ioregui.records.table import RecordTable
from runtime.model.records import Driver
from runtime.wire.client import Refusal
from runtime.wire.commands.drivers import DebugDoor, DebugDriver
from runtime.wire.debugger import PROMPT, Variable, View

SIZE = (940, 640)


class DebuggerWindow(QWidget):
    """One driver's sessions, one after the other.

    Signals:
        closed: The user closed it; the session is over.
    """

    closed = Signal()

    def __init__(self, bridge: Bridge, driver: Driver) -> None:
        super().__init__()
        self._bridge = bridge
        self._driver = driver
        self._view: View | None = None
        self.connection = Connection(self)
        self.state = QLabel()
        self.state.setTextFormat(Qt.TextFormat.PlainText)
        self.state.setWordWrap(True)
        self.threads = _table(
            RecordModel(columns.threads(), _place, _place, self), self.tr("Threads, stuck first")
        )
        self.frames = _table(
            RecordModel(columns.frames(), _place, _place, self), self.tr("Frames of the thread")
        )
        self.variables = _table(
            RecordModel(columns.variables(), _name, _name, self), self.tr("Variables of the frame")
        )
        self.console = Console()
        self.on = QPushButton(self.tr("Continue (F5)"))
        self.next = QPushButton(self.tr("Next line (F10)"))
        self.detach = QPushButton(self.tr("Detach"))
        self.again = QPushButton(self.tr("Debug again"))
        self._lay_out()
        self._connect()
        self.setWindowTitle(self.tr("Debugger: {0}").format(plain(driver.name)))
        self.resize(*SIZE)

    def enter(self, door: DebugDoor) -> None:
        """Begin a session."""
        self._view = None
        self._enable(on=True)
        self._tell(
            self.tr("Waiting until the Default queue of {0} runs Python …").format(
                plain(self._driver.name)
            )
        )
        self.connection.open(door.path)
        self.console.typed.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Leave the driver to itself."""
        self.connection.close()
        self.closed.emit()
        event.accept()

    @Slot(str)
    def say(self, line: str) -> None:
        """Type a line for the user, who sees it."""
        self.console.say(f"{PROMPT}{line}")
        self.connection.say(line)
        if self.connection.is_open:
            self._tell(self.tr("Waiting for pdb: the driver may run until a breakpoint."))

    @Slot(object)
    def _viewed(self, view: View) -> None:
        self._view = None  # what is selected from here on follows the view
        threads, frames = columns.thread_rows(view), columns.frame_rows(view)
        self.threads.show_records(threads)
        self.frames.show_records(frames)
        self.variables.show_records(view.variables)
        at = next((row.at for row in threads if row.thread.name == view.thread), -1)
        self.threads.select_key(at)
        self.frames.select_key(view.frame)
        self._view = view
        where = next((row.frame for row in frames if row.at == view.frame), None)
        if where is not None:
            self._tell(
                self.tr("The driver is stopped and waits. Shown: {0} of {1}, {2}").format(
                    plain(where.function), plain(view.thread), columns.place(where)
                )
            )

    @Slot()
    def _thread_picked(self) -> None:
        row = self.threads.selected
        if row is not None and self._view is not None and row.thread.name != self._view.thread:
            self.say(f"thread {row.thread.name}")

    @Slot()
    def _frame_picked(self) -> None:
        row = self.frames.selected
        if row is not None and self._view is not None and row.at != self._view.frame:
            self.say(f"frame {row.at}")

    @Slot()
    def _variable_chosen(self) -> None:
        variable = self.variables.selected
        if variable is not None:
            self.console.typed.setText(f"{plain(variable.name)} = ")
            self.console.typed.setFocus()

    @Slot(str)
    def _ended(self, why: str) -> None:
        over = self.tr("The session is over: {0} is held no longer.").format(
            plain(self._driver.name)
        )
        self._tell(plain(why, SENTENCE) or over)
        self._enable(on=False)
        self._view = None
        self.threads.show_records(())
        self.frames.show_records(())
        self.variables.show_records(())
        self.again.setFocus()

    @Slot()
    def _continue(self) -> None:
        self.say("c")

    @Slot()
    def _next_line(self) -> None:
        self.say("n")

    @Slot()
    def _leave(self) -> None:
        self.connection.close()
        self._ended("")

    @Slot()
    def _debug_again(self) -> None:
        self._bridge.ask(DebugDriver(self._driver.id), self.enter, self._refused)

    def _refused(self, refusal: Refusal) -> None:
        self._tell(plain(refusal.text, SENTENCE))

    def _tell(self, text: str) -> None:
        self.state.setText(text)
        self.state.setAccessibleName(text)

    def _enable(self, *, on: bool) -> None:
        for part in (self.on, self.next, self.detach, self.console.typed):
            part.setEnabled(on)
        self.again.setVisible(not on)

    def _connect(self) -> None:
        self.connection.said.connect(self.console.say)
        self.connection.viewed.connect(self._viewed)
        self.connection.ended.connect(self._ended)
        self.console.typed.entered.connect(self.say)
        self.threads.picked.connect(self._thread_picked)
        self.frames.picked.connect(self._frame_picked)
        self.variables.activated.connect(self._variable_chosen)
        self.on.setShortcut(QKeySequence("F5"))
        self.on.clicked.connect(self._continue)
        self.next.setShortcut(QKeySequence("F10"))
        self.next.clicked.connect(self._next_line)
        self.detach.clicked.connect(self._leave)
        self.again.clicked.connect(self._debug_again)
        QShortcut(QKeySequence("Ctrl+W"), self).activated.connect(self.close)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 8, 12, 8)
        bar.setSpacing(8)
        bar.addWidget(self.state, 1)
        for button in (self.on, self.next, self.detach, self.again):
            button.setAutoDefault(False)
            bar.addWidget(button)
        tables = QSplitter(Qt.Orientation.Horizontal)
        for table in (self.threads, self.frames, self.variables):
            tables.addWidget(table)
        tables.setSizes([300, 300, 300])
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(tables)
        split.addWidget(self.console)
        split.setSizes([260, 300])
        for each in (tables, split):
            each.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(split, 1)


def _table(model: RecordModel[Record], name: str) -> RecordTable[Record]:
    return RecordTable(model, name, selects_first=False)


def _place(row: ThreadRow | FrameRow) -> int:
    return row.at


def _name(variable: Variable) -> str:
    return variable.name
