"""Which entry, or which extension, a value names.

Provider and driver, driver and process, extension and driver name each other by their records;
a property's value names an entry by its id or by its path in a plane.
Source: xnu IORegistryEntry::fromPath: a path starts at the root's first child, and ours at the
root itself; both are tried.
Invariant: Qt-free; a link leads to what the mirror has now.
"""

from dataclasses import dataclass

from ioregui.mirror import Mirror
from ioregui.mirror.forest import Forest
from ioregui.plaintext import plain
from runtime.model.entry import Entry, Kind
from runtime.model.identity import ROOT_ID
from runtime.model.properties import Value

_BUNDLE_KEY = "CFBundleIdentifier"
_DRIVERS = frozenset({int(Kind.DRIVER), int(Kind.KERNEL_DRIVER)})


@dataclass(frozen=True, slots=True)
class Link:
    """Where a value leads: an entry by its id, or an extension by `Extension.id`."""

    entry: int = 0
    extension: str = ""


class Links:
    """Finds links in a mirror."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def title(self, link: Link) -> str:
        """The name of what a link leads to."""
        entry = self._mirror.entries.get(link.entry)
        return plain(entry.title) if entry is not None else plain(link.extension)

    def provider(self, entry: Entry) -> Link | None:
        """What an entry is attached to."""
        return self._to(entry.parent)

    def driver(self, entry: Entry) -> Link | None:
        """A driver's extension; of a device, the service of who drives it."""
        if entry.kind in {Kind.DRIVER, Kind.SERVER}:
            return self._extension(entry)
        clients = map(self._mirror.entries.get, self._mirror.children.get(entry.id, []))
        drivers = [client for client in clients if client is not None and client.kind in _DRIVERS]
        named = [client for client in drivers if client.driver == entry.driver]
        found = next(iter(named or drivers), None)
        return self._to(found.id) if found is not None else None

    def process(self, entry: Entry) -> Link | None:
        """The IOUserServer of a driver extension's process."""
        if not entry.pid or entry.kind == Kind.SERVER:
            return None
        for top in self._mirror.children.get(0, []):
            for below in self._mirror.children.get(top, []):
                server = self._mirror.entries[below]
                if server.kind == Kind.SERVER and server.pid == entry.pid:
                    return Link(server.id)
        return None

    def value(self, entry: Entry, key: str, value: Value) -> Link | None:
        """What a property's value names; None where it names nothing that is there."""
        if isinstance(value, str):
            if key == _BUNDLE_KEY and entry.kind == Kind.DRIVER:
                return self._extension(entry)
            return self._to(self._at(value), but=entry.id)
        if isinstance(value, int) and value >= ROOT_ID:
            return self._to(value, but=entry.id)
        return None

    def _extension(self, entry: Entry) -> Link | None:
        driver = self._mirror.driver_of(entry.id)
        if driver is None:
            return None
        wanted = (driver.bundle_id, driver.content_hash)
        for extension in self._mirror.extensions.values():
            if (extension.bundle_id, extension.content_hash) == wanted:
                return Link(extension=extension.id)
        return None

    def _to(self, entry_id: int, *, but: int = 0) -> Link | None:
        there = entry_id in self._mirror.entries and entry_id != but
        return Link(entry_id) if there else None

    def _at(self, path: str) -> int:
        """The entry at a path of any plane, 0 for none."""
        plane, separator, names = path.partition(":/")
        if not separator or plane not in self._mirror.plane_names:
            return 0
        tree = self._mirror.tree(plane)
        for root in tree.tops:
            for start in (root, *tree.below(root)[:1]):
                if found := _below(tree, start, names):
                    return found
        return 0


def _below(tree: Forest, entry_id: int, names: str) -> int:
    for name in filter(None, names.split("/")):
        entry_id = tree.titles(entry_id).get(name, 0)
    return entry_id
