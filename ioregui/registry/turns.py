"""Work done in turns of the event loop.

Invariant: one piece of work is at an end before the next begins; a turn spends little more than
`TURN_S` on it.
"""

import math
import time
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ioregui.registry.work import Work

T = TypeVar("T")

TURN_S = 0.005


class Turns(QObject):
    """Carries work through: what fits into a turn at once, the rest in the turns that follow.

    Signals:
        going_on: Whether work waits for another turn.
    """

    going_on = Signal(bool)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._work: Work[Any] | None = None
        self._on_end: Callable[[Any], None] = lambda _: None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)

    def begin(self, work: Work[T], on_end: Callable[[T], None]) -> None:
        """Finish what is being done, and begin this; `on_end` is called with its result."""
        self.finish()
        self._work, self._on_end = work, on_end
        self._turn()
        if self._work is not None:
            self._timer.start(0)
            self.going_on.emit(True)

    def finish(self) -> None:
        """Do all that is left, now."""
        self._run(math.inf)

    def drop(self) -> None:
        """Forget what is being done; its `on_end` is not called."""
        self._work = None
        if self._timer.isActive():
            self._timer.stop()
            self.going_on.emit(False)

    @Slot()
    def _turn(self) -> None:
        self._run(time.monotonic() + TURN_S)

    def _run(self, end: float) -> None:
        work = self._work
        if work is None:
            return
        waits, result = False, None
        try:
            next(work)
            while time.monotonic() < end:
                next(work)
            waits = True
        except StopIteration as stop:
            result = stop.value
        finally:
            if not waits:
                self.drop()
        if not waits:
            self._on_end(result)
