"""Differences in words: for cells, for the details beside them, and for the clipboard.

Invariant: pure; text that came from a file is safe and bounded.
"""

from PySide6.QtCore import QCoreApplication

from ioregui.compare.difference import Difference, Kind, Property
from ioregui.compare.values import value
from ioregui.plaintext import SENTENCE, plain
from ioregui.records.column import Tone
from ioregui.records.facts import Fact, FactGroup

translate = QCoreApplication.translate

SHORT = 28  # characters of a value in a cell: both sides have to be seen
SHOWN = 200  # properties of one entry that the details list


def change(kind: Kind) -> str:
    """Return a kind with the sign that `ioreg --diff` has for it."""
    match kind:
        case Kind.REMOVED:
            return translate("Compare", "- removed")
        case Kind.ADDED:
            return translate("Compare", "+ added")
        case Kind.MOVED:
            return translate("Compare", "> moved")
        case Kind.CHANGED:
            return translate("Compare", "~ changed")


def counted(kind: Kind, count: int) -> str:
    """Return how many there are of a kind."""
    match kind:
        case Kind.REMOVED:
            text = translate("Compare", "{0} removed")
        case Kind.ADDED:
            text = translate("Compare", "{0} added")
        case Kind.MOVED:
            text = translate("Compare", "{0} moved")
        case Kind.CHANGED:
            text = translate("Compare", "{0} changed")
    return text.format(f"{count:,}")


def tone(kind: Kind) -> Tone:
    """Return how much a kind wants to be noticed."""
    match kind:
        case Kind.REMOVED:
            return Tone.BAD
        case Kind.ADDED:
            return Tone.GOOD
        case Kind.MOVED:
            return Tone.WAITING
        case Kind.CHANGED:
            return Tone.PLAIN


def title(found: Difference) -> str:
    """Return an entry's name."""
    return plain(found.title)


def path(found: str) -> str:
    """Return a path as it is shown."""
    return plain(found, SENTENCE)


def what(found: Difference) -> str:
    """Return in one line what differs."""
    if found.change is Kind.MOVED:
        return translate("Compare", "was at {0}").format(path(found.path_before))
    if not found.properties:
        return plain(found.cls)
    first, *others = found.properties
    text = f"{plain(first.key)}: {_before_and_after(first, SHORT)}"
    if not others:
        return text
    more = translate("Compare", "and {0} more").format(len(others))
    return f"{text}, {more}"


def facts(found: Difference) -> tuple[FactGroup, ...]:
    """Return everything that differs, in groups."""
    where = [Fact(translate("Compare", "Path"), path(found.path))]
    if found.path_before:
        where.append(Fact(translate("Compare", "Before"), path(found.path_before)))
    where.append(Fact(translate("Compare", "Class"), plain(found.cls)))
    groups = [FactGroup(change(found.change), tuple(where))]
    if found.properties:
        listed = [_fact(one) for one in found.properties[:SHOWN]]
        if len(found.properties) > SHOWN:
            text = translate("Compare", "… and {0} more: save the comparison to read all")
            listed.append(Fact("", text.format(len(found.properties) - SHOWN), Tone.QUIET))
        heading = translate("Compare", "Properties: before → after")
        groups.append(FactGroup(heading, tuple(listed)))
    return tuple(groups)


def as_text(found: Difference) -> str:
    """Return a difference as lines for the clipboard."""
    lines = [f"{change(found.change)}  {path(found.path)}  {what(found)}"]
    if len(found.properties) > 1:
        lines[0] = f"{change(found.change)}  {path(found.path)}"
        lines += [f"    {plain(one.key)}: {_before_and_after(one)}" for one in found.properties]
    return "\n".join(lines) + "\n"


def _fact(one: Property) -> Fact:
    return Fact(plain(one.key), _before_and_after(one), exact=True)


def _before_and_after(one: Property, limit: int = SENTENCE) -> str:
    return f"{plain(value(one.before), limit)} → {plain(value(one.after), limit)}"
