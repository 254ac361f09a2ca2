"""What a registry file says: its entries, its planes, and what of it could not be read.

Invariant: values only; of what a file does not say, nothing is made up. A file's entries get ids
that no other entry of the file has; the text of a dump stays beside them as it was.
"""

from collections.abc import Sequence

import msgspec

from runtime.model import classes, properties
from runtime.model.entry import Entry, State
from runtime.model.errors import BreachError
from runtime.model.events import Event
from runtime.model.identity import SERVICE_PLANE
from runtime.model.properties import Properties

FIRST_FREE_ID = 1 << 48
"""Above every id of a real kernel: ids from here on stand for those that a file does not give."""

_KEPT = 20


class Warnings:
    """Counts what could not be read, and keeps the first sentences about it.

    Attributes:
        count: How many places could not be read as they were meant.
        first: A sentence each for the first of them.
    """

    def __init__(self) -> None:
        self.count = 0
        self.first: list[str] = []

    def add(self, sentence: str) -> None:
        """Count one place; the sentence names it, what was expected and what was found."""
        self.count += 1
        if len(self.first) < _KEPT:
            self.first.append(sentence)


class FileEntry(Entry, frozen=True, array_like=True, gc=False):
    """An entry of a file; `parent`, `name` and `location` are those in `plane`.

    `text` are the lines of its properties in a text dump without the last line feed; each property
    begins with `indent` bytes, two spaces and a quote. Where it is empty, `props` has them.
    """

    plane: str = SERVICE_PLANE
    lineage: tuple[str, ...] = ()  # its classes, leaf first; empty: the file does not say
    head: bytes = b""  # a text dump's line of the entry after `+-o `
    text: bytes = b""
    indent: int = 0


class RegistryFile:
    """A file that was read.

    Attributes:
        format: What it is, in words.
        entries: Parents before their children.
        planes: Planes that have entries, the one that is shown first before the others.
        warnings: What could not be read.
        host: What the machine calls itself, where the file says it.
        wall_ns: When it was so, in nanoseconds since 1970; 0 where the file does not say it.
        history: The segments of its past, as `runtime.interchange.recorded` has them.
        events: What happened in it, oldest first.
    """

    def __init__(
        self,
        form: str,
        entries: list[FileEntry],
        planes: tuple[str, ...],
        warnings: Warnings,
        host: str = "",
        *,
        wall_ns: int = 0,
        history: Sequence[Sequence[bytes]] = (),
        events: Sequence[Event] = (),
    ) -> None:
        self.format = form
        self.entries = entries
        self.planes = planes
        self.warnings = warnings
        self.host = host
        self.wall_ns = wall_ns
        self.history = history
        self.events = events


def property_lines(entry: FileEntry) -> list[bytes]:
    """The properties of a text dump's entry, each as `key" = value` without its first quote.

    What looks like the start of a property inside a text of several lines stays in that text.
    """
    if not entry.text:
        return []
    separator = b"\n" + entry.text[: entry.indent] + b'  "'
    lines: list[bytes] = []
    for part in entry.text[entry.indent + 3 :].split(separator):
        if lines and b'" = ' not in part:
            lines[-1] += separator + part
        else:
            lines.append(part)
    return lines


def properties_of(entry: Entry, warnings: Warnings | None = None) -> Properties:
    """The values of an entry, of a text dump or of any other source; parsed now.

    A value that cannot be read stays text as it stands in the file, and is counted.

    Raises:
        BreachError: The encoded properties are none.
    """
    if not isinstance(entry, FileEntry) or not entry.text:
        return properties.decode(entry.props)
    from runtime.interchange.text_values import parse  # noqa: PLC0415 - its patterns take 3 ms

    found: Properties = {}
    for line in property_lines(entry):
        key, _, text = line.partition(b'" = ')
        value, complaint = parse(text)
        found[key.decode("utf-8", "backslashreplace")] = value
        if complaint and warnings is not None:
            shown = key[:80].decode("utf-8", "replace")
            warnings.add(f"{entry.title}, property {shown!r}: {complaint}")
    return found


def property_count(entry: Entry) -> int:
    """How many properties an entry has."""
    if isinstance(entry, FileEntry) and entry.text:
        return len(property_lines(entry))
    return len(properties.decode(entry.props))


def lineage(entry: Entry) -> tuple[str, ...]:
    """The classes of an entry, leaf first, as far as they are known."""
    if isinstance(entry, FileEntry) and entry.lineage:
        return entry.lineage
    chain = classes.chain(entry.cls)
    if isinstance(entry, FileEntry) and entry.state & State.PLAIN:
        return tuple(name for name in chain if name != "IOService")
    return chain


def plain(entry: Entry) -> Entry:
    """The entry as every other program knows it, its values parsed and encoded.

    Raises:
        BreachError: Its properties cannot be encoded.
    """
    if not isinstance(entry, FileEntry):
        return entry
    props = entry.props
    if entry.text:
        try:
            props = properties.encode(properties_of(entry))
        except (OverflowError, UnicodeEncodeError, RecursionError, ValueError) as error:
            raise BreachError(f"{entry.title}: expected values of a registry: {error}") from error
    fields = {name: getattr(entry, name) for name in Entry.__struct_fields__}
    return Entry(**{**fields, "props": props})


class Stats(msgspec.Struct, frozen=True):
    """Counts of a file; `max_depth` is 0 for a root without children."""

    format: str
    roots: int
    entries: int
    properties: int
    planes: tuple[str, ...]
    max_depth: int
    warnings: int


def stats(
    form: str, entries: Sequence[Entry], planes: tuple[str, ...], warnings: Warnings
) -> Stats:
    """Count; parses every value, so that those that cannot be read are counted too."""
    depth: dict[int, int] = {}
    roots = found = 0
    for entry in entries:
        above = depth.get(entry.parent)
        roots += above is None
        depth[entry.id] = 0 if above is None else above + 1
        found += property_count(entry)
        if isinstance(entry, FileEntry) and entry.text:
            properties_of(entry, warnings)
    return Stats(
        form,
        roots,
        len(entries),
        found,
        planes,
        max(depth.values(), default=0),
        warnings.count,
    )
