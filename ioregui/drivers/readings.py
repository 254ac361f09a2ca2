"""What the processes use, asked for while somebody looks.

Invariant: nothing is asked while the watched page is hidden, and never two questions at once.
"""

from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from ioregui.bridge import Bridge
from runtime.model.processes import Process
from runtime.wire.client import Refusal
from runtime.wire.commands.drivers import Processes, ReadProcesses

FIRST_MS = 500  # until the second reading, which makes a rate of the first
PERIOD_MS = 2000


@dataclass(frozen=True, slots=True)
class Reading:
    """Processes with what each used; `shares` is of one processor since the reading before.

    A process has no share until it was read twice.
    """

    at_us: int = 0
    processes: tuple[Process, ...] = ()
    shares: dict[int, float] = field(default_factory=dict)  # by pid


def compare(before: Reading, found: Processes) -> Reading:
    """Return what was found as a reading, with shares by the reading before it."""
    earlier = {(one.pid, one.started_us): one.cpu_us for one in before.processes}
    passed = found.at_us - before.at_us
    shares = {}
    for one in found.processes:
        used = earlier.get((one.pid, one.started_us))
        if used is not None and passed > 0:
            shares[one.pid] = max(0.0, (one.cpu_us - used) / passed)
    return Reading(found.at_us, found.processes, shares)


class Readings(QObject):
    """Reads again and again while a page is on the screen.

    Attributes:
        last: The newest reading; an empty one before the first, and without a runtime.

    Signals:
        read: There is a new one.
    """

    read = Signal()

    def __init__(self, bridge: Bridge, page: QWidget) -> None:
        """Watch for `page`, which owns this."""
        super().__init__(page)
        self.last = Reading()
        self._bridge = bridge
        self._page = page
        self._open = False
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self._ask)
        page.installEventFilter(self)
        bridge.reset.connect(self._begin)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's; begins and ends with the page on the screen."""
        if event.type() == QEvent.Type.Show:
            self._again.start(0)
        elif event.type() == QEvent.Type.Hide:
            self._again.stop()
        return super().eventFilter(watched, event)

    @Slot()
    def _begin(self) -> None:
        """Begin anew: the runtime may be another one, which answers no earlier question."""
        self.last = Reading()
        self._open = False
        self.read.emit()
        if self._page.isVisible():
            self._again.start(0)

    @Slot()
    def _ask(self) -> None:
        if not self._open:
            self._open = True
            self._bridge.ask(ReadProcesses(), self._answered, self._refused)

    def _answered(self, found: Processes) -> None:
        first = not self.last.processes
        self.last = compare(self.last, found)
        self._settle(FIRST_MS if first else PERIOD_MS)

    def _refused(self, _refusal: Refusal) -> None:
        self.last = Reading()
        self._settle(PERIOD_MS)

    def _settle(self, pause_ms: int) -> None:
        self._open = False
        if self._page.isVisible():
            self._again.start(pause_ms)
        self.read.emit()
