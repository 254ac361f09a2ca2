"""What the whole window speaks of: the selected entry.

Invariant: one object for the whole window; nobody else keeps a selection.
"""

from PySide6.QtCore import QObject, Signal, Slot

STEPS = 100
"""So many links can be gone back."""


class Selection(QObject):
    """The id of the selected entry, 0 for none.

    Signals:
        changed: The id that is selected now.
    """

    changed = Signal(object)  # an id has 64 bits, Qt's int has 32

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entry = 0
        self._back: list[int] = []  # entries from which links were followed

    @property
    def entry(self) -> int:
        """The selected entry's id, 0 for none."""
        return self._entry

    def select(self, entry: int) -> None:
        """Select an entry; selecting what is selected does nothing."""
        if entry != self._entry:
            self._entry = entry
            self.changed.emit(entry)

    def follow(self, entry: int) -> None:
        """Select what a link leads to; `go_back` returns."""
        if entry != self._entry:
            self._back = [*self._back, self._entry][-STEPS:]
            self.select(entry)

    @property
    def can_go_back(self) -> bool:
        """Whether a link was followed from an entry."""
        return bool(self._back)

    @Slot()
    def go_back(self) -> None:
        """Select the entry from which the last link was followed."""
        if self._back:
            self.select(self._back.pop())
