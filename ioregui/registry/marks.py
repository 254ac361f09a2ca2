"""What came and what went a moment ago: new marks, and tombstones of entries that are gone.

Invariant: Qt-free; no clock, times are given in seconds of one monotonic clock.
"""

from collections.abc import Container, Iterable, Sequence

from runtime.model.entry import Entry

NEW_S = 8.0
"""How long an entry is marked as new."""

GONE_S = 5.0
"""How long an entry that went is still shown."""


class Marks:
    """New marks and tombstones, each with the time when it ends."""

    def __init__(self) -> None:
        self._new: set[int] = set()
        self._deadlines: dict[int, float] = {}
        self._below: dict[int, list[int]] = {}
        self._parents: dict[int, tuple[int, ...]] = {}  # of each tombstone
        self.graves: dict[int, Entry] = {}

    def is_new(self, entry_id: int) -> bool:
        """Whether an entry is marked as new."""
        return entry_id in self._new

    def below(self, parent: int) -> list[int]:
        """Return the tombstones below an entry, in the order in which they went."""
        return self._below.get(parent, [])

    @property
    def parents(self) -> Container[int]:
        """The entries that have tombstones below them."""
        return self._below

    @property
    def next_deadline(self) -> float | None:
        """When `expire` has something to do."""
        return min(self._deadlines.values(), default=None)

    def clear(self) -> None:
        """Forget everything."""
        self._new.clear()
        self._deadlines.clear()
        self._below.clear()
        self._parents.clear()
        self.graves.clear()

    def mark_new(self, entry_id: int, now: float) -> None:
        """Mark an entry that came."""
        self._new.add(entry_id)
        self._deadlines[entry_id] = now + NEW_S

    def bury(self, entry: Entry, parents: Sequence[int], now: float) -> None:
        """Keep an entry that went, as it last was, below its parents; without one, forget it."""
        if entry.id in self._deadlines:
            self._forget(entry.id)
        if not parents:
            return
        self.graves[entry.id] = entry
        self._parents[entry.id] = tuple(parents)
        self._deadlines[entry.id] = now + GONE_S
        for parent in parents:
            self._below.setdefault(parent, []).append(entry.id)

    def forget(self, graves: Iterable[int]) -> set[int]:
        """Drop tombstones and return their ids."""
        dropped = set(graves)
        for grave in dropped:
            self._forget(grave)
        return dropped

    def expire(self, now: float, keep: int) -> set[int]:
        """Drop what is over and return whose; the tombstone of `keep` stays."""
        over = {
            entry_id
            for entry_id, deadline in self._deadlines.items()
            if deadline <= now and not (entry_id == keep and entry_id in self.graves)
        }
        for entry_id in over:
            self._forget(entry_id)
        return over

    def _forget(self, entry_id: int) -> None:
        del self._deadlines[entry_id]
        self._new.discard(entry_id)
        if self.graves.pop(entry_id, None) is None:
            return
        for parent in self._parents.pop(entry_id):
            below = self._below[parent]
            below.remove(entry_id)
            if not below:
                del self._below[parent]
