"""Save recording and Export: the question, the process that writes, and what became of it.

Invariant: one file at a time; what is written is what is shown, its plane and its moment.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from ioregui.bridge import Bridge
from ioregui.export.choices import FORMS, RECORDING
from ioregui.export.dialog import SaveDialog
from ioregui.export.errand import Errand
from ioregui.household import Household
from ioregui.plaintext import SENTENCE, plain
from ioregui.window.actions import Actions


class Saver(QObject):
    """Carries the two actions out.

    Signals:
        told: One sentence on what was written.
        failed: One sentence on what was not.
    """

    told = Signal(str)
    failed = Signal(str)

    def __init__(
        self,
        bridge: Bridge,
        household: Household,
        actions: Actions,
        window: QWidget,
        plane: Callable[[], str],
    ) -> None:
        """`window` owns this; `plane` says which one it shows."""
        super().__init__(window)
        self._bridge = bridge
        self._plane = plane
        self._target = ""
        self._errand = Errand(household, self)
        self.dialog = SaveDialog(window)
        self.dialog.decided.connect(self._write)
        self._errand.done.connect(self._done)
        self._errand.failed.connect(self.failed)
        actions["save"].triggered.connect(self.save)
        actions["export"].triggered.connect(self.export)

    @Slot()
    def save(self) -> None:
        """Ask for a recording."""
        self.dialog.ask(RECORDING, self._bridge.mirror.past_ms)

    @Slot()
    def export(self) -> None:
        """Ask for another form."""
        self.dialog.ask(FORMS[1].word, self._bridge.mirror.past_ms)

    @Slot()
    def end(self) -> None:
        """Leave nothing running; the window goes."""
        self._errand.end()

    @Slot(list, str)
    def _write(self, arguments: list[str], path: str) -> None:
        if self._errand.is_running:
            busy = self.tr("{0} is still being written.")
            self.failed.emit(busy.format(plain(self._target, SENTENCE)))
            return
        self._target = path
        self._errand.run("--plane", self._plane(), *arguments)

    @Slot()
    def _done(self) -> None:
        self.told.emit(self.tr("Saved: {0}").format(plain(self._target, SENTENCE)))
