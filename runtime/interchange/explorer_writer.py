"""Writes what IORegistryExplorer saves: all planes in one keyed archive (`.ioreg`).

The structure is that of real files (see `explorer_reader`); no copy of Apple's program was at hand
to open the result, so what holds is that our reader and that structure agree on it.
Invariant: a pure function of the entries; every object stands once in the archive.
"""

import plistlib
from collections.abc import Mapping, Sequence

from runtime.interchange.plist_writer import dump
from runtime.interchange.registry_file import FileEntry, lineage, properties_of
from runtime.model.entry import Entry, Place, State
from runtime.model.identity import SERVICE_PLANE, EntryId

_EPOCH = 978_307_200  # 2001-01-01 in seconds since 1970: what NSDate counts from
_NULL = plistlib.UID(0)


def write(
    entries: Sequence[Entry], planes: Sequence[str], wall_ns: int = 0, host: str = ""
) -> bytes:
    """The archive, a binary property list; `wall_ns` is the moment since 1970."""
    return _Archive(wall_ns / 1e9 - _EPOCH).made(entries, planes, host)


class _Archive:
    def __init__(self, seconds: float) -> None:
        self._objects: list[object] = ["$null"]
        self._texts: dict[str, plistlib.UID] = {}
        self._classes: dict[str, plistlib.UID] = {}
        self._seconds = seconds

    def made(self, entries: Sequence[Entry], planes: Sequence[str], host: str) -> bytes:
        store: dict[str, object] = {}
        top = self._add(store)
        date = self._object("NSDate", {"NS.time": self._seconds})
        tables: list[dict[str, object]] = [{} for _ in entries]
        ids: dict[int, plistlib.UID] = {}
        uids = []
        for entry, table in zip(entries, tables, strict=True):
            uids.append(self._add(table))
            ids.setdefault(entry.id, uids[-1])
        places = [_places(entry, planes) for entry in entries]
        below: dict[int, dict[str, list[plistlib.UID]]] = {}
        for at, found in enumerate(places):
            for place in found:
                if place.parent in ids:
                    children = below.setdefault(place.parent, {})
                    children.setdefault(place.plane, []).append(uids[at])
        for at, entry in enumerate(entries):
            children = below.get(entry.id, {}) if ids[entry.id] == uids[at] else {}
            tables[at] |= {"entryTag": at, "dateDiscovered": date, "isRegistryRoot": at == 0}
            tables[at] |= self._entry(entry, places[at], ids, children)
        store |= {
            "$class": self._class("RexDataStore"),
            "archName": self._text("x86_64"),
            "byteOrder": 1,
            "dataStoreVersion": 1,
            "hostName": self._text(host),
            "isUpToDate": True,
            "lastUpdateDate": date,
            "registryEntries": self._list("NSMutableArray", uids),
            "registryPlanes": self._list("NSMutableArray", [self._text(name) for name in planes]),
        }
        whole = {
            "$version": 100_000,
            "$archiver": "NSKeyedArchiver",
            "$top": {"root": top},
            "$objects": self._objects,
        }
        return plistlib.dumps(whole, fmt=plistlib.FMT_BINARY)

    def _entry(
        self,
        entry: Entry,
        places: list[Place],
        ids: dict[int, plistlib.UID],
        children: dict[str, list[plistlib.UID]],
    ) -> dict[str, object]:
        values = properties_of(entry)
        bundle = values.get("CFBundleIdentifier")
        parents: dict[str, list[plistlib.UID]] = {}
        for place in places:
            if place.parent in ids:
                parents.setdefault(place.plane, []).append(ids[place.parent])
        chain = [name for name in lineage(entry) if name != "OSObject"] or [entry.cls]
        return {
            "$class": self._class("RexRegistryEntry"),
            "name": self._text(entry.name),
            "location": self._text(entry.location) if entry.location else _NULL,
            "bundleID": self._text(bundle if isinstance(bundle, str) else ""),
            "inheritance": self._list("NSArray", [self._text(name) for name in chain]),
            "namesInPlanes": self._texts_by_plane(places, "name"),
            "locationsInPlanes": self._texts_by_plane(places, "location"),
            "parentsInPlanes": self._lists_by_plane(parents),
            "childrenInPlanes": self._lists_by_plane(children),
            "properties": dump(values),
            "kernelRetainCount": entry.retain,
            "busyCount": entry.busy,
            "conformsToIOService": not entry.state & State.PLAIN,
            "isRegistered": bool(entry.state & State.REGISTERED),
            "isMatched": bool(entry.state & State.MATCHED),
            "isActive": not entry.state & State.INACTIVE,
            "isNew": False,
            "terminationAcknowledged": False,
            "dateTerminated": _NULL,
            "dateLastUpdated": _NULL,
        }

    def _add(self, made: object) -> plistlib.UID:
        self._objects.append(made)
        return plistlib.UID(len(self._objects) - 1)

    def _text(self, text: str) -> plistlib.UID:
        if text not in self._texts:
            self._texts[text] = self._add(text)
        return self._texts[text]

    def _class(self, name: str) -> plistlib.UID:
        if name not in self._classes:
            above = ["NSArray"] if name == "NSMutableArray" else []
            above += ["NSDictionary"] if name == "NSMutableDictionary" else []
            chain = [name, *above, "NSObject"]
            self._classes[name] = self._add({"$classname": name, "$classes": chain})
        return self._classes[name]

    def _object(self, cls: str, fields: Mapping[str, object]) -> plistlib.UID:
        return self._add({"$class": self._class(cls), **fields})

    def _list(self, cls: str, items: Sequence[plistlib.UID]) -> plistlib.UID:
        return self._object(cls, {"NS.objects": list(items)})

    def _dictionary(self, table: dict[str, plistlib.UID]) -> plistlib.UID:
        keys = [self._text(key) for key in table]
        fields = {"NS.keys": keys, "NS.objects": list(table.values())}
        return self._object("NSMutableDictionary", fields)

    def _lists_by_plane(self, table: dict[str, list[plistlib.UID]]) -> plistlib.UID:
        lists = {key: self._list("NSMutableArray", items) for key, items in table.items()}
        return self._dictionary(lists)

    def _texts_by_plane(self, places: list[Place], field: str) -> plistlib.UID:
        found: dict[str, plistlib.UID] = {}
        for place in places:
            text = str(getattr(place, field))
            if text and place.plane not in found:
                found[place.plane] = self._text(text)
        return self._dictionary(found)


def _places(entry: Entry, planes: Sequence[str]) -> list[Place]:
    """Every position of an entry with its name there; the root is in all planes."""
    if not entry.parent and not entry.places:  # it has no parent there, but a name
        return [Place(plane, EntryId(0), entry.name, entry.location) for plane in planes]
    home = entry.plane if isinstance(entry, FileEntry) else SERVICE_PLANE
    first = Place(home, EntryId(entry.parent), entry.name, entry.location)
    more = (
        Place(place.plane, place.parent, place.name or entry.name, place.location)
        for place in entry.places
    )
    return [first, *more]
