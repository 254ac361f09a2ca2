"""`ioreg -a`: the registry as an XML property list.

Source: IOKitTools, ioreg.c (archive, archive_scan, archive_search).
Invariant: a pure function of a sequence of entries and the options.
"""

import plistlib
from collections.abc import Sequence

from runtime.interchange.ioreg_text import Options, Tree, inheritance, selected
from runtime.interchange.planes import project
from runtime.interchange.registry_file import lineage, properties_of
from runtime.model.entry import Entry, State
from runtime.model.identity import SERVICE_PLANE
from runtime.model.properties import Value

_CONTROL = {code: None for code in range(0x20) if chr(code) not in "\t\n\r"}


def archive(entries: Sequence[Entry], options: Options, plane: str = SERVICE_PLANE) -> bytes:
    """The whole property list: a dictionary, or with -r an array of subtrees.

    Nothing at all is written where -r finds nothing, as Apple's tool does.
    """
    tree = Tree(project(entries, plane))
    top: list[dict[str, object]] = []
    if options.roots:
        top = _found(tree, options)
    else:
        top = [_subtree(tree, root, options.depth, options) for root in tree.roots]
    if not top:
        return b""
    return plistlib.dumps(top if options.roots else top[0])


def _found(tree: Tree, options: Options) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    stack: list[tuple[Entry, tuple[Entry, ...], int]]
    stack = [(root, (), 0) for root in reversed(tree.roots)]
    while stack:
        entry, above, covered = stack.pop()
        if covered < len(above) + 1 and selected(entry, options):
            covered = len(above) + options.depth if options.depth else 1 << 62
            made = _subtree(tree, entry, options.depth, options)
            for ancestor in reversed(above) if options.ancestors else ():
                made = _one(ancestor, options) | {"IORegistryEntryChildren": made}
            found.append(made)
        path = (*above, entry)
        stack.extend((child, path, covered) for child in reversed(tree.children(entry)))
    return found


def _subtree(tree: Tree, top: Entry, depth: int, options: Options) -> dict[str, object]:
    whole = _one(top, options)
    waiting = [(top, whole, 1)]
    while waiting:
        entry, made, level = waiting.pop()
        if depth and level >= depth:
            continue
        children = [(child, _one(child, options)) for child in tree.children(entry)]
        if children:
            made["IORegistryEntryChildren"] = [shown for _, shown in children]
        waiting += [(child, shown, level + 1) for child, shown in children]
    return whole


def _one(entry: Entry, options: Options) -> dict[str, object]:
    """One entry without its children; its properties where they are asked for."""
    made: dict[str, object] = {}
    if options.list_all or selected(entry, options):
        made = {_text(key): _plain(value) for key, value in properties_of(entry).items()}
    made["IOObjectClass"] = entry.cls
    if options.inheritance:
        made["IOObjectInheritance"] = inheritance(entry)
    made["IOObjectRetainCount"] = entry.retain
    made["IORegistryEntryID"] = entry.id
    made["IORegistryEntryName"] = _text(entry.name)
    if entry.location:
        made["IORegistryEntryLocation"] = _text(entry.location)
    if "IOService" in lineage(entry):
        made["IOServiceBusyState"] = entry.busy
        made["IOServiceBusyTime"] = entry.busy_ms * 1_000_000
        made["IOServiceState"] = entry.state & ~State.PLAIN
    return made


def _plain(value: Value) -> object:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_text(key): _plain(item) for key, item in value.items()}
    return value


def _text(text: str) -> str:
    """XML 1.0 has no control characters; they are left out."""
    return text.translate(_CONTROL)
