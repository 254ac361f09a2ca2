"""Commands about running drivers: end, restart, look into, debug, crash reports and logs.

Invariant: values only, no I/O.
"""

from typing import ClassVar

import msgspec

from runtime.model.crash_report import CrashReport, CrashSummary
from runtime.model.identity import DriverId
from runtime.model.processes import Process
from runtime.model.records import Driver, LogLine
from runtime.wire.commands.base import CommandOf
from runtime.wire.limits import Name


class CrashDriver(CommandOf[Driver], frozen=True, array_like=True, tag="crash"):
    """Have a driver's process dereference null. Answer: the driver. Needs developer mode."""

    RESULT: ClassVar[object] = Driver
    driver: DriverId


class RestartDriver(CommandOf[Driver], frozen=True, array_like=True, tag="restart"):
    """Stop a driver in order and start it again; start one that is stopped. Answer: the driver.

    Refused with ``wrong-state``, also when a stopped one's place is gone or another driver's.
    """

    RESULT: ClassVar[object] = Driver
    driver: DriverId


class StopDriver(CommandOf[Driver], frozen=True, array_like=True, tag="stop-driver"):
    """Stop a driver in order, and leave its device to others. Answer: the driver.

    It stays stopped until somebody restarts it, its device is plugged again, or its extension is
    activated again. Refused with ``wrong-state``.
    """

    RESULT: ClassVar[object] = Driver
    driver: DriverId


class QuarantineDriver(CommandOf[Driver], frozen=True, array_like=True, tag="quarantine"):
    """Stop a driver in order, if it runs, and keep it out of its device. Answer: the driver.

    It stays out until somebody releases it, also when its device is plugged again; a newer version
    of its extension may have the device. Refused with ``wrong-state``.
    """

    RESULT: ClassVar[object] = Driver
    driver: DriverId


class ReleaseDriver(CommandOf[Driver], frozen=True, array_like=True, tag="release"):
    """Let a quarantined driver start again, when its device is there. Answer: the driver."""

    RESULT: ClassVar[object] = Driver
    driver: DriverId


class Threads(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `SampleDriver`: each thread's name and Python frames, innermost first."""

    threads: tuple[tuple[str, tuple[str, ...]], ...]


class SampleDriver(CommandOf[Threads], frozen=True, array_like=True, tag="sample"):
    """Where every thread of a driver is now; it runs on. Refused with ``silent``."""

    RESULT: ClassVar[object] = Threads
    driver: DriverId


class Processes(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `ReadProcesses`: the processes and when they were read, see `Process`."""

    at_us: int
    processes: tuple[Process, ...]


class ReadProcesses(CommandOf[Processes], frozen=True, array_like=True, tag="read-processes"):
    """What the runtime and every process of it uses now; nothing is read unless it is asked."""

    RESULT: ClassVar[object] = Processes


class DebugDoor(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `DebugDriver`: a Unix stream socket for one connection of the user who asked."""

    path: str


class DebugDriver(CommandOf[DebugDoor], frozen=True, array_like=True, tag="debug"):
    """Have pdb speak on a socket, in the driver's process. Needs developer mode.

    The socket waits for its one connection for a few seconds. Refused with ``developer-mode``,
    ``wrong-state`` or ``busy`` (it is being debugged).
    """

    RESULT: ClassVar[object] = DebugDoor
    driver: DriverId


class Crashes(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `ListCrashes`: newest first."""

    reports: tuple[CrashSummary, ...]


class ListCrashes(CommandOf[Crashes], frozen=True, array_like=True, tag="list-crashes"):
    """The kept crash reports of all drivers, those of earlier runs too."""

    RESULT: ClassVar[object] = Crashes


class ReadCrash(CommandOf[CrashReport], frozen=True, array_like=True, tag="read-crash"):
    """One crash report, by its id. Refused with ``not-found``."""

    RESULT: ClassVar[object] = CrashReport
    report: Name


class LogPage(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `ReadLog`: oldest first; `dropped` lines came before and are gone."""

    lines: tuple[LogLine, ...]
    dropped: int


class ReadLog(CommandOf[LogPage], frozen=True, array_like=True, tag="read-log"):
    """Read a driver's kept log lines with a number above `after`."""

    RESULT: ClassVar[object] = LogPage
    driver: DriverId
    after: int = 0
