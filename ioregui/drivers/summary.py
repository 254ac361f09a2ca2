"""Everything about one driver, as facts.

Invariant: pure; what is not known is said to be unknown, never left blank.
"""

import re

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.drivers import words
from ioregui.records import moments
from ioregui.records.column import Tone
from ioregui.records.facts import Fact, FactGroup
from runtime.model.outcome import Exit
from runtime.model.records import Driver

translate = QCoreApplication.translate

_ABOVE = re.compile(r"\(/.*/(?=[^/]+/[^/]+\)$)")  # what is above the folder of a frame's file


def driver_facts(driver: Driver) -> tuple[FactGroup, ...]:
    """Return the groups: process, last exit, launch, sandbox."""
    groups = [_process(driver)]
    if driver.last_exit is not None:
        groups.append(_last_exit(driver.last_exit))
    groups += [_sandbox(driver), _launch(driver)]
    return tuple(groups)


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
                translate("drivers", "{0}, crashes {1}").format(driver.starts, driver.crashes),
            ),
        ),
    )


def _last_exit(ended: Exit) -> FactGroup:
    facts = [Fact(translate("drivers", "How"), words.exit_text(ended))]
    if ended.detail:
        facts.append(Fact(translate("drivers", "Why"), _sentence(ended.detail)))
    title = translate("drivers", "Frames")
    for frame in ended.frames:
        facts.append(Fact(title, frame_text(frame), exact=True))
        title = ""
    return FactGroup(translate("drivers", "Last exit"), tuple(facts))


def _sandbox(driver: Driver) -> FactGroup:
    facts = [
        *_titled(translate("drivers", "May"), driver.may),
        *_titled(translate("drivers", "May not"), driver.may_not),
        *_titled(translate("drivers", "Not applied"), driver.missing, Tone.BAD),
        *_titled(translate("drivers", "Applied"), driver.sandbox),
    ]
    none = Fact("", translate("drivers", "Not known yet: no process has been locked down."))
    return FactGroup(translate("drivers", "Sandbox"), tuple(facts or [none]))


def _titled(title: str, lines: tuple[str, ...], tone: Tone = Tone.PLAIN) -> list[Fact]:
    """One fact a line; the title stands before the first."""
    titles = [title, *("" for _ in lines)]
    return [Fact(title, _sentence(line), tone) for title, line in zip(titles, lines, strict=False)]


def _launch(driver: Driver) -> FactGroup:
    stages = tuple(
        Fact(translate("launch stage", step.stage.value), moments.milliseconds(step.after_us))
        for step in driver.launch
    )
    none = (Fact("", translate("drivers", "No process has been launched yet.")),)
    return FactGroup(translate("drivers", "Last launch"), stages or none)


def frame_text(frame: str) -> str:
    """Return a frame with its file's name and folder; what is above them tells a reader nothing.

    `frame` is "function (path:line)", as `Exit.frames` has them.
    """
    return _sentence(_ABOVE.sub("(…/", frame))


def _sentence(text: str) -> str:
    return plaintext.plain(text, plaintext.SENTENCE)


def _unknown() -> str:
    return translate("drivers", "unknown")
