"""Reads what IORegistryExplorer saves: an archive of all planes at once (`.ioreg`).

Apple documents none of it; the structure was read off real files: a keyed archive whose root is a
`RexDataStore` with `registryEntries`, each of which names its parents, name and location plane by
plane, and carries its properties as an XML property list.
Invariant: objects refer to each other in any way they like; every entry is read once.
"""

from collections.abc import Iterator

from runtime.interchange.order import parents_first
from runtime.interchange.plist_values import Values, load, number
from runtime.interchange.registry_file import (
    FIRST_FREE_ID,
    FileEntry,
    RegistryFile,
    Warnings,
)
from runtime.model import properties
from runtime.model.entry import Kind, Place, State
from runtime.model.errors import ProblemError
from runtime.model.identity import SERVICE_PLANE, EntryId
from runtime.model.properties import Properties

FORMAT = "IORegistryExplorer"

Table = dict[object, object]


def is_archive(top: object) -> bool:
    """Whether a decoded property list is a keyed archive."""
    return isinstance(top, dict) and "$objects" in top and "$top" in top


def read(top: dict[str, object], size: int) -> RegistryFile:
    """Read the decoded list; `size` is the file's in bytes.

    Raises:
        ProblemError: ``not-a-registry``: it is the archive of something else. ``too-large``.
    """
    return _Archive(top, size).file()


class _Archive:
    def __init__(self, top: dict[str, object], size: int) -> None:
        objects = top.get("$objects")
        self._objects: list[object] = objects if isinstance(objects, list) else []
        self._top = top.get("$top")
        self._warnings = Warnings()
        self._values = Values(size, self._warnings)

    def file(self) -> RegistryFile:
        store = self._table(self._table(self._top).get("root"))
        tables = {
            self._index(item): self._table(item) for item in self._items(store, "registryEntries")
        }
        tables.pop(-1, None)
        if not tables:
            raise ProblemError(
                "not-a-registry", "keyed archive: expected registryEntries, found none"
            )
        named = [str(self._object(item)) for item in self._items(store, "registryPlanes")]
        self._ids = {at: FIRST_FREE_ID + index for index, at in enumerate(tables)}
        entries = parents_first(
            [self._entry(at, table) for at, table in tables.items()], self._warnings
        )
        planes = dict.fromkeys(named)
        for entry in entries:
            planes.setdefault(entry.plane)
            planes.update(dict.fromkeys(place.plane for place in entry.places))
        host = self._object(store.get("hostName"))
        shown = host if isinstance(host, str) and host != "$null" else ""
        return RegistryFile(FORMAT, entries, tuple(planes), self._warnings, shown)

    def _entry(self, at: int, table: Table) -> FileEntry:
        name = self._text(table.get("name")) or "?"
        places = list(self._places(table, name))
        places.sort(key=lambda place: place.plane != SERVICE_PLANE)
        first = (
            places[0]
            if places
            else Place(SERVICE_PLANE, EntryId(0), name, self._text(table.get("location")))
        )
        if not places and not table.get("isRegistryRoot"):
            self._warnings.add(f"{name}: expected a parent in some plane, found none")
        chain = tuple(self._text(item) for item in self._items(table, "inheritance"))
        return FileEntry(
            EntryId(self._ids[at]),
            first.parent,
            first.name or name,
            chain[0] if chain else "",
            first.location,
            self._state(table, chain),
            number(table.get("busyCount")),
            0,
            number(table.get("kernelRetainCount")),
            int(Kind.NUB),
            props=properties.encode(self._properties(table.get("properties"), name)),
            places=tuple(places[1:]),
            plane=first.plane,
            lineage=chain,
        )

    def _places(self, table: Table, name: str) -> Iterator[Place]:
        """Every position: one for each parent in each plane."""
        names = self._dictionary(table.get("namesInPlanes"))
        locations = self._dictionary(table.get("locationsInPlanes"))
        for plane, parents in self._dictionary(table.get("parentsInPlanes")).items():
            for parent in self._list(parents):
                found = self._ids.get(self._index(parent))
                if found is None:
                    self._warnings.add(f"{name}: expected its parent in {plane}, found none")
                    continue
                yield Place(
                    plane,
                    EntryId(found),
                    self._text(names.get(plane)) or name,
                    self._text(locations.get(plane)),
                )

    def _state(self, table: Table, chain: tuple[str, ...]) -> int:
        if "IOService" not in chain and not table.get("conformsToIOService"):
            return int(State.PLAIN)
        state = State(0)
        state |= State.REGISTERED if table.get("isRegistered") else State(0)
        state |= State.MATCHED if table.get("isMatched") else State(0)
        state |= State(0) if table.get("isActive", True) else State.INACTIVE
        return int(state)

    def _properties(self, value: object, name: str) -> Properties:
        raw = self._object(value)
        if isinstance(raw, dict):  # NSData that is an object of its own
            raw = raw.get("NS.data", b"")
        if not isinstance(raw, bytes) or not raw:
            return {}
        try:
            table = load(raw, name)
        except ProblemError as error:
            self._warnings.add(str(error))
            return {}
        if not isinstance(table, dict):
            self._warnings.add(f"{name}: expected a dictionary of properties, found another value")
            return {}
        return self._values.properties(table, name)

    def _index(self, value: object) -> int:
        """Number of the object that a UID refers to; -1 for another value."""
        number = getattr(value, "data", -1)
        return number if isinstance(number, int) and 0 <= number < len(self._objects) else -1

    def _object(self, value: object) -> object:
        at = self._index(value)
        return self._objects[at] if at >= 0 else value

    def _table(self, value: object) -> Table:
        found = self._object(value)
        return found if isinstance(found, dict) else {}

    def _list(self, value: object) -> list[object]:
        found = self._table(value).get("NS.objects")
        return found if isinstance(found, list) else []

    def _items(self, table: Table, key: str) -> list[object]:
        return self._list(table.get(key))

    def _dictionary(self, value: object) -> dict[str, object]:
        table = self._table(value)
        keys = table.get("NS.keys")
        keys = keys if isinstance(keys, list) else []
        return dict(zip((self._text(key) for key in keys), self._list(value), strict=False))

    def _text(self, value: object) -> str:
        found = self._object(value)
        if isinstance(found, dict):
            found = found.get("NS.string")
        if not isinstance(found, str) or found == "$null":
            return ""
        return found.encode("utf-8", "backslashreplace").decode("utf-8")[:256]
