"""Runs in the guest: pyusb's bulk transfers, one after the other. Prints medians as JSON.

Invariant: the device is opened, and its first transfer made, before anything is timed.
"""

import functools
import json
import statistics
import sys
import time
from collections.abc import Callable

import usb.core
import usb.util

SIZES = (512, 16 << 10, 64 << 10)
ROUNDS = 40


def main() -> None:
    """Measure both directions at every size, in microseconds a transfer."""
    device = usb.core.find(idVendor=0x1209, idProduct=0x0003)
    assert isinstance(device, usb.core.Device), "the gadget is there"
    interface = device.get_active_configuration()[(0, 0)]
    into = next(each for each in interface if each.bEndpointAddress & 0x80)
    out = next(each for each in interface if not each.bEndpointAddress & 0x80)
    found = {}
    for size in SIZES:
        found[f"in {size}"] = _median(functools.partial(into.read, size))
        found[f"out {size}"] = _median(functools.partial(out.write, bytes(size)))
    usb.util.dispose_resources(device)
    sys.stdout.write(json.dumps(found))


def _median(transfer: Callable[[], object]) -> float:
    transfer()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter_ns()
        transfer()
        taken.append(time.perf_counter_ns() - began)
    return statistics.median(taken) / 1000


if __name__ == "__main__":
    main()
