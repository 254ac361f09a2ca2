"""Reads `ioreg`'s text in all its dialects: 10.4 to today, with and without ids, class-only.

Values are not parsed here: each entry keeps the lines of its properties as they stand, so that a
dump comes out as it went in, and a large one opens at once.
Invariant: takes time and memory in proportion to the file, whatever is in it.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from runtime.interchange.planes import DEVICE_TREE_PLANE
from runtime.interchange.registry_file import FIRST_FREE_ID, FileEntry, RegistryFile, Warnings
from runtime.interchange.text_dialects import plain_text
from runtime.interchange.text_values import parse
from runtime.model.entry import Kind, State
from runtime.model.errors import ProblemError
from runtime.model.identity import SERVICE_PLANE, EntryId

FORMAT = "ioreg text"
COUNTED_BY_LINE = 20  # warnings that name their line
NAME_MAX = 256  # characters of a name: what the wire carries

_MARK = re.compile(rb"\n([| ]*+)\+-o ")
_FIRST = re.compile(rb"([| ]*+)\+-o ")
_STATE = re.compile(
    rb"(?:, id 0x([0-9a-f]{1,16}))?"
    rb"(?:, (!?)registered, (!?)matched, (in)?active, busy (\d{1,18})(?: \((\d{1,18}) ms\))?)?"
    rb"(?:, retain (?:count )?(\d{1,18}))?>"
)
_KEY_MAX = 8 << 10  # bytes of a key that are searched for its end
_VALUE_MAX = 8 << 10  # bytes of a value that is parsed to see whether it has ended
_ATOM_MAX = 32  # bytes of a number
_CLOSING = {b'"': b'"', b"(": b")", b"{": b"}", b"[": b"]", b"<": b">"}
_HEAD = re.compile(rb"(?:  <class [^<>]*>| class: [A-Za-z0-9_:]+)\Z")
_LOCATED = re.compile(r"(.+)@([0-9A-Za-z,.:_-]{1,64})", re.DOTALL)


class _Mark(NamedTuple):
    """A line with an entry: where it begins, where `+-o ` ends, where the line ends."""

    start: int
    name: int
    end: int


def looks_like(data: bytes) -> bool:
    """Whether a file may be a dump in some dialect."""
    return b"+-o " in data or b"+\0-\0o\0" in data


def read(data: bytes) -> RegistryFile:
    """Read a dump.

    Raises:
        ProblemError: ``not-a-registry``: there is no entry in it.
    """
    warnings = Warnings()
    entries = _Reader(plain_text(data, warnings), warnings).entries()
    if not entries:
        raise ProblemError("not-a-registry", "ioreg text: expected a line with `+-o `, found none")
    plane = SERVICE_PLANE
    if any(entry.name == "/" and entry.cls == "IOPlatformExpertDevice" for entry in entries[:4]):
        plane = DEVICE_TREE_PLANE  # only there the machine's own entry is called by its path
        entries = [msgspec.structs.replace(entry, plane=plane) for entry in entries]
    return RegistryFile(FORMAT, entries, (plane,), warnings)


class _Reader:
    def __init__(self, data: bytes, warnings: Warnings) -> None:
        self._data = data
        self._warnings = warnings
        self._taken: set[int] = set()
        self._next = FIRST_FREE_ID

    def entries(self) -> list[FileEntry]:
        """All entries, in the order of the file."""
        made: list[FileEntry] = []
        above: list[int] = []  # ids of the ancestors of what comes next
        marks = self._marks()
        mark = next(marks, None)
        if mark is not None and mark.start:
            lines = self._data.count(b"\n", 0, mark.start)
            self._warnings.add(f"first lines: expected `+-o `, found {lines} other lines")
        while mark is not None:
            after = next(marks, None)
            end = len(self._data) if after is None else after.start
            depth, odd = divmod(mark.name - 4 - mark.start, 2)
            if odd or depth > len(above):
                self._complain(mark, "an indentation that its parent's allows")
                depth = min(depth, len(above))
            del above[depth:]
            entry = self._entry(mark, end, above[-1] if above else 0)
            above.append(entry.id)
            made.append(entry)
            mark = after
        return made

    def _marks(self) -> Iterator[_Mark]:
        """Lines with an entry; those that stand inside a text of several lines are none."""
        data = self._data
        block = checked = -1  # where the lines of the last entry begin; how far they were looked at
        prop = -1
        first = _FIRST.match(data)
        if first is not None:
            block = checked = data.find(b"\n", first.end()) + 1
            yield _Mark(0, first.end(), block - 1)
        for found in _MARK.finditer(data):
            start = found.start() + 1
            if start < block:
                continue
            end = data.find(b"\n", found.end())
            if block >= 0 and not self._is_whole(block, start):
                prop, in_text = self._in_text(block, checked, start, prop)
                checked = start
                if in_text or not _HEAD.search(data, found.end(), end):
                    continue
            yield _Mark(start, found.end(), end)
            block = checked = end + 1
            prop = -1

    def _is_whole(self, start: int, end: int) -> bool:
        """Whether the lines of an entry are none, or a block from brace to brace."""
        data = self._data
        brace = data.find(b"{", start, min(end, data.find(b"\n", start)))
        if brace < 0:
            return True  # there is no block that could be open
        closing = data[start:brace] + b"}\n" + data[start:brace] + b"\n"
        return data.startswith(closing, end - len(closing))

    def _in_text(self, block: int, checked: int, start: int, before: int) -> tuple[int, bool]:
        """Whether a line stands in a value, or key, of several lines: in what has not ended.

        Args:
            block: Where the lines of the entry begin.
            checked: How far they were looked at before.
            start: Where the line begins.
            before: Where the last property begins that was found there; -1: none was.

        Returns:
            Where the last property before the line begins, and the answer.
        """
        data = self._data
        indent = data[block : data.find(b"{", block)]
        last = data.rfind(b"\n" + indent + b'  "', max(block, checked) - 1, start)
        last = before if last < 0 else last
        if last < 0:
            return last, False
        key_end = data.find(b'" = ', last, min(start, last + _KEY_MAX))
        if key_end < 0:
            return last, True
        return last, not _has_ended(data, key_end + 4, start - 1)

    def _entry(self, mark: _Mark, end: int, parent: int) -> FileEntry:
        head = self._data[mark.name : mark.end]
        title, chain, facts = self._head(head, mark)
        text, indent = self._block(mark.end + 1, end, mark)
        name, location = _titled(title)
        stated = facts is not None and facts[5] is not None
        flags, busy, busy_ms = State.PLAIN, 0, 0
        if facts is not None and stated:
            flags = State(0)
            flags |= State(0) if facts[2] else State.REGISTERED
            flags |= State(0) if facts[3] else State.MATCHED
            flags |= State.INACTIVE if facts[4] == b"in" else State(0)
            busy, busy_ms = int(facts[5]), int(facts[6] or 0)
        return FileEntry(
            EntryId(self._id(facts[1] if facts is not None else None)),
            parent,
            name[:NAME_MAX],
            chain[0],
            location,
            int(flags),
            busy,
            busy_ms,
            int(facts[7] or 0) if facts is not None else 0,
            int(Kind.NUB),
            lineage=chain if len(chain) > 1 else (),
            head=head if len(chain) == 1 else b"",
            text=text,
            indent=indent,
        )

    def _head(
        self, head: bytes, mark: _Mark
    ) -> tuple[bytes, tuple[str, ...], re.Match[bytes] | None]:
        """Title, classes leaf first, and the match of what follows the class."""
        at = head.rfind(b"  <class ")
        if at >= 0:
            comma = min(
                (found for found in (head.find(b", ", at), head.find(b">", at)) if found >= 0),
                default=len(head),
            )
            facts = _STATE.fullmatch(head, comma)
            if facts is None:
                self._complain(mark, "`, id …, busy …, retain …>` after the class")
            return head[:at], _chain(head[at + 9 : comma]), facts
        title, found, chain = head.partition(b" class: ")
        if not found:
            self._complain(mark, "a class")
        return title.rstrip(b" "), _chain(chain), None

    def _id(self, digits: bytes | None) -> int:
        """The id that the file gives, where no entry before has it; else a free one."""
        number = int(digits, 16) if digits else 0
        if not 0 < number < FIRST_FREE_ID or number in self._taken:
            self._next += 1
            number = self._next
        self._taken.add(number)
        return number

    def _block(self, start: int, end: int, mark: _Mark) -> tuple[bytes, int]:
        """The property lines between the braces, and the length of their indentation."""
        if start >= end:
            return b"", 0
        data = self._data
        brace = data.find(b"{\n", start, data.find(b"\n", start) + 1)
        if brace >= 0:
            indent = data[start:brace]
            closing = indent + b"}\n" + indent + b"\n"
            body, last = brace + 2, end - len(closing)
            if body == last and data.startswith(closing, last):
                return b"", 0
            if data.startswith(indent + b'  "', body) and data.startswith(
                b"\n" + closing, last - 1
            ):
                return data[body : last - 1], len(indent)
        return self._damaged(data[start:end], mark), 0

    def _damaged(self, lines: bytes, mark: _Mark) -> bytes:
        """The property lines of a block that is not whole, without their indentation."""
        kept: list[bytes] = []
        other = 0
        for line in lines.split(b"\n"):
            body = line.lstrip(b"| ")
            if body.startswith(b'"') and b'" = ' in body:
                kept.append(b"  " + body)
            elif body.rstrip(b"$") not in {b"", b"{", b"}"}:
                other += 1
        if other or lines.strip(b"| \n"):
            self._complain(mark, f"a block from brace to brace (lines left out: {other})")
        return b"\n".join(kept)

    def _complain(self, mark: _Mark, expected: str) -> None:
        if self._warnings.count >= COUNTED_BY_LINE:  # a line's number takes time to find
            self._warnings.add("")
            return
        line = self._data.count(b"\n", 0, mark.start) + 1
        shown = self._data[mark.name : min(mark.end, mark.name + 60)].decode("utf-8", "replace")
        self._warnings.add(f"line {line}: expected {expected}, found {shown!r}")


def _has_ended(data: bytes, start: int, end: int) -> bool:
    """Whether a value can be whole; of a long one only its ends are looked at."""
    closing = _CLOSING.get(data[start : start + 1])
    if closing is None:  # a number, Yes, No, or nothing
        return end == start or (end - start < _ATOM_MAX and not parse(data[start:end])[1])
    if end - start < 2 or data[end - 1 : end] != closing:
        return False
    return closing == b'"' or end - start > _VALUE_MAX or not parse(data[start:end])[1]


def _chain(raw: bytes) -> tuple[str, ...]:
    """Classes, leaf first, from `IORegistryEntry:IOService:…` or from one class."""
    return tuple(reversed(raw.decode("utf-8", "backslashreplace").split(":")))


def _titled(title: bytes) -> tuple[str, str]:
    """Name and location; what follows the last `@` is one only where it looks like one."""
    text = title.decode("utf-8", "backslashreplace")
    found = _LOCATED.fullmatch(text) if "@" in text else None
    return (found[1], found[2]) if found else (text, "")
