"""Entries by id and their children in order of title.

Invariant: every entry is in exactly one list of children, that of its parent, and each list
is sorted; numbers in titles count as numbers ("port 2" before "port 10").
"""

import re
from bisect import bisect_left
from collections.abc import Iterator

from runtime.model.entry import Entry

_NUMBER = re.compile(r"(\d+)")

SortKey = tuple[tuple[str | int, ...], int]


def sort_key(entry: Entry) -> SortKey:
    """Return what siblings are sorted by; the id keeps equal titles in order of arrival."""
    parts = _NUMBER.split(entry.title.casefold())
    return tuple(int(part) if at % 2 else part for at, part in enumerate(parts)), entry.id


class Forest:
    """The registry's entries as a forest; parent 0 holds the root."""

    def __init__(self) -> None:
        self.entries: dict[int, Entry] = {}
        self.children: dict[int, list[int]] = {}
        self._keys: dict[int, list[SortKey]] = {}

    def put(self, entry: Entry) -> Entry | None:
        """Add or replace an entry; return the one that it replaces."""
        old = self.entries.get(entry.id)
        self.entries[entry.id] = entry
        if old is None:
            self._attach(entry)
        elif old.parent != entry.parent or old.title != entry.title:
            self._detach(old)
            self._attach(entry)
        return old

    def remove(self, entry_id: int) -> Entry | None:
        """Take an entry out and return it; its children stay listed under its id."""
        entry = self.entries.pop(entry_id, None)
        if entry is not None:
            self._detach(entry)
            if not self.children.get(entry_id, True):
                del self.children[entry_id], self._keys[entry_id]
        return entry

    def subtree(self, entry_id: int) -> Iterator[int]:
        """Yield an entry's id and those of everything below it, parents first."""
        stack = [entry_id]
        while stack:
            top = stack.pop()
            yield top
            stack.extend(reversed(self.children.get(top, ())))

    def ancestors(self, entry_id: int) -> Iterator[int]:
        """Yield the ids above an entry, nearest first."""
        entry = self.entries.get(entry_id)
        while entry is not None and entry.parent:
            yield entry.parent
            entry = self.entries.get(entry.parent)

    def _attach(self, entry: Entry) -> None:
        keys = self._keys.setdefault(entry.parent, [])
        key = sort_key(entry)
        at = bisect_left(keys, key)
        keys.insert(at, key)
        self.children.setdefault(entry.parent, []).insert(at, entry.id)

    def _detach(self, entry: Entry) -> None:
        keys = self._keys[entry.parent]
        at = bisect_left(keys, sort_key(entry))
        del keys[at], self.children[entry.parent][at]
        if not keys:
            del self._keys[entry.parent], self.children[entry.parent]
