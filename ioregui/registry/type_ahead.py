"""Finding a row by typing the beginning of its name.

Invariant: what was typed is forgotten after the system's pause between keys.
"""

import time

from PySide6.QtWidgets import QApplication

from ioregui.registry.cells import Column
from ioregui.registry.model import RegistryModel


class TypeAhead:
    """What is being typed over the rows of a model."""

    def __init__(self, model: RegistryModel) -> None:
        self._model = model
        self._typed = ""
        self._typed_at = 0.0

    def row(self, text: str, current: int) -> int:
        """Take more text; return the row whose name begins with all of it, -1 for none.

        Looks from the row `current` on, which is -1 for none, and goes on from the top.
        """
        now = time.monotonic()
        pause = now - self._typed_at
        self._typed_at = now
        going_on = pause * 1000 < QApplication.keyboardInputInterval() and self._typed
        self._typed = f"{self._typed}{text}".casefold() if going_on else text.casefold()
        count = self._model.rowCount()
        first = max(0, current) + (not going_on)
        for step in range(count):
            row = (first + step) % count
            if self._model.text(row, Column.NAME).casefold().startswith(self._typed):
                return row
        return -1
