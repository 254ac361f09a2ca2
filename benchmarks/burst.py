"""A burst of 5,000 uevents: how long after the last one its row is painted in the window.

`python -m benchmarks.burst [--bursts N] [--json]`. A burst is `change` events of the loopback
interface, written as fast as the kernel takes them, and then a TUN interface: its `add` is the
last event, and it is shown only when none was lost or the machine was read again. The peer,
`udevadm monitor --kernel`, has printed that event's line.
Invariant: what is printed was measured in this run.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable

from benchmarks.uevent import QUIET, Interface, painting, printing

EVENTS = 5000
BURSTS = 7
GOAL_MS = 150.0
_CHANGES = "/sys/class/net/lo/uevent"


def shown_after(wait: Callable[[str], None], name: str) -> float:
    """Milliseconds from the last event of a burst to the end of `wait`."""
    time.sleep(QUIET)
    changes = os.open(_CHANGES, os.O_WRONLY)
    try:
        for _ in range(EVENTS - 1):
            os.write(changes, b"change")
    finally:
        os.close(changes)
    interface = Interface(name)
    last = time.perf_counter()
    try:
        wait(interface.name)
        return (time.perf_counter() - last) * 1000
    finally:
        interface.close()


def main() -> int:
    """Measure both and print them; 0 when the goal was met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.burst", description=__doc__)
    parser.add_argument("--bursts", type=int, default=BURSTS, help="(%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()
    found = {}
    for side, watched in (("ours", painting), ("peer", printing)):
        with watched() as wait:
            times = [shown_after(wait, f"b{99 - at}") for at in range(options.bursts)]
        found[side] = {"median_ms": statistics.median(times), "longest_ms": max(times)}
    if options.json:
        print(json.dumps(found | {"goal_ms": GOAL_MS}, indent=1))
    else:
        for side, times_of in found.items():
            print(side, ", ".join(f"{name} {value:.1f}" for name, value in times_of.items()))
    return 0 if found["ours"]["longest_ms"] <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
