"""The window's tree at 100,000 entries, beside Qt's own QSortFilterProxyModel.

`python -m benchmarks.tree [--entries N] [--json]`. Each side runs in a process of its own, off
screen, with the same entries: every row expanded, then a filter that finds a tenth, then a storm
of 2,000 entries that come and go all over the tree, from the socket to the last mark's end; the
peer's has three, as each takes it most of a second. Ours has the inspector beside the tree; the
peer, a QTreeView over a QStandardItemModel with recursive filtering, has none. What the peer has
not done at the same size when its time is over is said, and it runs again with fewer entries.
Invariant: what is printed was measured in this run.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ENTRIES = 100_000
FEWER = 20_000  # entries with which the peer comes to its end
PEER_SECONDS = 30.0  # that the peer may take for all of it
STORM = 2000
KEYS = ("t", "te", "ten", "tent", "tenth")  # each finds a tenth of the entries
FRAMES = 40
GOALS = {
    "shown_ms": 1000.0,
    "frame_ms": 16.0,
    "storm_stall_ms": 50.0,
    "keystroke_ms": 50.0,
    "filtered_frame_ms": 16.0,
    "filtered_storm_stall_ms": 50.0,
    "bytes_an_entry": 1200.0,
}
"""Each is the largest value of ours that is good enough."""


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def timed(action: Callable[[], object]) -> float:
    """Milliseconds that an action takes."""
    begin = time.perf_counter()
    action()
    return (time.perf_counter() - begin) * 1000


def tree_side(side: str, entries: int, seconds: float) -> dict[str, float]:
    """Measure one side in a process of its own; what it has not found in time is left out."""
    try:
        said = subprocess.run(
            [sys.executable, "-m", f"benchmarks.tree_{side}", str(entries)],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            stdout=subprocess.PIPE,
            check=True,
            timeout=seconds,
        ).stdout
    except subprocess.TimeoutExpired as late:
        said = late.stdout or b""
    return {name: value for line in said.splitlines() for name, value in json.loads(line).items()}


def tell(**found: float) -> None:
    """Say what a side has found so far, one object a line."""
    print(json.dumps(found), flush=True)


def median(action: Callable[[], object], count: int) -> float:
    """The median of several timings of an action."""
    return statistics.median(timed(action) for _ in range(count))


def main() -> int:
    """Measure both and print them; 0 when every goal was met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tree", description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES, help="(%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()
    ours = tree_side("ours", options.entries, 2 * PEER_SECONDS)
    peer = tree_side("peer", options.entries, PEER_SECONDS)
    fewer = tree_side("peer", min(options.entries, FEWER), PEER_SECONDS)
    if options.json:
        print(json.dumps({"ours": ours, "peer": peer, "fewer": fewer, "goals": GOALS}, indent=1))
    else:
        print(f"| {options.entries:,} entries | ours | peer | peer, {FEWER:,} | goal | met |")
        print("|---|--:|--:|--:|--:|---|")
        for name, goal in GOALS.items():
            met = "yes" if ours[name] <= goal else "no"
            theirs = f"{_shown(peer, name)} | {_shown(fewer, name)}"
            print(f"| {name} | {ours[name]:.1f} | {theirs} | ≤ {goal:g} | {met} |")
    return 0 if all(ours[name] <= goal for name, goal in GOALS.items()) else 1


def _shown(found: dict[str, float], name: str) -> str:
    return f"{found[name]:.1f}" if name in found else f"none in {PEER_SECONDS:g} s"


if __name__ == "__main__":
    sys.exit(main())
