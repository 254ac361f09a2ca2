"""Untrusted text made fit to be shown: one line, no invisible characters, bounded.

Names come from device strings, bundles and apps; any of them may try to look like something
else. What is removed: control, format (bidirectional, zero-width), surrogate, private and
unassigned characters. Line breaks and tabs become spaces.
Source: Unicode general categories; UAX #9 for the bidirectional controls.
Invariant: a pure function of its arguments; what it returns is always safe as plain text.
"""

import unicodedata

NAME = 120
"""Characters of a name that are shown; more is elided in the middle."""

SENTENCE = 600
"""Characters of a sentence or a path that are shown."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_BREAKS = frozenset({"Zl", "Zp", "Zs"})
_MARKS_IN_A_ROW = 4  # stacked combining marks that are kept; more paint over other lines
_READ = 16_384  # characters of the original that are looked at, so that the cost is bounded


def plain(text: str, limit: int = NAME) -> str:
    """Return `text` as one line of at most `limit` characters.

    Longer text keeps its beginning and its end, with an ellipsis between them, because both
    ends of a path or an identifier tell things apart.

    Args:
        text: Anything, of any length.
        limit: Longest result, in characters; at least 3.
    """
    head, tail = text[:_READ], text[_READ:][-limit:]
    cleaned = " ".join(_visible(head).split())
    if tail:
        return f"{cleaned[: limit // 2]}…{_visible(tail)[-(limit - limit // 2 - 1) :]}"[:limit]
    return elide(cleaned, limit)


def spaced(text: str, limit: int) -> str:
    """Return `text` as one line with its spaces as they are: code, and what stands in columns.

    Args:
        text: Anything, of any length.
        limit: Longest result, in characters; at least 3.
    """
    return elide(_visible(text[:_READ].expandtabs()), limit)


def elide(text: str, limit: int) -> str:
    """Cut the middle out of `text` so that at most `limit` characters are left."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    head = limit - 1 - tail
    return f"{text[:head]}…{text[len(text) - tail :]}"


def differs(text: str) -> bool:
    """Return whether `plain` had to remove or replace something other than length."""
    return " ".join(_visible(text[:_READ]).split()) != text[:_READ]


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if character in "\n\r\t\v\f\x85" or category in _BREAKS:
            kept.append(" ")
        elif category not in _HIDDEN and marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)
