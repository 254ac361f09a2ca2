"""Everything about one driver, as facts.

Invariant: pure; what is not known is said to be unknown, never left blank.
"""

import re
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.drivers import words
from ioregui.drivers.rows import Row
from ioregui.records import moments
from ioregui.records.column import Tone
from ioregui.records.facts import Fact, FactGroup
from runtime.model.outcome import Exit
from runtime.model.records import Driver, StageTime
from runtime.wire.commands.drivers import Threads

translate = QCoreApplication.translate

_ABOVE = re.compile(r"\(/.*/(?=[^/]+/[^/]+\)$)")  # what is above the folder of a frame's file


def driver_facts(driver: Driver, sample: FactGroup | None = None) -> tuple[FactGroup, ...]:
    """Return the groups: a sample where there is one, process, last exit, launch, sandbox."""
    groups = [_process(driver)] if sample is None else [sample, _process(driver)]
    if driver.last_exit is not None:
        groups.append(_last_exit(driver.last_exit))
    groups += [_launch(driver), _sandbox(driver)]
    return tuple(groups)


def process_facts(row: Row) -> tuple[FactGroup, ...]:
    """Return what is known of a process that runs no driver."""
    return (
        FactGroup(
            translate("drivers", "Process"),
            (
                Fact(translate("drivers", "What for"), words.purpose(row.role)),
                Fact(translate("drivers", "State"), words.row_state(row)),
                Fact(translate("drivers", "PID"), str(row.pid)),
            ),
        ),
    )


def sample_facts(threads: Threads, clock: str) -> FactGroup:
    """Return where every thread was at a time of day, innermost frames first."""
    none = (translate("drivers", "no Python frames"),)
    facts = [
        Fact(title, frame_text(frame), exact=True)
        for name, frames in threads.threads
        for title, frame in zip_title(plaintext.plain(name), frames or none)
    ]
    return FactGroup(translate("drivers", "Threads at {0}").format(clock), tuple(facts))


def zip_title(title: str, lines: Sequence[str]) -> list[tuple[str, str]]:
    """Pair lines with labels: the title stands before the first."""
    return list(zip([title, *("" for _ in lines)], lines, strict=False))


def _process(driver: Driver) -> FactGroup:
    state = words.state_word(driver)
    if driver.note:
        state = f"{state}: {_sentence(driver.note)}"
    none = translate("drivers", "none now")
    return FactGroup(
        translate("drivers", "Process"),
        (
            Fact(translate("drivers", "State"), state, words.state_tone(driver)),
            Fact(
                translate("drivers", "Since"),
                moments.date_and_clock(driver.since_wall_ns) or _unknown(),
            ),
            Fact(translate("drivers", "PID"), str(driver.pid) if driver.pid else none),
            *_titled(translate("drivers", "Shared with the driver of"), driver.beside),
            Fact(translate("drivers", "Device"), _sentence(driver.provider_path)),
            Fact(translate("drivers", "Extension"), plaintext.plain(driver.bundle_id)),
            Fact(translate("drivers", "Personality"), plaintext.plain(driver.personality)),
            Fact(
                translate("drivers", "Content hash"),
                plaintext.plain(driver.content_hash),
                exact=True,
            ),
            Fact(
                translate("drivers", "Starts"),
                translate("drivers", "{0}, restarts {1}, crashes {2}").format(
                    driver.starts, max(0, driver.starts - 1), driver.crashes
                ),
            ),
        ),
    )


def _last_exit(ended: Exit) -> FactGroup:
    facts = [Fact(translate("drivers", "How"), words.exit_text(ended))]
    if ended.detail:
        facts.append(Fact(translate("drivers", "Why"), _sentence(ended.detail)))
    titled = zip_title(translate("drivers", "Frames"), ended.frames)
    facts += [Fact(title, frame_text(frame), exact=True) for title, frame in titled]
    return FactGroup(translate("drivers", "Last exit"), tuple(facts))


def _sandbox(driver: Driver) -> FactGroup:
    facts = [
        *_titled(translate("drivers", "May"), driver.may),
        *_titled(translate("drivers", "May not"), driver.may_not),
        *_titled(translate("drivers", "Not applied"), driver.missing),
        *_titled(translate("drivers", "Applied"), driver.sandbox),
    ]
    none = Fact("", translate("drivers", "Not known yet: no process has been locked down."))
    return FactGroup(translate("drivers", "Sandbox"), tuple(facts or [none]))


def _titled(title: str, lines: tuple[str, ...], tone: Tone = Tone.PLAIN) -> list[Fact]:
    """One fact a line; the title stands before the first."""
    return [Fact(label, _sentence(line), tone) for label, line in zip_title(title, lines)]


def _launch(driver: Driver) -> FactGroup:
    none = (Fact("", translate("drivers", "No process has been launched yet.")),)
    facts = launch_facts(driver.launch)
    return FactGroup(translate("drivers", "Last launch"), facts or none)


def launch_facts(launch: tuple[StageTime, ...]) -> tuple[Fact, ...]:
    """Return the launch timeline: when each stage was reached, and how long after the last."""
    facts = []
    before_us = 0
    for step in launch:
        text = moments.milliseconds(step.after_us)
        if before_us:
            text += translate("drivers", ", {0} after the stage before").format(
                moments.milliseconds(step.after_us - before_us)
            )
        facts.append(Fact(translate("launch stage", step.stage.value), text))
        before_us = step.after_us
    return tuple(facts)


def frame_text(frame: str) -> str:
    """Return a frame with its file's name and folder; what is above them tells a reader nothing.

    `frame` is "function (path:line)", as `Exit.frames` has them.
    """
    return _sentence(_ABOVE.sub("(…/", frame))


def _sentence(text: str) -> str:
    return plaintext.plain(text, plaintext.SENTENCE)


def _unknown() -> str:
    return translate("drivers", "unknown")
