"""How fast text dumps are read, and how long `ioreg` of this machine takes.

`python -m benchmarks.dumps FOLDER`: FOLDER has real dumps (text, plain or gzip). The peers run in
the same rounds: for the dumps Python's own search for the lines of entries, for `ioreg`
`udevadm info --export-db`. Dumps are measured in time of the processor: one thread, and nothing
waits. Invariant: what is printed was measured in this run; medians of the rounds.
"""

import argparse
import gzip
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from runtime.interchange import text_reader
from runtime.interchange.registry_file import RegistryFile, properties_of

ROUNDS = 5
OPEN_GOAL = 100.0  # MB/s to an opened tree
PARSE_GOAL = 20.0  # MB/s with every value parsed
TIMES_GOAL = {"ioreg": 4.5, "ioreg -l": 9.0}  # of udevadm's time, start of the interpreter included


def main() -> int:
    """Measure and print; 0 when every goal was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    met = _dumps(options.folder)
    met &= _commands()
    return 0 if met else 1


def _dumps(folder: Path) -> bool:
    dumps = [_bytes(path) for path in sorted(folder.glob("**/*.txt*"))]
    dumps = [data for data in dumps if b'" = ' in data]
    size = sum(map(len, dumps)) / 1e6
    search = _seconds(lambda: [re.findall(rb"(?m)^[| ]*\+-o .*$", data) for data in dumps])
    opened = _seconds(lambda: [text_reader.read(data) for data in dumps])
    files = [text_reader.read(data) for data in dumps]
    parsed = opened + _seconds(lambda: [_parse(file) for file in files])
    print(f"{len(dumps)} dumps, {size:.1f} MB; a search for their lines: {size / search:.0f} MB/s")
    print(f"to an opened tree: {size / opened:.0f} MB/s (goal {OPEN_GOAL:.0f})")
    print(f"every value parsed: {size / parsed:.0f} MB/s (goal {PARSE_GOAL:.0f})")
    return size / opened >= OPEN_GOAL and size / parsed >= PARSE_GOAL


def _commands() -> bool:
    ours = [sys.executable, "-m", "runtime.commands.ioreg"]
    peer = ["udevadm", "info", "--export-db"]
    met = True
    for name, command in (("ioreg", ours), ("ioreg -l", [*ours, "-l"])):
        ratios = []
        for _ in range(ROUNDS):
            peers, own = _run(peer), _run(command)
            ratios.append(own / peers)
        ratio = statistics.median(ratios)
        goal = TIMES_GOAL[name]
        print(f"{name}: {ratio:.1f} times udevadm's time (goal {goal:g})")
        met &= ratio <= goal
    return met


def _parse(file: RegistryFile) -> int:
    return sum(len(properties_of(entry)) for entry in file.entries)


def _bytes(path: Path) -> bytes:
    raw = path.read_bytes()
    return gzip.decompress(raw) if path.suffix == ".gz" else raw


def _run(command: list[str]) -> float:
    return _time(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True))


def _seconds(work: Callable[[], object]) -> float:
    return statistics.median(_time(work, time.process_time) for _ in range(ROUNDS))


def _time(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    started = clock()
    work()
    return clock() - started


if __name__ == "__main__":
    sys.exit(main())
