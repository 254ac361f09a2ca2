"""Values that no message can hold: cut in the snapshot, and read whole part by part.

Invariant: what was cut is remembered by entry and key, and nothing else is.
"""

import json

import msgspec

from runtime.interchange.json_form import value_as_json
from runtime.interchange.registry_file import FileEntry, Warnings, properties_of
from runtime.model import properties
from runtime.model.errors import ProblemError
from runtime.model.identity import EntryId
from runtime.model.properties import Properties, Value
from runtime.wire import codec, limits
from runtime.wire.commands.registry import ReadValue, ValuePage

LARGEST = limits.FRAME // 2  # bytes of an entry's encoded properties; above it values are cut
PAGE = limits.FRAME // 2  # bytes of a value in one answer
CUT = 4096  # bytes or characters that are left of a value that was cut


class Cutting:
    """Cuts values, and has them whole when somebody asks.

    Attributes:
        count: How many values were cut.
    """

    def __init__(self) -> None:
        self.count = 0
        self._entries: dict[EntryId, FileEntry] = {}  # those with values that were cut
        self._whole: tuple[EntryId, str, bytes, bool] | None = None  # the value read last

    def fit(self, entry: FileEntry, warnings: Warnings) -> tuple[msgspec.Raw, tuple[str, ...]]:
        """Return an entry's encoded properties, and the keys of those values that were cut."""
        if entry.text:
            table = properties_of(entry, warnings)
            raw = properties.encode(table)
        else:
            table, raw = {}, entry.props
        if len(memoryview(raw)) <= LARGEST:
            return raw, ()
        made, keys = _shortened(table or properties.decode(raw))
        self._entries[entry.id] = entry
        self.count += len(keys)
        return properties.encode(made), keys

    def page(self, asked: ReadValue) -> ValuePage:
        """Return a part of a value that was cut.

        Raises:
            ProblemError: ``not-found``: it was not cut, or is not there.
        """
        known = self._whole
        if known is None or known[:2] != (asked.entry, asked.key):
            self._whole = known = (asked.entry, asked.key, *self._content(asked))
        content, is_text = known[2:]
        part = content[asked.offset : asked.offset + PAGE]
        return ValuePage(part, len(content), is_text)

    def _content(self, asked: ReadValue) -> tuple[bytes, bool]:
        """A value's bytes, and whether they are text: nested values are text in JSON."""
        entry = self._entries.get(asked.entry)
        if entry is None:
            raise ProblemError("not-found", "expected a value that was cut, found none")
        table = properties_of(entry, Warnings())
        value = table.get(asked.key)
        if value is None:
            raise ProblemError("not-found", f"expected the property {asked.key!r}, found none")
        if isinstance(value, bytes):
            return value, False
        text = value if isinstance(value, str) else json.dumps(value_as_json(value), indent=1)
        return text.encode(), True


def _shortened(table: Properties) -> tuple[dict[str, Value], tuple[str, ...]]:
    """The largest values cut, one after the other, until all fit together; and their keys."""
    sizes = {key: len(codec.encode(value)) for key, value in table.items()}
    total = sum(sizes.values()) + sum(4 * len(key) + 8 for key in sizes)
    made = dict(table)
    cut: list[str] = []
    for key in sorted(sizes, key=lambda name: -sizes[name]):
        if total <= LARGEST:
            break
        value = made[key]
        if isinstance(value, str | bytes):
            made[key] = value[:CUT]
        else:
            made[key] = f"too large to show: {sizes[key]} bytes"
        total -= sizes[key] - CUT
        if len(key) <= limits.TEXT:  # what a longer key has cannot be asked for
            cut.append(key)
    return made, tuple(cut)
