"""Reads a comparison that the export process wrote, slice by slice.

Invariant: a turn of the event loop spends about `SLICE_S` on it; nothing is read twice.
"""

import time
from pathlib import Path
from typing import BinaryIO

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ioregui.compare.difference import Difference, read

SLICE_S = 0.004


class Intake(QObject):
    """One file at a time.

    Signals:
        came: A list of `Difference`s, in order.
        ended: All have come.
        failed: One sentence why the file cannot be read.
    """

    came = Signal(list)
    ended = Signal()
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._file: BinaryIO | None = None
        self._turns = QTimer(self)
        self._turns.setSingleShot(True)
        self._turns.timeout.connect(self._turn)

    def read(self, path: Path) -> None:
        """Begin; an earlier file is left."""
        self.stop()
        try:
            self._file = path.open("rb")
        except OSError as error:
            self.failed.emit(f"{path}: expected a comparison, found: {error.strerror}")
            return
        self._turns.start(0)

    def stop(self) -> None:
        """Read no more."""
        self._turns.stop()
        if self._file is not None:
            self._file.close()
            self._file = None

    @Slot()
    def _turn(self) -> None:
        if self._file is None:
            return
        found: list[Difference] = []
        until = time.monotonic() + SLICE_S
        more = True
        try:
            while more and time.monotonic() < until:
                line = self._file.readline()
                more = bool(line)
                if (one := read(line)) is not None:
                    found.append(one)
        except (msgspec.MsgspecError, OSError) as error:
            self.stop()
            self.failed.emit(f"comparison: expected lines of ioreg --diff --json, found: {error}")
            return
        if found:
            self.came.emit(found)
        if more:
            self._turns.start(0)
        else:
            self.stop()
            self.ended.emit()
