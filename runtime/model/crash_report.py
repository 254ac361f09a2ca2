"""A crash report: everything that is known of one driver process's unexpected end.

The files in the state folder are this value as JSON (docs/crash-reports.md); fields are only
ever appended. Nothing in it is of another process.
Invariant: values only; every list is bounded by a constant of this file.
"""

import msgspec

from runtime.model.native import Halt, NativeFrame
from runtime.model.outcome import Exit
from runtime.model.records import StageTime

VERSION = 1
THREADS = 64  # of one report
LINES = 100  # of the log before the end
MESSAGES = 32  # packets of the control socket before the end
EARLIER = 10  # crashes of the same driver before this one
BESIDE = 64  # other drivers in the process that are named
LINE = 500  # characters kept of a log line


class ThreadFrames(msgspec.Struct, frozen=True):
    """One thread: its Python frames, innermost first, as ``function (file:line)``."""

    name: str
    faulting: bool
    frames: tuple[str, ...]


class Fault(msgspec.Struct, frozen=True):
    """What the processor was doing when the signal came that ended a process."""

    signal: int
    address: int | None  # that it faulted on; None when it did not fault
    access: str  # to that address: ``read``, ``write``, ``execute``; empty when not known
    registers: tuple[tuple[str, int], ...]
    place: str = ""  # of the instruction: its file and the offset there; empty when not known
    stack: tuple[str, ...] = ()  # in reports of before there were frames: places in the stack
    frames: tuple[NativeFrame, ...] = ()  # innermost first


class Packet(msgspec.Struct, frozen=True):
    """One packet of the control socket; `age_us` before the end."""

    sent: bool  # by the runtime; else by the driver
    what: str
    age_us: int


class LogEntry(msgspec.Struct, frozen=True):
    """One line of the log of that very process."""

    wall_ns: int
    source: str
    text: str


class Earlier(msgspec.Struct, frozen=True):
    """An earlier crash of the same driver."""

    wall_ns: int
    reason: str


class Beside(msgspec.Struct, frozen=True):
    """Another driver in the process that ended: its IOUserClass, and its device's path."""

    name: str
    device: str


class Remains(msgspec.Struct, frozen=True):
    """What a process left behind: read when it was reaped."""

    threads: tuple[ThreadFrames, ...] = ()
    packets: tuple[Packet, ...] = ()
    missing: tuple[str, ...] = ()  # facts that could not be had, and why
    fault: Fault | None = None
    halt: Halt | None = None  # of that fault: what its frames can be found out from


class CrashSummary(msgspec.Struct, frozen=True):
    """What a list of reports shows."""

    id: str  # its file is `<id>.json`
    wall_ns: int
    driver: int
    name: str
    pid: int
    device: str
    reason: str  # one sentence
    beside: tuple[Beside, ...] = ()

    def concerns(self, name: str, device: str) -> bool:
        """Whether the driver of this name on this device was in the process."""
        return Beside(name, device) in (Beside(self.name, self.device), *self.beside)


class CrashReport(msgspec.Struct, frozen=True):
    """One report. Times: nanoseconds since 1970, or microseconds where named so."""

    id: str
    wall_ns: int
    driver: int
    name: str  # IOUserClass
    pid: int
    device: str  # path of its provider in the IOService plane
    reason: str
    exit: Exit
    bundle_id: str
    content_hash: str
    personality: str
    starts: int
    crashes: int
    ran_ms: int  # since it was asked for
    threads: tuple[ThreadFrames, ...]  # the faulting one first
    packets: tuple[Packet, ...]  # oldest first
    log: tuple[LogEntry, ...]  # oldest first
    launch: tuple[StageTime, ...]
    earlier: tuple[Earlier, ...]  # newest first
    sandbox: tuple[str, ...]
    missing: tuple[str, ...]
    runtime: str  # version
    kernel: str
    python: str
    version: int = VERSION
    beside: tuple[Beside, ...] = ()  # whom a shared process took with it
    fault: Fault | None = None  # None unless a signal ended it that leaves the time to record it

    @property
    def summary(self) -> CrashSummary:
        """What a list shows of it."""
        return CrashSummary(
            self.id,
            self.wall_ns,
            self.driver,
            self.name,
            self.pid,
            self.device,
            self.reason,
            self.beside,
        )
