"""Crash reports: made and written once a driver's successor had time to start.

Runs in the event loop; native frames are unwound by a worker.
Invariant: at the crash itself nothing is done, so that it never delays a restart.
"""

import asyncio
import contextlib
import platform
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from runtime.engine import native_frames
from runtime.engine.logbook import Logbook
from runtime.engine.unwinding import Unwind
from runtime.engine.workers import Workers
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
    Remains,
)
from runtime.model.native import Halt
from runtime.model.outcome import Exit
from runtime.model.records import Driver
from runtime.supervisor.crash_folder import CrashFolder
from runtime.supervisor.ports import Gather

WRITE_SECONDS = 0.1  # after a crash: longer than a restart takes
UNWIND_SECONDS = 1.0  # from one crash that is unwound to the next
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
        self,
        folder: CrashFolder,
        logbook: Logbook,
        version: str,
        workers: Workers,
        note: Callable[[str], None],
        *,
        state_dir: str,
    ) -> None:
        """`note` gets a sentence when a report cannot be written."""
        self.folder = folder
        self._logbook = logbook
        self._version = version
        self._workers = workers
        self._state_dir = state_dir
        self._note = note
        self._waiting: deque[_Crash] = deque(maxlen=WAITING)
        self._next_unwound = 0.0
        self._closing = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    def crashed(self, drivers: tuple[Driver, ...], exit_: Exit, gather: Gather) -> None:
        """Have a report made of a process's end; `drivers` are the records before that.

        The report is of the first one, and names the others.
        """
        self._waiting.append(_Crash(time.time_ns(), drivers, exit_, gather))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())

    async def close(self) -> None:
        """Write what waits; idempotent. The workers have to be there still."""
        if self._writing is not None:
            self._closing.set()
            await self._writing

    async def _write_all(self) -> None:
        """One at a time, so that a storm of crashes never holds the loop up."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), WRITE_SECONDS)
        while self._waiting:
            crash = self._waiting.popleft()
            remains = crash.gather()
            if remains.fault is not None and remains.halt is not None:
                frames, missing = await self._frames(crash.drivers[0], remains.halt)
                remains = msgspec.structs.replace(
                    remains,
                    fault=msgspec.structs.replace(remains.fault, frames=frames),
                    missing=(*remains.missing, *missing),
                )
            self._write(self._made(crash, remains))
            await asyncio.sleep(0)

    async def _frames(self, driver: Driver, halt: Halt) -> native_frames.Found:
        """A worker takes longer than a restart: in a storm of crashes few have one."""
        if self._closing.is_set():
            return native_frames.guessed(halt, "the runtime ended")
        now = time.monotonic()
        if now < self._next_unwound:
            return native_frames.guessed(halt, "it followed another crash at once")
        self._next_unwound = now + UNWIND_SECONDS
        job = Unwind(halt, self._state_dir, driver.content_hash)
        return await native_frames.found(self._workers, job)

    def _write(self, report: CrashReport) -> None:
        try:
            self.folder.add(report)
        except OSError as error:
            self._note(f"crash report of {report.name} could not be written: {error.strerror}")

    def _made(self, crash: _Crash, remains: Remains) -> CrashReport:
        driver, *others = crash.drivers
        now = crash.wall_ns
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
