"""What the whole window speaks of: the selected entry.

Invariant: one object for the whole window; nobody else keeps a selection.
"""

from PySide6.QtCore import QObject, Signal


class Selection(QObject):
    """The id of the selected entry, 0 for none.

    Signals:
        changed: The id that is selected now.
    """

    changed = Signal(object)  # an id has 64 bits, Qt's int has 32

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entry = 0

    @property
    def entry(self) -> int:
        """The selected entry's id, 0 for none."""
        return self._entry

    def select(self, entry: int) -> None:
        """Select an entry; selecting what is selected does nothing."""
        if entry != self._entry:
            self._entry = entry
            self.changed.emit(entry)
