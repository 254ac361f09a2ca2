"""Facts about one thing: groups of label and text, as values.

Invariant: values only; every text was made safe by `ioregui.plaintext` where it came from
outside.
"""

from dataclasses import dataclass

from ioregui.records.column import Tone


@dataclass(frozen=True, slots=True)
class Fact:
    """One line. An empty label continues the one above; `exact` asks for fixed-width text."""

    label: str
    text: str
    tone: Tone = Tone.PLAIN
    exact: bool = False


@dataclass(frozen=True, slots=True)
class FactGroup:
    """A titled group of facts."""

    title: str
    facts: tuple[Fact, ...]


def as_text(headline: str, groups: tuple[FactGroup, ...]) -> str:
    """Return facts as lines of text, for the clipboard."""
    lines = [headline] if headline else []
    for group in groups:
        lines += ["", group.title]
        lines += [f"  {fact.label}\t{fact.text}" for fact in group.facts]
    return "\n".join(lines).strip() + "\n"
