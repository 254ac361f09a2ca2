"""What the cells of a row say: text, tool tip, and the words for a screen reader.

Invariant: decides no rows and no colours; state words are English until they are text.
"""

from enum import IntEnum
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication

from ioregui.mirror import Mirror
from ioregui.plaintext import plain
from ioregui.registry import states
from ioregui.registry.rows import Rows
from ioregui.registry.words import explained, translated


class Column(IntEnum):
    """The columns, in order."""

    NAME = 0
    STATE = 1
    DRIVER = 2
    PID = 3


class Face(NamedTuple):
    """All that a row's look depends on, beside fonts, colours and the widths of columns.

    Texts are as the entry has them, not yet made fit to be shown.
    """

    entry_id: int
    title: str
    cls: str  # empty where it is the name
    state: str
    driver: str
    process: str
    depth: int
    has_children: bool = False
    expanded: bool = False
    new: bool = False
    gone: bool = False
    hit: bool = True
    selected: bool = False
    hovered: bool = False


class Cells:
    """Reads rows and mirror; an entry that has neither row nor tombstone says nothing."""

    def __init__(self, mirror: Mirror, rows: Rows) -> None:
        self._mirror = mirror
        self._rows = rows

    def face(
        self, entry_id: int, depth: int, *, has_children: bool, selected: bool, hovered: bool
    ) -> Face:
        """Return a row's face, an empty one for an entry that has just gone."""
        rows = self._rows
        entry = rows.entry(entry_id)
        if entry is None:
            return Face(entry_id, "", "", "", "", "", depth, selected=selected, hovered=hovered)
        return Face(
            entry_id,
            rows.title(entry),
            entry.cls if entry.cls != entry.name else "",
            self.state(entry_id),
            entry.driver,
            states.process_word(entry),
            depth,
            has_children,
            has_children and rows.is_expanded(entry_id),
            rows.is_new(entry_id),
            rows.is_gone(entry_id),
            rows.is_hit(entry_id),
            selected,
            hovered,
        )

    def state(self, entry_id: int) -> str:
        """Return the English state word."""
        entry = self._rows.entry(entry_id)
        if entry is None:
            return ""
        return states.state_word(self._mirror, entry, gone=self._rows.is_gone(entry_id))

    def text(self, entry_id: int, column: int) -> str:
        """Return what a cell says."""
        entry = self._rows.entry(entry_id)
        if entry is None:
            return ""
        if column == Column.NAME:
            return plain(self._rows.title(entry))
        if column == Column.STATE:
            return translated(self.state(entry_id))
        if column == Column.DRIVER:
            return plain(entry.driver)
        return translated(states.process_word(entry))

    def description(self, entry_id: int, depth: int, *, has_children: bool) -> str:
        """Return what a screen reader says after the name: place in the tree, marks, state."""
        tell = QCoreApplication.translate
        words = [tell("Row", "level {0}").format(depth + 1)]
        if has_children:
            opened = self._rows.is_expanded(entry_id)
            words.append(tell("Row", "expanded") if opened else tell("Row", "collapsed"))
        if self._rows.is_new(entry_id):
            words.append(new_word())
        words.append(self.text(entry_id, Column.STATE))
        return ", ".join(word for word in words if word)

    def tool_tip(self, entry_id: int, column: int) -> str:
        """Return what a cell explains when the pointer rests on it."""
        entry = self._rows.entry(entry_id)
        if entry is None:
            return ""
        if column == Column.NAME:
            return f"{plain(self._rows.title(entry))}\n{plain(entry.cls)}\nid {entry.id:#x}"
        if column == Column.STATE:
            return explained(self.state(entry_id))
        return self.text(entry_id, column)


def new_word() -> str:
    """Return what marks an entry that came a moment ago."""
    return QCoreApplication.translate("Row", "new")


def header(column: int) -> str:
    """Return the name of a column."""
    tell = QCoreApplication.translate
    return (
        tell("Column", "Name"),
        tell("Column", "State"),
        tell("Column", "Driver"),
        tell("Column", "PID"),
    )[column]


def header_tip(column: int) -> str:
    """Return what a column says."""
    tell = QCoreApplication.translate
    return (
        tell("Column", "The entry's name and location, and its class"),
        tell("Column", "Who drives a device, or how its driver fares"),
        tell("Column", "The kernel driver or the driver extension"),
        tell("Column", "The driver's process; kernel for a driver of the kernel"),
    )[column]
