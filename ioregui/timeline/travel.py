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
from runtime.wire.commands.registry import HistoryPage
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
        self._entry = 0  # what the reader selected, also where it is not there
        self._run = ""
        self._path = ""
        self._leading = False  # the selection is being changed from here
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
        if self._bridge.mirror.past_ms:
            self._note()
            self._bridge.show_now()
            self._select()

    def _retrieve(self) -> None:
        self._retrieval = Retrieval(self._wanted)
        self._bridge.ask(self._retrieval.command, self._add, self._refused)

    def _add(self, page: HistoryPage) -> None:
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
        self._note()
        self._bridge.show_past(moment, ms)
        self._select()

    def _note(self) -> None:
        """Note the path of what is selected while it is there."""
        mirror = self._bridge.mirror
        if mirror.shown_run == self._run and self._entry in mirror.entries:
            self._path = mirror.path(self._entry)

    def _select(self) -> None:
        """Select in what is shown now what the reader selected, or the nearest above it."""
        mirror = self._bridge.mirror
        there = mirror.shown_run == self._run and self._entry in mirror.entries
        found = self._entry if there else mirror.nearest(self._path) if self._path else 0
        self._leading = True
        self._selection.select(found or self._selection.entry)
        self._leading = False

    @Slot(object)
    def _selected(self, entry: int) -> None:
        if not self._leading:
            mirror = self._bridge.mirror
            self._entry, self._run, self._path = entry, mirror.shown_run, mirror.path(entry)

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
