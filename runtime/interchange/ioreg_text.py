"""`ioreg`'s text form, exactly as Apple's tool prints it.

Source: IOKitTools, ioreg.c (scan, search, show, indent, cfshow); its quirks are kept: a line is
clipped in bytes and then ends in `$`, negative numbers print as huge ones, data that looks like
text prints as text.
Invariant: a pure function of a sequence of entries and the options; yields lines without their
line feed.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from runtime.interchange.ioreg_values import Values
from runtime.model import classes, properties
from runtime.model.entry import Entry, State


class Options(msgspec.Struct, frozen=True):
    """The options of `ioreg`, by their letters; `bold` is the pair of strings around a name."""

    list_all: bool = False  # -l
    roots: bool = False  # -r
    ancestors: bool = False  # -t
    inheritance: bool = False  # -i
    hexadecimal: bool = False  # -x
    kernel_classes: bool = False  # -y
    cls: str = ""  # -c
    key: str = ""  # -k
    name: str = ""  # -n
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

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._below: dict[int, list[Entry]] = {}
        known: set[int] = set()
        self.roots: list[Entry] = []
        for entry in entries:
            known.add(entry.id)
            if entry.parent in known:
                self._below.setdefault(entry.parent, []).append(entry)
            else:
                self.roots.append(entry)

    def children(self, entry: Entry) -> Sequence[Entry]:
        """Children in their order."""
        return self._below.get(entry.id, ())


def selected(entry: Entry, options: Options) -> bool:
    """Whether -c, -k and -n, as far as given, all choose the entry; False where none is."""
    if options.cls and not _has_class(entry, options):
        return False
    if options.key and options.key not in properties.decode(entry.props):
        return False
    if options.name:
        name = f"{entry.name}@{entry.location}" if "@" in options.name else entry.name
        if name != options.name:
            return False
    return bool(options.cls or options.key or options.name)


def inheritance(cls: str) -> list[str]:
    """The classes that option -i shows: from IORegistryEntry down, without OSObject."""
    return [name for name in reversed(classes.chain(cls)) if name != "OSObject"]


def lines(entries: Iterable[Entry], options: Options) -> Iterator[str]:
    """The whole output, line by line.

    Args:
        entries: Parents before their children, as `Registry.walk` gives them.
        options: What to print.
    """
    writer = _Writer(Tree(entries), options)
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
    if entry.user_classes and not options.kernel_classes:  # they replace the kernel's test
        return options.cls in entry.user_classes
    return classes.conforms(entry.cls, options.cls)


class _Writer:
    def __init__(self, tree: Tree, options: Options) -> None:
        self._tree = tree
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
            for key, value in properties.decode(entry.props).items():
                shown = f"{indent}  {self._values.text(key)} = {self._values.show(value)}"
                yield clipped(shown, width)
            yield clipped(indent + "}", width)
            yield clipped(indent, width)

    def _head(self, start: str, entry: Entry) -> str:
        """A node's line; the strings around its name take no room of the width."""
        line = clipped(start + self._line(entry), self._options.width)
        on, off = self._options.bold
        if not on:
            return line
        name = self._values.plain(entry.name)
        end = min(len(start) + len(name), len(line.removesuffix("$")))
        return f"{line[: len(start)]}{on}{line[len(start) : end]}{off}{line[end:]}"

    def _line(self, entry: Entry) -> str:
        location = f"@{entry.location}" if entry.location else ""
        shown = entry.cls
        chain = classes.chain(entry.cls)
        if self._options.inheritance:
            shown = ":".join(inheritance(entry.cls))
        service = _service(entry) if "IOService" in chain else ""
        return (
            f"{self._values.plain(entry.name)}{location}  "
            f"<class {shown}, id 0x{entry.id:x}{service}, retain {entry.retain}>"
        )


def _service(entry: Entry) -> str:
    state = entry.state
    registered = "" if state & State.REGISTERED else "!"
    matched = "" if state & State.MATCHED else "!"
    active = "in" if state & State.INACTIVE else ""
    time = f" ({entry.busy_ms} ms)" if entry.busy_ms else ""
    return f", {registered}registered, {matched}matched, {active}active, busy {entry.busy}{time}"
