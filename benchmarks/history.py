"""The registry's past at scale: `python -m benchmarks.history [--changes N]`.

5,000 entries and a day of 100,000 changes (devices that come and go, properties, states), written
as the runtime writes them, then forty moments of that day read back as a client reads them: pages,
chunks, entries in order. There is no peer: nothing else keeps a registry's past.
Invariant: what is printed was measured in this run.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from runtime.client.past import Retrieval
from runtime.model.identity import ROOT_ID, EntryId
from runtime.model.properties import Properties
from runtime.registry.history import History
from runtime.registry.journal import Journal
from runtime.registry.tree import Change, Registry

ENTRIES = 5000
CHANGES = 100_000
DAY_MS = 86_400_000
MOMENTS = 40
MOST_BYTES = 200.0  # a change
MOST_MS = 200.0  # a moment


class Day:
    """A machine's day."""

    def __init__(self, folder: Path) -> None:
        self.ms = 1_700_000_000_000
        self.changes = 0
        self.journal = Journal(folder / "journal.sqlite")
        self.segments = self.journal.segments()
        self.history = History(self.segments, "run", lambda: self.ms * 1_000_000)
        self.registry = Registry(lambda: self.ms * 1_000_000, self._changed)
        self.random = random.Random(1)  # noqa: S311 - the same day each time
        self.known: list[EntryId] = [ROOT_ID]

    def _changed(self, change: Change) -> None:
        self.changes += 1
        self.history.changed(change)

    def plug(self) -> None:
        """A device comes, with properties that no other has."""
        pick = self.random
        props: Properties = {
            "DEVPATH": f"/devices/pci0000:00/{pick.randrange(1 << 30):x}",
            "ID_SERIAL": f"{pick.randrange(1 << 60):x}",
            "MODALIAS": f"usb:v{pick.randrange(1 << 16):04X}p{pick.randrange(1 << 16):04X}",
            "idVendor": pick.randrange(1 << 16),
        }
        parent = pick.choice(self.known[-50:])
        self.known.append(self.registry.attach(parent, "device", "IOService", props=props))

    def step(self) -> None:
        """One thing happens."""
        match self.random.randrange(4):
            case 0:
                self.plug()
            case 1 if len(self.known) > ENTRIES:
                self.registry.terminate(self.known.pop())
            case 2:
                change = {"level": self.random.randrange(1000)}
                self.registry.merge_properties(self.random.choice(self.known[:ENTRIES]), change)
            case _:
                state = self.random.randrange(16)
                self.registry.update(self.random.choice(self.known[:ENTRIES]), state=state)

    def settle(self) -> None:
        """Write what waits."""
        while self.history.pump():
            self.history.flush()
        self.history.flush()

    def read(self, ms: int) -> float:
        """Milliseconds until the registry of a moment is there."""
        begin = time.perf_counter()
        retrieval, found = Retrieval(ms), None
        while found is None:
            asked = retrieval.command
            page = self.history.page(asked.at_ms, asked.segment, asked.after)
            found = retrieval.add(page)
        found.ordered()
        return (time.perf_counter() - begin) * 1000


def main() -> int:
    """Measure and print; 0 when both goals were met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("--changes", type=int, default=CHANGES, help="(%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        day = Day(Path(folder))
        for _ in range(ENTRIES):
            day.plug()
        day.settle()
        begin_ms, before, size = day.ms, day.changes, day.segments.size
        while day.changes - before < options.changes:
            day.step()
            day.ms += DAY_MS // options.changes
            day.settle()
        each = (day.segments.size - size) / (day.changes - before)
        times = [day.read(day.random.randrange(begin_ms, day.ms)) for _ in range(MOMENTS)]
        day.history.close()
        day.journal.close()
    print(f"bytes a change: {each:.1f} (≤ {MOST_BYTES:g})")
    print(
        f"a moment: median {statistics.median(times):.0f} ms, longest {max(times):.0f} ms "
        f"(≤ {MOST_MS:g})"
    )
    return 0 if each <= MOST_BYTES and max(times) <= MOST_MS else 1


if __name__ == "__main__":
    sys.exit(main())
