"""Our side of `benchmarks.tree`: mirror, model, view, and the inspector's properties beside it.

Invariant: goes the way of the window: messages into the mirror, changes into model and panel.
"""

import json
import statistics
import sys
import time
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QSplitter

from benchmarks.tree import FRAMES, KEYS, STORM, median, resident, timed
from ioregui.bridge import Bridge
from ioregui.properties.panel import PropertiesPanel
from ioregui.registry.model import RegistryModel
from ioregui.registry.view import RegistryView
from ioregui.window.selection import Selection
from runtime.model import properties
from runtime.model.entry import Entry, Kind
from runtime.model.identity import ROOT_ID, EntryId
from runtime.wire import codec
from runtime.wire.client import Delta, Part, SnapshotBegin, SnapshotEnd

SIZE = (1200, 800)
CHILDREN = 10
PART = 256  # entries of one part of a snapshot, about
SLICE = 256  # entries of one delta of the storm

_part: codec.Decoder[Part] = codec.Decoder(Part, "part")


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

    def fill(self, entries: int) -> list[bytes]:
        """The snapshot as it comes from the wire."""
        numbers = range(0, entries, PART)
        return [
            codec.encode(Part(tuple(entry(at) for at in range(first, min(first + PART, entries)))))
            for first in numbers
        ]

    def load(self, parts: list[bytes]) -> None:
        """Decode and apply a snapshot."""
        mirror = self.bridge.mirror
        mirror.apply(SnapshotBegin(self.sequence, "run"))
        for part in parts:
            mirror.apply(_part(part))
        mirror.apply(SnapshotEnd())

    def show(self) -> None:
        """Every row expanded and painted."""
        self.model.reset()
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
        """The longest time without a turn of the loop while entries come and go."""
        gap = Gap()
        for step in range(STORM // SLICE):
            first = entries + step * SLICE
            come = tuple(entry(at) for at in range(first, first + SLICE))
            gone = tuple(EntryId(ROOT_ID + entries - 1 - step * SLICE - at) for at in range(SLICE))
            self.apply(Delta(self.sequence, entries=come, gone_entries=gone))
            self.application.processEvents()
        for _ in range(5):
            self.application.processEvents()
        return gap.longest * 1000

    def apply(self, delta: Delta) -> None:
        """One delta, as the bridge applies it."""
        self.sequence += 1
        changes = self.bridge.mirror.apply(delta)
        self.bridge.changed.emit(changes)
        self.model.apply(changes)


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
    parts = scene.fill(entries)
    before = resident()
    parsed = timed(lambda: scene.load(parts))
    shown = timed(scene.show)
    size = (resident() - before) / entries
    found = {
        "parsed_ms": parsed,
        "shown_ms": shown,
        "bytes_an_entry": size,
        "frame_ms": median(scene.scroll, FRAMES),
        "storm_stall_ms": scene.storm(entries),
    }
    scene.filter("device")
    found["keystroke_ms"] = statistics.median(timed(partial(scene.filter, key)) for key in KEYS)
    found["filtered_frame_ms"] = median(scene.scroll, FRAMES)
    found["filtered_storm_stall_ms"] = scene.storm(entries + STORM)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
