"""The registry as JSON: one array of objects, one for each entry, parents first.

Data is `{"data": hex}`; a dictionary that could be taken for that is `{"dictionary": {…}}`.
Invariant: what was written is read back equal.
"""

import json
from collections.abc import Iterable, Iterator

from runtime.interchange.order import parents_first
from runtime.interchange.plist_values import Values, number
from runtime.interchange.registry_file import (
    FileEntry,
    RegistryFile,
    Warnings,
    lineage,
    properties_of,
)
from runtime.model import properties
from runtime.model.entry import Entry, Holder, Kind, Place, State
from runtime.model.errors import ProblemError
from runtime.model.identity import SERVICE_PLANE, EntryId
from runtime.model.properties import DEPTH, Value

FORMAT = "JSON"
_HOLDERS = {int(holder): holder.name.lower() for holder in Holder}
_WRAPPERS = ({"data"}, {"dictionary"})


def lines(entries: Iterable[Entry]) -> Iterator[str]:
    """One array, an entry a line."""
    before = "["
    for entry in entries:
        yield before + json.dumps(as_object(entry), ensure_ascii=False)
        before = ","
    yield "[]" if before == "[" else "]"


def as_object(entry: Entry) -> dict[str, object]:
    """An entry as JSON has it."""
    made: dict[str, object] = {
        "id": entry.id,
        "parent": entry.parent,
        "name": entry.name,
        "location": entry.location,
        "class": entry.cls,
        "inheritance": list(lineage(entry)),
        "userClasses": list(entry.user_classes),
        "registered": bool(entry.state & State.REGISTERED),
        "matched": bool(entry.state & State.MATCHED),
        "active": not entry.state & State.INACTIVE,
        "busy": entry.busy,
        "busyMilliseconds": entry.busy_ms,
        "retain": entry.retain,
        "holder": _HOLDERS.get(entry.holder, str(entry.holder)),
        "driver": entry.driver,
        "pid": entry.pid,
        "properties": {key: value_as_json(value) for key, value in properties_of(entry).items()},
    }
    if isinstance(entry, FileEntry) and entry.plane != SERVICE_PLANE:
        made["plane"] = entry.plane
    if entry.places:
        made["places"] = [
            {name: getattr(place, name) for name in Place.__struct_fields__}
            for place in entry.places
        ]
    return made


def value_as_json(value: Value) -> object:
    """A property value as JSON has it."""
    if isinstance(value, bytes):
        return {"data": value.hex()}
    if isinstance(value, list):
        return [value_as_json(item) for item in value]
    if isinstance(value, dict):
        made = {key: value_as_json(item) for key, item in value.items()}
        return {"dictionary": made} if set(made) in _WRAPPERS else made
    return value


def read(data: bytes) -> RegistryFile:
    """Read what `lines` wrote.

    Raises:
        ProblemError: ``not-a-registry``: it is no array of entries.
    """
    try:
        top: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ProblemError("not-a-registry", f"JSON: expected an array, found {error}") from None
    warnings = Warnings()
    values = Values(len(data), warnings)
    entries: list[FileEntry] = []
    known: set[int] = {0}
    for place, table in enumerate(top if isinstance(top, list) else ()):
        entry = _entry(table, values) if isinstance(table, dict) else None
        if entry is None or entry.id in known:
            warnings.add(f"JSON: item {place}: expected an entry with an id of its own, found none")
            continue
        known.add(entry.id)
        entries.append(entry)
    if not entries:
        raise ProblemError("not-a-registry", "JSON: expected an array of entries, found none")
    planes = dict.fromkeys(
        plane
        for entry in entries
        for plane in (entry.plane, *(place.plane for place in entry.places))
    )
    return RegistryFile(FORMAT, parents_first(entries, warnings), tuple(planes), warnings)


def _entry(table: dict[object, object], values: Values) -> FileEntry | None:
    own_id, name = number(table.get("id")), table.get("name")
    if not own_id or not isinstance(name, str):
        return None
    chain = _texts(table.get("inheritance"))
    state = State(0)
    state |= State.REGISTERED if table.get("registered") else State(0)
    state |= State.MATCHED if table.get("matched") else State(0)
    state |= State(0) if table.get("active", True) else State.INACTIVE
    own = table.get("properties")
    own = _unwrapped(own, DEPTH + 1) if isinstance(own, dict) else {}
    return FileEntry(
        EntryId(own_id),
        number(table.get("parent")),
        _text(name),
        _text(table.get("class")),
        _text(table.get("location")),
        int(state if "IOService" in chain else State.PLAIN),
        number(table.get("busy")),
        number(table.get("busyMilliseconds")),
        number(table.get("retain")),
        int(Kind.NUB),
        _holder(table.get("holder")),
        _text(table.get("driver")),
        number(table.get("pid")),
        props=properties.encode(values.properties(own if isinstance(own, dict) else {}, name)),
        user_classes=_texts(table.get("userClasses")),
        places=tuple(_places(table.get("places"))),
        plane=_text(table.get("plane", SERVICE_PLANE)) or SERVICE_PLANE,
        lineage=chain,
    )


def _holder(value: object) -> int:
    known = Holder.__members__.get(_text(value).upper(), Holder.NOBODY)
    return int(known)


def _places(value: object) -> Iterator[Place]:
    for table in value if isinstance(value, list) else ():
        if isinstance(table, dict) and isinstance(table.get("plane"), str):
            yield Place(
                _text(table["plane"]),
                EntryId(number(table.get("parent"))),
                _text(table.get("name")),
                _text(table.get("location")),
            )


def _unwrapped(value: object, levels: int) -> object:
    """A value as it was before `value_as_json`; data that is none stays a dictionary.

    What is more than `levels` deep stays as it is: `Values` takes none of it.
    """
    if isinstance(value, list) and levels:
        return [_unwrapped(item, levels - 1) for item in value]
    if not isinstance(value, dict) or not levels:
        return value
    if set(value) == {"data"} and isinstance(value["data"], str):
        try:
            return bytes.fromhex(value["data"])
        except ValueError:
            return value
    if set(value) == {"dictionary"} and isinstance(value["dictionary"], dict):
        value = value["dictionary"]
    return {key: _unwrapped(item, levels - 1) for key, item in value.items()}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(item) for item in value) if isinstance(value, list) else ()


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")
