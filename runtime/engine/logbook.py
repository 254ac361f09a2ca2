"""The logs of all drivers: bounded, rate limited, counted when dropped.

Invariant: no I/O.
"""

from collections import deque
from collections.abc import Callable

import msgspec

from runtime.model.identity import DriverId
from runtime.model.records import LogLine
from runtime.wire import limits

KEPT = 2000  # lines a driver
PAGE = 200  # lines of one answer: within one frame even when every line is of full length


class _Log:
    def __init__(self) -> None:
        self.lines: deque[LogLine] = deque(maxlen=KEPT)
        self.number = 0
        self.second = 0
        self.in_second = 0
        self.suppressed = 0


class Logbook:
    """Keeps log lines and hands each on to whoever follows."""

    def __init__(self, wall_ns: Callable[[], int], publish: Callable[[LogLine], None]) -> None:
        self._wall_ns = wall_ns
        self._publish = publish
        self._logs: dict[DriverId, _Log] = {}

    def add(self, driver: DriverId, pid: int, source: str, text: str) -> None:
        """Keep a line, unless the driver floods its log."""
        log = self._logs.setdefault(driver, _Log())
        now = self._wall_ns()
        if now // 1_000_000_000 != log.second:
            log.second, log.in_second = now // 1_000_000_000, 0
        log.in_second += 1
        if log.in_second > limits.LOG_LINES:
            log.suppressed += 1
            return
        self._own_up(log, driver, now, pid)
        self._keep(log, LogLine(driver, 0, now, pid, source, text[: limits.TEXT]))

    def settle(self) -> None:
        """Say what was dropped from logs that have fallen quiet; call it about once a second."""
        now = self._wall_ns()
        for driver, log in self._logs.items():
            if now // 1_000_000_000 != log.second:
                self._own_up(log, driver, now, 0)

    def page(self, driver: DriverId, after: int) -> tuple[tuple[LogLine, ...], int]:
        """The first kept lines above a number, and how many came before them and are gone."""
        log = self._logs.get(driver)
        if log is None or not log.lines:
            return (), 0
        gone = max(0, log.lines[0].number - 1 - after)
        lines = [line for line in log.lines if line.number > after]
        return tuple(lines[:PAGE]), gone

    def last(self, driver: DriverId, pid: int, most: int) -> list[LogLine]:
        """The last kept lines of one process, oldest first."""
        log = self._logs.get(driver)
        lines = [] if log is None else [line for line in log.lines if line.pid == pid]
        return lines[-most:]

    def forget(self, driver: DriverId) -> None:
        """Drop a driver's log."""
        self._logs.pop(driver, None)

    def _own_up(self, log: _Log, driver: DriverId, now: int, pid: int) -> None:
        if log.suppressed:
            dropped, log.suppressed = log.suppressed, 0
            said = f"{dropped} lines dropped: more than {limits.LOG_LINES} in a second"
            self._keep(log, LogLine(driver, 0, now, pid, "runtime", said, dropped))

    def _keep(self, log: _Log, line: LogLine) -> None:
        log.number += 1
        numbered = msgspec.structs.replace(line, number=log.number)
        log.lines.append(numbered)
        self._publish(numbered)
