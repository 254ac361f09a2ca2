"""Going to an earlier moment of the registry, and back.

Invariant: one retrieval at a time; of several moments asked for meanwhile only the last counts.
"""

from PySide6.QtCore import QObject, Signal, Slot

from ioregui.bridge import Bridge
from ioregui.plaintext import SENTENCE, plain
from ioregui.window.selection import Selection
from runtime.client.past import Retrieval
from runtime.model.errors import BreachError
from runtime.wire import client as wire
from runtime.wire.history import Moment


class TimeTravel(QObject):
    """Makes the window's mirror show what was asked for; the selection goes along by path.

    Signals:
        failed: One sentence why a moment cannot be shown.
    """

    failed = Signal(str)

    def __init__(self, bridge: Bridge, selection: Selection, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._selection = selection
        self._wanted = 0  # the moment asked for, 0 for now
        self._retrieval: Retrieval | None = None
        self._path = ""  # of what the reader selected, also where it was not there yet
        bridge.connected.connect(self._forget)
        bridge.disconnected.connect(self._forget)
        selection.changed.connect(self._selected)

    @Slot(object)
    def go_to(self, ms: int) -> None:
        """Show the registry as it was; milliseconds since 1970."""
        self._wanted = ms
        if self._retrieval is None:
            self._retrieve()

    @Slot()
    def go_to_now(self) -> None:
        """Show the registry as it is, and follow it again."""
        self._wanted = 0
        path = self._path
        self._bridge.show_now()
        self._select(path)

    def _retrieve(self) -> None:
        self._retrieval = Retrieval(self._wanted)
        self._bridge.ask(self._retrieval.command, self._add, self._refused)

    def _add(self, page: wire.HistoryPage) -> None:
        retrieval = self._retrieval
        if retrieval is None:
            return
        try:
            moment = retrieval.add(page)
        except BreachError as error:
            self._fail(str(error))
            return
        if moment is None:
            self._bridge.ask(retrieval.command, self._add, self._refused)
            return
        self._retrieval = None
        if self._wanted:
            self._show(moment, retrieval.command.at_ms)
        if self._wanted not in {0, retrieval.command.at_ms}:
            self._retrieve()

    def _show(self, moment: Moment, ms: int) -> None:
        path = self._path
        self._bridge.show_past(moment, ms)
        self._select(path)

    def _select(self, path: str) -> None:
        """Select what is at a path in what is shown now, or the nearest above it."""
        if path and self._bridge.mirror.path(self._selection.entry) != path:
            self._selection.select(self._bridge.mirror.nearest(path))
        self._path = path

    @Slot(object)
    def _selected(self, entry: int) -> None:
        self._path = self._bridge.mirror.path(entry) or self._path

    def _refused(self, refusal: wire.Refusal) -> None:
        self._fail(refusal.text)

    def _fail(self, text: str) -> None:
        self._retrieval = None
        self._wanted = self._bridge.mirror.past_ms
        self.failed.emit(plain(text, SENTENCE))

    @Slot()
    def _forget(self) -> None:
        """A retrieval from a runtime that is gone is never answered."""
        self._retrieval = None
