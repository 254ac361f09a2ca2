"""One line of the Matching tab: a candidate on the selected device, or a device of a driver.

Invariant: pure; every text that came from outside was made safe here.
"""

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from ioregui import plaintext
from ioregui.records.column import Tone
from ioregui.records.facts import Fact, FactGroup
from runtime.model import match_words
from runtime.model.outcome import KERNEL, Match, MatchStage
from runtime.model.words import Sentence
from runtime.wire.commands.registry import Explanation

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True)
class Line:
    """A match with its place in the order; of a driver's device, also the device's name."""

    order: int
    match: Match
    device: str = ""
    entry: int = 0


def of_explanation(explanation: Explanation) -> list[Line]:
    """Return the lines of an answer, in its order."""
    if explanation.devices:
        return [
            Line(order, found.match, plaintext.plain(found.title), found.entry)
            for order, found in enumerate(explanation.devices)
        ]
    return [Line(order, match) for order, match in enumerate(explanation.matches)]


def name(line: Line) -> str:
    """Return the device of a driver's line, else the candidate."""
    return line.device or plaintext.plain(line.match.personality)


def source(line: Line) -> str:
    """Return what a candidate comes with: the kernel, or its extension."""
    match = line.match
    if match.bundle_id == KERNEL:
        return translate("matching", "kernel")
    return plaintext.plain(match.bundle_id)


def score(line: Line) -> str:
    """Return the score; empty for what does not match."""
    fits = line.match.stage in {MatchStage.MATCHED, MatchStage.CATEGORY, MatchStage.IDLE}
    return str(line.match.score) if fits else ""


def outcome(line: Line) -> str:
    """Return what became of it."""
    return translate("matching outcome", match_words.outcome(line.match))


def tone(line: Line) -> Tone:
    """Return how much an outcome wants to be noticed."""
    match = line.match
    if match.running:
        return Tone.GOOD
    if match.displaces:
        return Tone.WARNING
    if match.stage in {MatchStage.MATCHED, MatchStage.IDLE}:
        return Tone.WAITING
    return Tone.QUIET


def why(line: Line) -> str:
    """Return the reason in one line."""
    return _said(match_words.reason(line.match))


def key(line: Line) -> tuple[str, str, int]:
    """Return what tells lines apart."""
    return line.match.bundle_id, line.match.personality, line.entry or line.order


def order(line: Line) -> int:
    """Return the place in the order."""
    return line.order


def facts(line: Line, *, keys: bool) -> tuple[FactGroup, ...]:
    """Return the details of a line, with the matching keys where they are asked for."""
    t = translate
    plain: list[Fact] = [Fact(t("matching", "Outcome"), outcome(line), tone(line))]
    plain.append(Fact(t("matching", "Why"), why(line)))
    if remedy := _said(match_words.remedy(line.match)):
        plain.append(Fact(t("matching", "To change that"), remedy))
    if line.device:
        plain.append(Fact(t("matching", "Driver"), plaintext.plain(line.match.personality)))
    plain.append(Fact(t("matching", "Comes with"), source(line)))
    groups = [FactGroup(t("matching", "In short"), tuple(plain))]
    if keys:
        groups.append(FactGroup(t("matching", "Keys"), tuple(_keys(line.match))))
    return tuple(groups)


def _keys(match: Match) -> list[Fact]:
    t = translate
    rows = [
        (t("matching", "Stage reached"), match.stage.value),
        ("IOMatchCategory", match.category),
        (t("matching", "Score"), match_words.scored(match)),
        (t("matching", "First key that failed"), match.key),
        (t("matching", "Wanted"), match.wanted),
        (t("matching", "Found"), match.found),
    ]
    return [
        Fact(label, plaintext.plain(text, plaintext.SENTENCE), exact=True)
        for label, text in rows
        if text
    ]


def _said(sentence: Sentence) -> str:
    """Return a sentence in the user's language."""
    if not sentence.template:
        return ""
    template = translate("matching", sentence.template)
    return plaintext.plain(template.format(**sentence.fields), plaintext.SENTENCE)
