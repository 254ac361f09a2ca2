"""Events gathered into the marks of the strip: a burst of one kind is one mark.

Invariant: groups are in the order of their events and hold each event once; at most `GROUPS`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ioregui.records import moments
from ioregui.timeline.marks import Mark, mark, sentence
from runtime.model.events import Event

GROUPS = 2000
"""How many marks are kept; older ones fall out in blocks."""

BLOCK = 200
BURST_NS = 250_000_000
"""Events of one kind that follow each other faster than this are one mark."""

_SAID = 4  # sentences of one mark that `said` has

KEPT = 8
"""Events that one mark keeps; the count goes on."""


@dataclass(slots=True)
class Group:
    """One mark: its look, its first events, how many they are, and when they came."""

    mark: Mark
    events: list[Event]
    count: int = 1
    first_ns: int = 0
    last_ns: int = 0

    @property
    def label(self) -> str:
        """The word beside the mark."""
        return self.mark.word if self.count == 1 else f"{self.mark.word} ({self.count})"


@dataclass(slots=True)
class Groups:
    """The marks, oldest first."""

    items: list[Group] = field(default_factory=list)

    def clear(self) -> None:
        """Forget everything."""
        self.items.clear()

    def append(self, events: Iterable[Event]) -> int:
        """Add newer events; return how many old groups fell out."""
        for event in events:
            self._add(event)
        excess = len(self.items) - GROUPS
        if excess < BLOCK:
            return 0
        del self.items[:excess]
        return excess

    def _add(self, event: Event) -> None:
        look = mark(event.detail)
        last = self.items[-1] if self.items else None
        if (
            last is not None
            and look.merges
            and last.mark == look
            and event.wall_ns - last.last_ns < BURST_NS
        ):
            last.count += 1
            last.last_ns = event.wall_ns
            if len(last.events) < KEPT:
                last.events.append(event)
            return
        self.items.append(Group(look, [event], 1, event.wall_ns, event.wall_ns))


def said(group: Group) -> str:
    """Return a mark in words: when, and one line for each of its first events."""
    lines = [
        f"{moments.clock(event.wall_ns)}  {group.mark.shape.value} {sentence(event.detail)}"
        for event in group.events[:_SAID]
    ]
    if group.count > len(lines):
        lines.append(f"… +{group.count - len(lines)}")
    return "\n".join(lines)
