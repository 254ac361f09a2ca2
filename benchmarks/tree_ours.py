"""Our side of `benchmarks.tree`: mirror, model, view, and the inspector's properties beside it.

Invariant: goes the way of the window: messages through socket and bridge into the mirror, changes
into model and panel.
"""

import random
import socket
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import msgspec
from PySide6.QtCore import QSocketNotifier, Qt, QTimer
from PySide6.QtWidgets import QApplication, QSplitter

from benchmarks.tree import FRAMES, KEYS, STORM, median, resident, tell, timed
from ioregui.bridge import Bridge
from ioregui.properties.panel import PropertiesPanel
from ioregui.registry.model import RegistryModel
from ioregui.registry.view import RegistryView
from ioregui.window.selection import Selection
from runtime.client.client import Client
from runtime.model import properties
from runtime.model.entry import Entry, Kind
from runtime.model.identity import ROOT_ID, EntryId
from runtime.wire import framing, limits, session
from runtime.wire.client import Delta, Hello, Part, SnapshotBegin, SnapshotEnd, ToClient

SIZE = (1200, 800)
CHILDREN = 10
PART = 256  # entries of one part of a snapshot, about
SLICE = 125  # entries of one delta of the storm
PARENTS = 5000  # entries below which the storm's come
PIECE = 64 << 10  # bytes sent at once
TIMEOUT = 30.0  # seconds


def entry(number: int) -> Entry:
    """One of the entries: a device with 200 bytes of properties, ten below each."""
    parent = 0 if number == 0 else ROOT_ID + (number - 1) // CHILDREN
    name = f"device {number}" if number % 10 else f"tenth {number}"
    props = properties.encode({"number": number, "text": "x" * 160, "name": name[:8]})
    return Entry(
        EntryId(ROOT_ID + number), parent, name, "IOService", kind=int(Kind.DEVICE), props=props
    )


class Scene:
    """The widgets, as the window puts them together."""

    def __init__(self, application: QApplication) -> None:
        self.application = application
        self.bridge = Bridge()
        self.selection = Selection()
        self.model = RegistryModel(self.bridge.mirror, self.selection)
        self.view = RegistryView(self.model, self.selection)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.addWidget(self.view)
        self.split.addWidget(PropertiesPanel(self.bridge, self.selection))
        self.split.resize(*SIZE)
        self.split.show()
        self.sequence = 1
        self.random = random.Random(1)  # noqa: S311 - the same storm in every run
        self.leaves: list[EntryId] = []
        self.sender = Sender()
        self.bridge.reset.connect(self.model.reset)
        self.bridge.changing.connect(self.model.apply)
        self.bridge.changing.connect(self.view.show_at_once)
        self.model.turns.going_on.connect(self.bridge.hold)

    def fill(self, entries: int) -> None:
        """Make the snapshot as it comes from the wire."""
        self.sender.send(SnapshotBegin(self.sequence, "run"))
        for first in range(0, entries, PART):
            numbers = range(first, min(first + PART, entries))
            self.sender.send(Part(tuple(entry(at) for at in numbers)))
        self.sender.send(SnapshotEnd())

    def load(self) -> None:
        """Receive and apply it."""
        self.bridge.attach(self.sender.client)
        self.wait(lambda: self.bridge.is_connected)
        children = self.bridge.mirror.children
        self.leaves = [at for at in map(EntryId, self.bridge.mirror.entries) if at not in children]
        self.random.shuffle(self.leaves)

    def show(self) -> None:
        """Every row expanded and painted."""
        self.model.expand_below(0)
        self.selection.select(ROOT_ID + 1)
        self.paint()

    def paint(self) -> None:
        """Do what waits, and paint."""
        self.application.processEvents()
        self.view.viewport().repaint()

    def scroll(self) -> None:
        """One step of a scroll bar, painted, with another entry selected."""
        bar = self.view.verticalScrollBar()
        bar.setValue((bar.value() + 997) % max(1, bar.maximum()))
        self.view.viewport().repaint()

    def filter(self, text: str) -> None:
        """Type a search, and see its result."""
        self.model.set_filter(text)
        self.paint()

    def storm(self, entries: int) -> float:
        """Milliseconds of the loop's longest turn while entries come and go all over the tree.

        Begins with the first message on the socket and ends when the last mark has gone.
        """
        come = [self._somewhere(entry(at)) for at in range(entries, entries + STORM)]
        gone = [self.leaves.pop() for _ in range(STORM)]
        found = come[-10].id  # a tenth, which every search of ours finds
        gap = Gap()
        for first in range(0, STORM, SLICE):
            part = slice(first, first + SLICE)
            self.sender.send(Delta(self.sequence, tuple(come[part]), tuple(gone[part])))
            self.sequence += 1
        self.wait(lambda: self.model.row_of(found) >= 0)
        self.wait(lambda: self.model.rows.next_deadline is None)
        return gap.longest * 1000

    def _somewhere(self, made: Entry) -> Entry:
        return msgspec.structs.replace(made, parent=ROOT_ID + self.random.randrange(PARENTS))

    def wait(self, until: Callable[[], bool]) -> None:
        """Turn the event loop until something holds."""
        end = time.monotonic() + TIMEOUT
        while not until():
            if time.monotonic() > end:
                raise TimeoutError(f"storm: expected its end within {TIMEOUT:g} s, found none")
            self.application.processEvents()


class Sender:
    """The runtime's end of a connection; sends as the socket takes it."""

    def __init__(self) -> None:
        self._sock, theirs = socket.socketpair()
        self._sock.setblocking(False)
        self.client = Client(theirs, "benchmark")
        self._session = session.runtime_of_client()
        self._waiting = bytearray()
        self._writable = QSocketNotifier(self._sock.fileno(), QSocketNotifier.Type.Write)
        self._writable.activated.connect(self._write)
        self.send(Hello(limits.CLIENT_VERSION, "runtime"))

    def send(self, message: ToClient) -> None:
        """Send a message in the turns that follow."""
        self._waiting += framing.frame(self._session.encode(message))
        self._writable.setEnabled(True)

    def _write(self) -> None:
        del self._waiting[: self._sock.send(self._waiting[:PIECE])]
        self._writable.setEnabled(bool(self._waiting))


class Gap:
    """Measures the longest pause between two turns of the event loop."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.timeout.connect(self._turn)
        self._timer.start(0)

    def _turn(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, now - self._last)
        self._last = now


def main() -> None:
    """Measure and print one object."""
    entries = int(sys.argv[1])
    scene = Scene(QApplication(sys.argv[:1]))
    scene.fill(entries)
    before = resident()
    parsed = timed(scene.load)
    shown = timed(scene.show)
    size = (resident() - before) / entries
    tell(parsed_ms=parsed, shown_ms=shown, bytes_an_entry=size)
    tell(frame_ms=median(scene.scroll, FRAMES))
    tell(storm_stall_ms=scene.storm(entries))
    scene.filter("device")
    tell(keystroke_ms=statistics.median(timed(partial(scene.filter, key)) for key in KEYS))
    tell(filtered_frame_ms=median(scene.scroll, FRAMES))
    tell(filtered_storm_stall_ms=scene.storm(entries + STORM))


if __name__ == "__main__":
    main()
