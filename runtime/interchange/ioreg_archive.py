"""`ioreg -a`: the registry as an XML property list.

Source: IOKitTools, ioreg.c (archive, archive_scan, archive_search).
Invariant: a pure function of a sequence of entries and the options.
"""

from collections.abc import Sequence

from runtime.interchange.ioreg_text import Options, Tree, inheritance, selected
from runtime.interchange.planes import project
from runtime.interchange.plist_writer import dump
from runtime.interchange.registry_file import lineage, properties_of
from runtime.model.entry import Entry, State
from runtime.model.identity import SERVICE_PLANE


def archive(entries: Sequence[Entry], options: Options, plane: str = SERVICE_PLANE) -> bytes:
    """The whole property list: a dictionary; with -r, or of several roots, an array.

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
    return dump(top if options.roots or len(top) > 1 else top[0])


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
        made |= properties_of(entry)
    made["IOObjectClass"] = entry.cls
    if options.inheritance:
        made["IOObjectInheritance"] = inheritance(entry)
    made["IOObjectRetainCount"] = entry.retain
    made["IORegistryEntryID"] = entry.id
    made["IORegistryEntryName"] = entry.name
    if entry.location:
        made["IORegistryEntryLocation"] = entry.location
    if "IOService" in lineage(entry):
        made["IOServiceBusyState"] = entry.busy
        made["IOServiceBusyTime"] = entry.busy_ms * 1_000_000
        made["IOServiceState"] = entry.state & ~State.PLAIN
    return made
