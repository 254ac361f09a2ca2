"""`ioreg`'s text form, exactly as Apple's tool prints it.

Source: IOKitTools, ioreg.c (scan, search, show, indent, cfshow); its quirks are kept: a line is
clipped in bytes and then ends in `$`, negative numbers print as huge ones, data that looks like
text prints as text.
Invariant: a pure function of a sequence of entries and the options; yields lines without their
line feed.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from runtime.interchange.ioreg_values import Values
from runtime.interchange.planes import DEVICE_TREE_PLANE, project
from runtime.interchange.registry_file import (
    FIRST_FREE_ID,
    FileEntry,
    lineage,
    properties_of,
    property_lines,
)
from runtime.model.entry import Entry, State
from runtime.model.identity import SERVICE_PLANE
from runtime.model.properties import Value

if TYPE_CHECKING:
    from runtime.interchange.ioreg_format import Smart


class Options(msgspec.Struct, frozen=True):
    """The options of `ioreg`, by their letters; `bold` is the pair of strings around a name."""

    list_all: bool = False  # -l
    roots: bool = False  # -r
    ancestors: bool = False  # -t
    inheritance: bool = False  # -i
    smart: bool = False  # -f
    hexadecimal: bool = False  # -x
    kernel_classes: bool = False  # -y
    cls: str = ""  # -c
    key: str = ""  # -k
    name: str = ""  # -n
    ids: frozenset[int] | None = None  # --find: the entries that were found
    depth: int = 0  # -d; 0: unlimited
    width: int = 0  # -w; 0: unlimited
    bold: tuple[str, str] = ("", "")  # -b
    terminal: bool = False  # control characters of property values are left out


class _Node(msgspec.Struct, frozen=True, gc=False):
    """A place in the printed tree; `bars` has a bit for each depth with more siblings."""

    entry: Entry
    depth: int
    bars: int


class Tree:
    """Entries by parent; of entries whose parent is not there, each is a root."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        known = {entry.id for entry in entries}
        self._below: dict[int, list[Entry]] = {}
        self.roots: list[Entry] = []
        for entry in entries:
            if entry.parent in known:
                self._below.setdefault(entry.parent, []).append(entry)
            else:
                self.roots.append(entry)

    def children(self, entry: Entry) -> Sequence[Entry]:
        """Children in their order."""
        return self._below.get(entry.id, ())


def selected(entry: Entry, options: Options) -> bool:
    """Whether -c, -k, -n and --find, as far as given, choose the entry; False where none is."""
    if options.ids is not None and entry.id not in options.ids:
        return False
    if options.cls and not _has_class(entry, options):
        return False
    if options.key and options.key not in properties_of(entry):
        return False
    if options.name:
        name = f"{entry.name}@{entry.location}" if "@" in options.name else entry.name
        if name != options.name:
            return False
    return chooses(options)


def chooses(options: Options) -> bool:
    """Whether any of the options that choose entries is given."""
    return bool(options.cls or options.key or options.name or options.ids is not None)


def inheritance(entry: Entry) -> list[str]:
    """The classes that option -i shows: from IORegistryEntry down, without OSObject."""
    return [name for name in reversed(lineage(entry)) if name != "OSObject"]


def lines(entries: Sequence[Entry], options: Options, plane: str = SERVICE_PLANE) -> Iterator[str]:
    """The whole output, line by line.

    Args:
        entries: Parents before their children, as `Registry.walk` gives them.
        options: What to print.
        plane: Along which plane.
    """
    writer = _Writer(entries, plane, options)
    return writer.found() if options.roots else writer.whole()


def clipped(line: str, width: int) -> str:
    """A line at a terminal's width: at most `width - 1` bytes and then `$`; 0: as it is."""
    if width == 0:
        return line
    raw = line.replace("\n", " ").encode("utf-8", "surrogateescape")
    if len(raw) < width:
        return raw.decode("utf-8", "surrogateescape")
    return raw[: width - 1].decode("utf-8", "surrogateescape") + "$"


def _has_class(entry: Entry, options: Options) -> bool:
    user_classes: Sequence[Value] = entry.user_classes
    if isinstance(entry, FileEntry) and b'"IOUserClasses" = (' in b'"' + entry.text:
        said = properties_of(entry).get("IOUserClasses")
        user_classes = said if isinstance(said, list) else ()
    if user_classes and not options.kernel_classes:  # they replace the kernel's test
        return options.cls in user_classes
    return options.cls in lineage(entry)


class _Writer:
    def __init__(self, entries: Sequence[Entry], plane: str, options: Options) -> None:
        self._entries = entries
        self._tree = Tree(project(entries, plane))
        self._smart: Smart | None = None
        self._options = options
        self._values = Values(options.hexadecimal, options.terminal)

    def whole(self) -> Iterator[str]:
        for root in self._tree.roots:
            yield from self._scan(root, 0, self._options.depth)

    def found(self) -> Iterator[str]:
        """Subtrees of what is selected; one inside another is not printed again."""
        stack: list[tuple[Entry, tuple[Entry, ...], int]]
        stack = [(root, (), 0) for root in reversed(self._tree.roots)]
        while stack:
            entry, above, covered = stack.pop()  # covered: depth down to which it was printed
            depth = len(above)
            if covered < depth + 1 and selected(entry, self._options):
                limit = self._options.depth
                covered = depth + limit if limit else 1 << 62
                yield from self._subtree(entry, above)
            path = (*above, entry)
            stack.extend((child, path, covered) for child in reversed(self._tree.children(entry)))

    def _subtree(self, entry: Entry, above: tuple[Entry, ...]) -> Iterator[str]:
        depth = self._options.depth
        if self._options.ancestors:
            for index, ancestor in enumerate(above):
                yield from self._show(_Node(ancestor, index, 2 << index))
            yield from self._scan(entry, len(above), depth + len(above) if depth else 0)
        else:
            yield from self._scan(entry, 0, depth)
        yield ""

    def _scan(self, top: Entry, depth: int, limit: int) -> Iterator[str]:
        stack = [_Node(top, depth, 0)]
        while stack:
            node = stack.pop()
            open_here = limit == 0 or limit > node.depth + 1
            children = self._tree.children(node.entry) if open_here else ()
            bars = node.bars | (2 << node.depth) if children else node.bars
            yield from self._show(_Node(node.entry, node.depth, bars))
            last = len(children) - 1
            for index in range(last, -1, -1):
                more = (2 << node.depth) if index < last else 0
                stack.append(_Node(children[index], node.depth + 1, node.bars | more))

    def _show(self, node: _Node) -> Iterator[str]:
        entry = node.entry
        indent = "".join("| " if node.bars >> i & 1 else "  " for i in range(node.depth))
        yield self._head(f"{indent}+-o ", entry)
        if self._options.list_all or selected(entry, self._options):
            for i in (node.depth, node.depth + 1):
                indent += "| " if node.bars >> i & 1 else "  "
            width = self._options.width
            yield clipped(indent + "{", width)
            if self._options.smart:
                for shown in self._formatted(entry, node.depth):
                    yield clipped(f"{indent}{shown}", width)
            else:
                for shown in self._properties(entry):
                    yield clipped(f"{indent}  {shown}", width)
            yield clipped(indent + "}", width)
            yield clipped(indent, width)

    def _formatted(self, entry: Entry, depth: int) -> Iterator[str]:
        from runtime.interchange.ioreg_format import Smart  # noqa: PLC0415 - only -f needs it

        if self._smart is None:
            self._smart = Smart(
                project(self._entries, DEVICE_TREE_PLANE),
                self._values,
                self._options.hexadecimal,
                self._options.width,
            )
        for key, value in properties_of(entry).items():
            first, *more = self._smart.show(key, value, entry, depth)
            yield f"  {self._values.text(key)} = {self._values.safe(first)}"
            yield from more

    def _properties(self, entry: Entry) -> Iterator[str]:
        """The properties; those of a dump as they stand there, but for what -x changes."""
        if not isinstance(entry, FileEntry) or not entry.text:
            for key, value in properties_of(entry).items():
                yield f"{self._values.text(key)} = {self._values.show(value)}"
            return
        from runtime.interchange.text_values import parse  # noqa: PLC0415 - see properties_of

        for line in property_lines(entry):
            if self._options.hexadecimal:
                raw, _, text = line.partition(b'" = ')
                value, complaint = parse(text)
                if not complaint:
                    key = raw.decode("utf-8", "surrogateescape")
                    yield f"{self._values.text(key)} = {self._values.show(value)}"
                    continue
            yield self._values.safe('"' + line.decode("utf-8", "surrogateescape"))

    def _head(self, start: str, entry: Entry) -> str:
        """A node's line; the strings around its name take no room of the width."""
        line = clipped(start + self._line(entry), self._options.width)
        on, off = self._options.bold
        if not on:
            return line
        name = self._values.safe(entry.name)
        end = min(len(start) + len(name), len(line.removesuffix("$")))
        return f"{line[: len(start)]}{on}{line[len(start) : end]}{off}{line[end:]}"

    def _line(self, entry: Entry) -> str:
        shown = entry.cls
        if isinstance(entry, FileEntry) and entry.head:
            line = self._values.safe(entry.head.decode("utf-8", "surrogateescape"))
            if self._options.inheritance:
                chain = ":".join(inheritance(entry))
                return f"  <class {chain}".join(line.rsplit(f"  <class {shown}", 1))
            return line
        if self._options.inheritance:
            shown = ":".join(inheritance(entry))
        number, service, retain = f", id 0x{entry.id:x}", "", f", retain {entry.retain}"
        if isinstance(entry, FileEntry):  # what its file does not say is not made up
            number = number if entry.id < FIRST_FREE_ID else ""
            retain = retain if entry.retain or number else ""
        if not entry.state & State.PLAIN and "IOService" in lineage(entry):
            service = _service(entry)
        title = self._values.safe(entry.title)
        return f"{title}  <class {shown}{number}{service}{retain}>"


def _service(entry: Entry) -> str:
    state = entry.state
    registered = "" if state & State.REGISTERED else "!"
    matched = "" if state & State.MATCHED else "!"
    active = "in" if state & State.INACTIVE else ""
    time = f" ({entry.busy_ms} ms)" if entry.busy_ms else ""
    return f", {registered}registered, {matched}matched, {active}active, busy {entry.busy}{time}"
