"""What the clipboard gets of the selected entry.

Invariant: reads the model; an entry that is no more leaves the clipboard as it is.
"""

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication

from ioregui.properties.text import entry_text
from ioregui.registry.model import RegistryModel
from ioregui.window.selection import Selection


class Copying(QObject):
    """Copies of the selected entry; slots of the view's actions."""

    def __init__(self, model: RegistryModel, selection: Selection, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model
        self._selection = selection

    @Slot()
    def copy_path(self) -> None:
        """Put the path of the selected entry on the clipboard."""
        QGuiApplication.clipboard().setText(self._model.rows.path(self._selection.entry))

    @Slot()
    def copy_name(self) -> None:
        """Put the name of the selected entry on the clipboard."""
        entry = self._model.rows.entry(self._selection.entry)
        if entry is not None:
            QGuiApplication.clipboard().setText(self._model.rows.title(entry))

    @Slot()
    def copy_properties(self) -> None:
        """Put the properties of the selected entry on the clipboard, as text."""
        entry = self._model.rows.entry(self._selection.entry)
        if entry is not None:
            QGuiApplication.clipboard().setText(entry_text(entry, self._model.rows.path(entry.id)))
