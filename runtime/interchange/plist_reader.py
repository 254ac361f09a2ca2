"""Reads what `ioreg -a` wrote: one dictionary, or with -r an array of them.

Source: IOKitTools, ioreg.c (archive).
Invariant: no level of the tree is a level of Python's stack; a dictionary that a binary list
shares, or that stands inside itself, is read where it comes first.
"""

from typing import NamedTuple

from runtime.interchange.plist_values import Values, number
from runtime.interchange.registry_file import (
    FIRST_FREE_ID,
    FileEntry,
    RegistryFile,
    Warnings,
)
from runtime.model import properties
from runtime.model.entry import Kind, State
from runtime.model.errors import ProblemError
from runtime.model.identity import SERVICE_PLANE, EntryId

FORMAT = "ioreg plist"
_CHILDREN = "IORegistryEntryChildren"
_NAME, _CLASS = "IORegistryEntryName", "IOObjectClass"
_OWN = {
    _CHILDREN,
    _NAME,
    _CLASS,
    "IORegistryEntryLocation",
    "IORegistryEntryID",
    "IOObjectInheritance",
    "IOObjectRetainCount",
    "IOServiceState",
    "IOServiceBusyState",
    "IOServiceBusyTime",
}
_MS = 1_000_000  # nanoseconds


class _Waiting(NamedTuple):
    """A subtree that was not read yet."""

    table: object
    parent: int


def read(top: object, size: int) -> RegistryFile:
    """Read the decoded list; `size` is the file's in bytes.

    Raises:
        ProblemError: ``not-a-registry``: no entry is in it. ``too-large``.
    """
    warnings = Warnings()
    values = Values(size, warnings)
    waiting = [_Waiting(table, 0) for table in reversed(top if isinstance(top, list) else [top])]
    entries: list[FileEntry] = []
    taken: set[int] = set()
    seen: set[int] = set()  # dictionaries, by what they are in memory
    while waiting:
        table, parent = waiting.pop()
        if not isinstance(table, dict) or not (_NAME in table or _CLASS in table):
            warnings.add(f"entry: expected a dictionary with {_NAME}, found another value")
            continue
        if id(table) in seen:
            warnings.add(f"{_text(table.get(_NAME))}: expected an entry once, found it again")
            continue
        seen.add(id(table))
        entry = _entry(table, parent, taken, len(entries), values)
        entries.append(entry)
        children = table.get(_CHILDREN, [])
        if isinstance(children, dict):  # -r -t writes an ancestor's only child as it is
            children = [children]
        if not isinstance(children, list):
            warnings.add(f"{entry.title}: expected an array of children, found another value")
            children = []
        waiting += [_Waiting(child, entry.id) for child in reversed(children)]
    if not entries:
        raise ProblemError(
            "not-a-registry", f"property list: expected entries with {_NAME}, found none"
        )
    return RegistryFile(FORMAT, entries, (SERVICE_PLANE,), warnings)


def _entry(
    table: dict[object, object], parent: int, taken: set[int], index: int, values: Values
) -> FileEntry:
    name, cls = _text(table.get(_NAME)), _text(table.get(_CLASS))
    chain = table.get("IOObjectInheritance")
    own_id = number(table.get("IORegistryEntryID"))
    if not 0 < own_id < FIRST_FREE_ID or own_id in taken:
        own_id = FIRST_FREE_ID + index
    taken.add(own_id)
    is_service = "IOServiceBusyState" in table or "IOServiceState" in table
    state = number(table.get("IOServiceState")) & 0x1F if is_service else int(State.PLAIN)
    own = {key: value for key, value in table.items() if key not in _OWN}
    return FileEntry(
        EntryId(own_id),
        parent,
        name,
        cls,
        _text(table.get("IORegistryEntryLocation")),
        state,
        number(table.get("IOServiceBusyState")),
        number(table.get("IOServiceBusyTime")) // _MS,
        number(table.get("IOObjectRetainCount")),
        int(Kind.NUB),
        props=properties.encode(values.properties(own, name)),
        lineage=tuple(_text(item) for item in reversed(chain)) if isinstance(chain, list) else (),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")[:256]
