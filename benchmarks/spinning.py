"""Code that wakes up, works or spins, run by a driver or by an ordinary process.

Invariant: imports nothing but the standard library; prints one number.
"""

import sys
import time
from collections.abc import Callable

WAKE_UPS = 100
SLEEP, WORK = 0.003, 0.0003  # seconds, of each wake-up


def late_ms(clock: Callable[[], int] = time.thread_time_ns) -> float:
    """How late a process wakes up from a short sleep, in the mean, when it works in between."""
    late = 0
    for _ in range(WAKE_UPS):
        began = time.monotonic_ns()
        time.sleep(SLEEP)
        late += time.monotonic_ns() - began
        working = clock()
        while clock() - working < WORK * 1e9:
            pass
    return late / WAKE_UPS / 1e6 - SLEEP * 1e3


def work_ms(seconds: float) -> float:
    """How long it takes to use so much processor time."""
    began = time.perf_counter_ns()
    while time.process_time() < seconds:
        pass
    return (time.perf_counter_ns() - began) / 1e6


def main() -> None:
    """`late`, `work SECONDS`, or `spin`."""
    match sys.argv[1:]:
        case ["late"]:
            print(late_ms())
        case ["work", seconds]:
            print(work_ms(float(seconds)))
        case _:
            while True:
                pass


if __name__ == "__main__":
    main()
