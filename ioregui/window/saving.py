"""Saving something to a file of the user's choice, without stopping the window.

Invariant: a file is replaced whole or not at all; what is no ordinary file is left alone.
"""

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QIODevice, QObject, QSaveFile, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from ioregui.plaintext import SENTENCE, plain

_WRITING = QIODevice.OpenModeFlag.WriteOnly


class Saving(QObject):
    """One question for a file, and the writing of it.

    Signals:
        told: One sentence on what was written.
        failed: One sentence why nothing was.
    """

    told = Signal(str)
    failed = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._content = b""

    def ask(self, title: str, name: str, content: bytes) -> QFileDialog:
        """Ask where `content` shall go; `name` is what is offered. Returns the open dialog."""
        self._content = content
        parent = self.parent()
        dialog = QFileDialog(parent if isinstance(parent, QWidget) else None, title, name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(name)
        dialog.fileSelected.connect(self.save)
        dialog.open()
        return dialog

    @Slot(str)
    def save(self, path: str) -> None:
        """Write what was asked about to a file."""
        why = write(Path(path), self._content)
        if why:
            self.failed.emit(why)
        else:
            self.told.emit(self.tr("Saved: {0}").format(plain(path, SENTENCE)))


def write(path: Path, content: bytes) -> str:
    """Replace a file's content; return one sentence why it could not be done, else nothing."""
    shown = plain(str(path), SENTENCE)
    if path.exists() and not path.is_file():
        text = QCoreApplication.translate("Saving", "{0}: expected an ordinary file, found another")
        return text.format(shown)
    file = QSaveFile(str(path))
    if file.open(_WRITING) and file.write(content) == len(content) and file.commit():
        return ""
    return f"{shown}: {plain(file.errorString(), SENTENCE)}"
