"""What came and what went a moment ago: new marks, and tombstones of entries that are gone.

Invariant: Qt-free; no clock, times are given in seconds of one monotonic clock.
"""

from collections.abc import Container

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
        self.graves.clear()

    def mark_new(self, entry_id: int, now: float) -> None:
        """Mark an entry that came."""
        self._new.add(entry_id)
        self._deadlines[entry_id] = now + NEW_S

    def bury(self, entry: Entry, now: float) -> None:
        """Keep an entry that went, as it last was."""
        self._new.discard(entry.id)
        if entry.id not in self.graves:
            self._below.setdefault(entry.parent, []).append(entry.id)
        self.graves[entry.id] = entry
        self._deadlines[entry.id] = now + GONE_S

    def replaced_by(self, added: Entry) -> set[int]:
        """An entry came back under its name: drop its tombstones and return their ids."""
        same = {
            grave for grave in self.below(added.parent) if self.graves[grave].title == added.title
        }
        for grave in same:
            self._forget(grave)
        return same

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
        grave = self.graves.pop(entry_id, None)
        if grave is not None:
            self._below[grave.parent].remove(entry_id)
            if not self._below[grave.parent]:
                del self._below[grave.parent]
