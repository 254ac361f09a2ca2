"""Devices that name others as further providers, which may come later or go before.

Invariant: a reference is there as long as the device that told of it, whoever it is about.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from runtime.model.identity import EntryId


class Reference(NamedTuple):
    """`child` stands below `parent`, too; both by a name that a device has."""

    plane: str
    child: str
    parent: str


class References:
    """References, and the names of the devices that are there."""

    def __init__(self) -> None:
        self._entries: dict[str, EntryId] = {}
        self._names: dict[EntryId, tuple[str, ...]] = {}
        self._told: dict[EntryId, tuple[Reference, ...]] = {}
        self._of_child: dict[str, dict[Reference, None]] = {}
        self._of_parent: dict[str, dict[Reference, None]] = {}

    def put(
        self, entry: EntryId, names: tuple[str, ...], told: Iterable[Reference]
    ) -> set[EntryId]:
        """A device is there; returns the entries that have other providers now."""
        self._names[entry] = names
        self._entries.update(dict.fromkeys(names, entry))
        self._told[entry] = tuple(told)
        for reference in self._told[entry]:
            self._of_child.setdefault(reference.child, {})[reference] = None
            self._of_parent.setdefault(reference.parent, {})[reference] = None
        return self._about(entry)

    def drop(self, entry: EntryId) -> set[EntryId]:
        """A device goes; returns the entries, without it, that have other providers now."""
        touched = self._about(entry) - {entry}
        for name in self._names.pop(entry, ()):
            if self._entries.get(name) == entry:
                del self._entries[name]
        for reference in self._told.pop(entry, ()):
            for index, name in (
                (self._of_child, reference.child),
                (self._of_parent, reference.parent),
            ):
                index.get(name, {}).pop(reference, None)
                if not index.get(name, True):
                    del index[name]
        return touched

    def parents(self, entry: EntryId) -> Iterator[tuple[str, EntryId]]:
        """The further providers of an entry that are there, each with its plane."""
        for name in self._names.get(entry, ()):
            for reference in self._of_child.get(name, ()):
                parent = self._entries.get(reference.parent)
                if parent is not None and parent != entry:
                    yield reference.plane, parent

    def children(self, entry: EntryId) -> set[EntryId]:
        """The entries that have this one as a further provider."""
        found = (
            self._entries.get(reference.child)
            for name in self._names.get(entry, ())
            for reference in self._of_parent.get(name, ())
        )
        return {child for child in found if child is not None}

    def _about(self, entry: EntryId) -> set[EntryId]:
        told = (self._entries.get(reference.child) for reference in self._told.get(entry, ()))
        return self.children(entry) | {child for child in told if child is not None}
