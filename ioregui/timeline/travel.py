"""Going to an earlier moment of the registry, and back.

Invariant: one retrieval at a time; of several moments asked for meanwhile only the last counts. A
turn of the event loop spends about `SLICE_S` on it, however large the registry is.
"""

import time
from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from ioregui.bridge import Bridge
from ioregui.mirror import Past
from ioregui.plaintext import SENTENCE, plain
from ioregui.window.selection import Selection
from runtime.client.past import Retrieval
from runtime.model.errors import BreachError
from runtime.wire import client as wire
from runtime.wire.commands.registry import HistoryPage

SLICE_S = 0.004


class TimeTravel(QObject):
    """Makes the window's mirror show what was asked for; the selection goes along by path.

    Signals:
        failed: One sentence why a moment cannot be shown.
        missed: The path of what the reader selected where it is not there; empty where it is.
    """

    failed = Signal(str)
    missed = Signal(str)

    def __init__(self, bridge: Bridge, selection: Selection, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._selection = selection
        self._wanted = 0  # the moment asked for, 0 for now
        self._retrieval: Retrieval | None = None
        self._work: Iterator[None] | None = None
        self._turns = QTimer(self)
        self._turns.setSingleShot(True)
        self._turns.timeout.connect(self._turn)
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
        if self._retrieval is not None:
            self._work = self._take(self._retrieval, page)
            self._turns.start(0)

    @Slot()
    def _turn(self) -> None:
        """Go on with the page that came, for a slice of time."""
        work, end = self._work, time.monotonic() + SLICE_S
        if work is None:
            return
        try:
            for _ in work:
                if time.monotonic() > end:
                    self._turns.start(0)
                    return
        except BreachError as error:
            self._fail(str(error))

    def _take(self, retrieval: Retrieval, page: HistoryPage) -> Iterator[None]:
        """Take a page step by step; ask for the next, or show what has come together."""
        yield from retrieval.steps(page)
        if retrieval.moment is None:
            self._bridge.ask(retrieval.command, self._add, self._refused)
            return
        past, ms = Past(retrieval.moment), retrieval.command.at_ms
        yield from past.steps()
        self._retrieval = None
        if self._wanted:
            self._show(past, ms)
        if self._wanted not in {0, ms}:
            self._retrieve()

    def _show(self, past: Past, ms: int) -> None:
        self._note()
        self._bridge.show_past(past, ms)
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
        self.missed.emit("" if mirror.path(found) == self._path else self._path)

    @Slot(object)
    def _selected(self, entry: int) -> None:
        if not self._leading:
            mirror = self._bridge.mirror
            self._entry, self._run, self._path = entry, mirror.shown_run, mirror.path(entry)

    def _refused(self, refusal: wire.Refusal) -> None:
        self._fail(refusal.text)

    def _fail(self, text: str) -> None:
        self._retrieval = self._work = None
        self._wanted = self._bridge.mirror.past_ms
        self.failed.emit(plain(text, SENTENCE))

    @Slot()
    def _forget(self) -> None:
        """A retrieval from a runtime that is gone is never answered."""
        self._turns.stop()
        self._retrieval = self._work = None
