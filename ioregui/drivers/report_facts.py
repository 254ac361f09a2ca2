"""A crash report as facts: the faulting thread first, then how it ended and what came before.

Invariant: pure; nothing of a report that a list has is left out.
"""

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.drivers.summary import frame_text, launch_facts
from ioregui.records import moments
from ioregui.records.column import Tone
from ioregui.records.facts import Fact, FactGroup
from runtime.model import report_text
from runtime.model.crash_report import Beside, CrashReport, Packet, ThreadFrames

translate = QCoreApplication.translate


def report_facts(report: CrashReport) -> tuple[FactGroup, ...]:
    """Return the groups of a report, the faulting thread's first."""
    threads = [_thread(thread) for thread in report.threads]
    groups = [
        *threads[:1],
        _what(report),
        *threads[1:],
        _group(
            translate("drivers", "Processor"),
            map(_line, report_text.fault_lines(report.fault) if report.fault else ()),
        ),
        _group(translate("drivers", "Log before it"), [_line(one.text) for one in report.log]),
        _group(translate("drivers", "Messages before it"), map(_packet, report.packets)),
        FactGroup(translate("drivers", "Launch"), launch_facts(report.launch)),
        FactGroup(
            translate("drivers", "Earlier crashes"),
            tuple(
                Fact(moments.date_and_clock(one.wall_ns), _line(one.reason))
                for one in report.earlier
            ),
        ),
        _group(translate("drivers", "Sandbox"), map(_line, report.sandbox)),
        _group(translate("drivers", "Not known"), map(_line, report.missing)),
    ]
    return tuple(group for group in groups if group.facts)


def _what(report: CrashReport) -> FactGroup:
    return FactGroup(
        translate("drivers", "Crash"),
        (
            Fact(translate("drivers", "Why"), _line(report.reason), Tone.BAD),
            Fact(translate("drivers", "When"), moments.date_and_clock(report.wall_ns)),
            Fact(
                translate("drivers", "Process"),
                translate("drivers", "{0}, start {1}, crash {2}").format(
                    report.pid, report.starts, report.crashes
                ),
            ),
            Fact(
                translate("drivers", "In its last state for"),
                moments.milliseconds(report.ran_ms * 1000),
            ),
            Fact(translate("drivers", "Device"), _line(report.device)),
            *(Fact(translate("drivers", "With it ended"), _beside(one)) for one in report.beside),
            Fact(translate("drivers", "Extension"), plaintext.plain(report.bundle_id)),
            Fact(
                translate("drivers", "Content hash"),
                plaintext.plain(report.content_hash),
                exact=True,
            ),
            Fact(
                translate("drivers", "System"),
                translate("drivers", "runtime {0}, Linux {1}, Python {2}").format(
                    *map(plaintext.plain, (report.runtime, report.kernel, report.python))
                ),
            ),
            Fact(translate("drivers", "Report"), plaintext.plain(report.id), exact=True),
        ),
    )


def _thread(thread: ThreadFrames) -> FactGroup:
    """Return one thread's frames, numbered from the innermost."""
    faulting = translate("drivers", "Faulting thread {0}")
    title = faulting if thread.faulting else translate("drivers", "Thread {0}")
    name = plaintext.plain(thread.name.removeprefix("thread "))
    none = (Fact("", translate("drivers", "no Python frames")),)
    frames = tuple(
        Fact(str(number), frame_text(frame), exact=True)
        for number, frame in enumerate(thread.frames)
    )
    return FactGroup(title.format(name), frames or none)


def _beside(other: Beside) -> str:
    text = translate("drivers", "{0} on {1}, in the same process")
    return text.format(plaintext.plain(other.name), _line(other.device))


def _group(title: str, lines: Iterable[str]) -> FactGroup:
    return FactGroup(title, tuple(Fact("", line) for line in lines))


def _packet(packet: Packet) -> str:
    age = moments.milliseconds(packet.age_us)
    sent = translate("drivers", "{0} before the end, to the driver: {1}")
    received = translate("drivers", "{0} before the end, from the driver: {1}")
    return (sent if packet.sent else received).format(age, plaintext.plain(packet.what))


def _line(text: str) -> str:
    return plaintext.plain(text, plaintext.SENTENCE)
