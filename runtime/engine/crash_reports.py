"""Crash reports: made and written once a driver's successor had time to start.

Runs in the event loop.
Invariant: at the crash itself nothing is done, so that it never delays a restart.
"""

import asyncio
import platform
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from runtime.engine.logbook import Logbook
from runtime.model import words
from runtime.model.crash_report import (
    BESIDE,
    EARLIER,
    LINE,
    LINES,
    Beside,
    CrashReport,
    Earlier,
    LogEntry,
)
from runtime.model.outcome import Exit
from runtime.model.records import Driver
from runtime.supervisor.crash_folder import CrashFolder
from runtime.supervisor.ports import Gather

WRITE_SECONDS = 0.1  # after a crash: longer than a restart takes
WAITING = 50  # reports that wait to be written; a storm of crashes drops the oldest


class _Crash(NamedTuple):
    """A process's end, and the records of its drivers before that."""

    wall_ns: int
    drivers: tuple[Driver, ...]
    exit: Exit
    gather: Gather


class CrashReports:
    """Makes reports and keeps them in a folder."""

    def __init__(
        self, folder: CrashFolder, logbook: Logbook, version: str, note: Callable[[str], None]
    ) -> None:
        """`note` gets a sentence when a report cannot be written."""
        self.folder = folder
        self._logbook = logbook
        self._version = version
        self._note = note
        self._waiting: deque[_Crash] = deque(maxlen=WAITING)
        self._timer: asyncio.TimerHandle | None = None

    def crashed(self, drivers: tuple[Driver, ...], exit_: Exit, gather: Gather) -> None:
        """Have a report made of a process's end; `drivers` are the records before that.

        The report is of the first one, and names the others.
        """
        self._waiting.append(_Crash(time.time_ns(), drivers, exit_, gather))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(WRITE_SECONDS, self._write_one)

    def close(self) -> None:
        """Write what waits; idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            self._write()

    def _write_one(self) -> None:
        """One a turn, so that a storm of crashes never holds the loop up."""
        self._timer = None
        self._write()
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(0, self._write_one)

    def _write(self) -> None:
        report = self._made(self._waiting.popleft())
        try:
            self.folder.add(report)
        except OSError as error:
            self._note(f"crash report of {report.name} could not be written: {error.strerror}")

    def _made(self, crash: _Crash) -> CrashReport:
        driver, *others = crash.drivers
        now, remains = crash.wall_ns, crash.gather()
        return CrashReport(
            id=f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now // 10**9))}-"
            f"{now % 10**9 // 1000:06}-{driver.id}-{driver.pid}",
            wall_ns=now,
            driver=driver.id,
            name=driver.name,
            pid=driver.pid,
            device=driver.provider_path,
            reason=words.exit_words(crash.exit),
            exit=crash.exit,
            bundle_id=driver.bundle_id,
            content_hash=driver.content_hash,
            personality=driver.personality,
            starts=driver.starts,
            crashes=driver.crashes + 1,
            ran_ms=max(0, now - driver.since_wall_ns) // 1_000_000,
            threads=remains.threads,
            packets=remains.packets,
            log=self._log(driver),
            launch=driver.launch,
            earlier=self._earlier(driver),
            sandbox=driver.sandbox,
            missing=(*driver.missing, *remains.missing),
            runtime=self._version,
            kernel=platform.release(),
            python=platform.python_version(),
            beside=tuple(Beside(each.name, each.provider_path) for each in others[:BESIDE]),
            fault=remains.fault,
        )

    def _log(self, driver: Driver) -> tuple[LogEntry, ...]:
        lines = self._logbook.last(driver.id, driver.pid, LINES)
        return tuple(LogEntry(line.wall_ns, line.source, line.text[:LINE]) for line in lines)

    def _earlier(self, driver: Driver) -> tuple[Earlier, ...]:
        same = [
            Earlier(report.wall_ns, report.reason)
            for report in self.folder.list()
            if report.concerns(driver.name, driver.provider_path)
        ]
        return tuple(same[:EARLIER])
