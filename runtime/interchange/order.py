"""The order of a file's entries: parents first, each once, whatever the file says of them.

Invariant: no level of the tree is a level of Python's stack; nothing is left out unsaid.
"""

from collections.abc import Iterable, Sequence

from runtime.interchange.registry_file import FileEntry, Warnings


def of_their_own(entries: Iterable[FileEntry], warnings: Warnings) -> list[FileEntry]:
    """Those with an id above 0 that no entry before has; the others are counted."""
    found: dict[int, FileEntry] = {}
    for entry in entries:
        if entry.id <= 0 or entry.id in found:
            warnings.add(f"{entry.title}: expected an id of its own, found {entry.id}")
        else:
            found[entry.id] = entry
    return list(found.values())


def parents_first(entries: Sequence[FileEntry], warnings: Warnings) -> list[FileEntry]:
    """The entries as they stand where parents come first, else depth first from the roots.

    Ids are unique. An entry whose parent the file does not have is a root; one of those in a
    circle becomes one, and is counted.
    """
    known = {0, *(entry.id for entry in entries)}
    if _is_ordered(entries, known):
        return list(entries)
    below: dict[int, list[FileEntry]] = {}
    for entry in reversed(entries):
        below.setdefault(entry.parent if entry.parent in known else 0, []).append(entry)
    ordered: list[FileEntry] = []
    waiting = below.pop(0, [])
    loose = iter(entries)
    seen: set[int] = set()
    while True:
        while waiting:
            entry = waiting.pop()
            if entry.id not in seen:
                seen.add(entry.id)
                ordered.append(entry)
                waiting += below.get(entry.id, ())
        left = next((entry for entry in loose if entry.id not in seen), None)
        if left is None:
            return ordered
        warnings.add(f"{left.title}: expected a way up to a root, found a circle")
        fields = {name: getattr(left, name) for name in left.__struct_fields__}
        waiting.append(FileEntry(**{**fields, "parent": 0}))


def _is_ordered(entries: Sequence[FileEntry], known: set[int]) -> bool:
    """Whether each entry's parent, where the file has it, stands before it."""
    passed = {0}
    for entry in entries:
        if entry.parent in known and entry.parent not in passed:
            return False
        passed.add(entry.id)
    return True
