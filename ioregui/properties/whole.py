"""A window with all of one long value: data in lines of sixteen bytes, text wrapped.

Invariant: makes only the lines that are on the screen, however long the value is.
"""

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ioregui import fonts
from ioregui.plaintext import plain
from ioregui.properties.values import characters
from ioregui.window.saving import Saving

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_DISPLAY = int(Qt.ItemDataRole.DisplayRole)
BYTES = 16
CHARACTERS = 100
SIZE = (860, 520)


class LineModel(QAbstractListModel):
    """Data or text as lines."""

    def __init__(self, value: bytes | str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._value = value
        self._width = BYTES if isinstance(value, bytes) else CHARACTERS

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Qt's."""
        return 0 if parent.isValid() else -(-len(self._value) // self._width)

    def data(self, index: Index, role: int = 0) -> str | None:
        """Qt's."""
        return self.line(index.row()) if role == _DISPLAY else None

    def line(self, at: int) -> str:
        """Return one line."""
        start = at * self._width
        part = self._value[start : start + self._width]
        if isinstance(part, bytes):
            return f"{start:08x}  {part.hex(' ', -4):<35}  {characters(part)}"
        return plain(part)


class WholeValue(QDialog):
    """Shows one value; not modal, several can be open.

    Attributes:
        saving: Writes the value to a file, as it is.
    """

    def __init__(self, key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = key
        self._value: bytes | str = ""
        self.saving = Saving(self)
        self._note = QLabel()
        self.lines = QListView()
        self._build()
        self.setWindowTitle(plain(key))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*SIZE)
        self.saving.told.connect(self.say)
        self.saving.failed.connect(self.say)

    def show_value(self, value: bytes | str) -> None:
        """Show a value."""
        self._value = value
        self.lines.setModel(LineModel(value, self))
        size = f"{len(value):,}"
        text = self.tr("{0} bytes") if isinstance(value, bytes) else self.tr("{0} characters")
        self.say(text.format(size))

    @Slot(str)
    def say(self, text: str) -> None:
        """Say something of the value, below it."""
        self._note.setText(text)

    @Slot()
    def copy(self) -> None:
        """Put the selected lines on the clipboard, all of the value when none is."""
        rows = sorted(index.row() for index in self.lines.selectedIndexes())
        model = self.lines.model()
        if rows and isinstance(model, LineModel):
            QGuiApplication.clipboard().setText("\n".join(map(model.line, rows)))
            return
        value = self._value
        QGuiApplication.clipboard().setText(value if isinstance(value, str) else value.hex())

    @Slot()
    def save(self) -> None:
        """Ask for a file and write the value into it."""
        value = self._value
        text = isinstance(value, str)
        content = value.encode() if isinstance(value, str) else value
        self.saving.ask(self.tr("Save value"), _file_name(self._key, text=text), content)

    def _build(self) -> None:
        self._note.setProperty("role", "muted")
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self.lines.setAccessibleName(self.tr("All of {0}").format(plain(self._key)))
        self.lines.setUniformItemSizes(True)
        self.lines.setFont(fonts.fixed())
        self.lines.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.lines.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        copy = QAction(self.tr("Copy"), self.lines)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        self.lines.addAction(copy)
        buttons = QHBoxLayout()
        buttons.addWidget(self._note, 1)
        for text, slot in (
            (self.tr("Copy"), self.copy),
            (self.tr("Save…"), self.save),
            (self.tr("Close"), self.close),
        ):
            button = QPushButton(text)
            button.setAutoDefault(False)
            button.clicked.connect(slot)
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.addWidget(self.lines, 1)
        column.addLayout(buttons)


def _file_name(key: str, *, text: bool) -> str:
    """What to offer as a file's name for a key's value."""
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in plain(key)).strip("._")
    return f"{name or 'value'}.{'txt' if text else 'bin'}"
