"""The kernel's `modules.alias` as an index: which modules could drive a device.

Patterns of USB, PCI and HID have fixed fields. They are kept in a tuple space: one table for
each set of fields that patterns name, keyed by the named digits; a look-up probes each table
once. All others are found by the last eight (or four) letters of a literal piece, which have to
occur in the device's alias. What is found is compared with the whole pattern where the key does
not already say everything.
Source: kernel scripts/mod/file2alias.c; kmod libkmod.c (a dash is an underscore).
Invariant: pure; a look-up gives what comparing every pattern would, for patterns as
file2alias.c writes them and devices as the kernel's buses name them.
"""

import fnmatch
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

import msgspec

from runtime.matching.specificity import (
    FIELD_PATTERNS,
    LAYOUTS,
    Parts,
    alias_parts,
    field_parts,
)

Table = dict[str, int | list[int]]
"""Numbers of patterns by key; one alone is no list (most are alone)."""

_DIGITS = b"0123456789ABCDEF"
_REST = bytes(code for code in range(128) if code not in _DIGITS and code != ord("\n"))
_PIECE = re.compile(r"[*?]|\[[^]]*\]")
_LINE = re.compile(r"^alias (\S+) (\S+)$", re.MULTILINE)
_LONG, _SHORT = 8, 4
_LONG_HEAD, _HEAD = 4, 3  # letters; a pattern that starts with as many is filed under them
FORMAT = 1


class Kext(msgspec.Struct, frozen=True):
    """A kernel module that could drive a device, the pattern that says so, and its score."""

    module: str
    pattern: str
    score: int

    @property
    def parts(self) -> Parts:
        """What makes up the score."""
        return alias_parts(self.pattern)


class _Others(msgspec.Struct, array_like=True):
    """Patterns without fixed fields, by a literal piece; `loose` have none."""

    pieces: Table = {}
    loose: list[int] = []


class _Stored(msgspec.Struct, array_like=True):
    """The index as it is cached."""

    format: int
    patterns: str  # one a line
    modules: str
    spaces: dict[str, dict[str, Table]]  # by bus and shape; ~number: compare the whole pattern
    others: dict[str, _Others]  # by the first letters; empty: those that start with a wildcard


_Space = tuple[slice, list[slice] | None, int, Table]
"""Where the digits of a table's key stand (first piece, the others), its score, the table."""


class AliasIndex:
    """Patterns with their modules, first come first served among equals."""

    def __init__(self, stored: _Stored) -> None:
        self._stored = stored
        self._patterns = stored.patterns.split("\n") if stored.patterns else []
        self._modules = stored.modules.split("\n") if stored.modules else []
        self._spaces = {
            bus: [_space(bus, shape, table) for shape, table in shapes.items()]
            for bus, shapes in stored.spaces.items()
        }

    def __len__(self) -> int:
        return len(self._patterns)

    def __iter__(self) -> Iterator[Kext]:
        """All, in the order of their coming."""
        return map(self._kext, range(len(self)))

    def look_up(self, modalias: str) -> list[Kext]:
        """Every pattern that matches a device's MODALIAS, best score first."""
        modules, patterns = self._modules, self._patterns
        hits = self._hits(modalias)
        hits.sort()
        return [Kext(modules[number], patterns[number], -score) for score, number in hits]

    def winner(self, modalias: str) -> Kext | None:
        """The first of `look_up`, without the rest."""
        found = self.look_up(modalias)
        return found[0] if found else None

    def dump(self) -> bytes:
        """The index as bytes, for a cache."""
        return msgspec.msgpack.encode(self._stored)

    def _kext(self, number: int) -> Kext:
        pattern = self._patterns[number]
        return Kext(self._modules[number], pattern, _score(pattern))

    def _hits(self, modalias: str) -> list[tuple[int, int]]:
        """(negative score, number) of every match."""
        patterns = self._patterns
        hits: list[tuple[int, int]] = []
        for score, number in self._fixed(modalias):
            if number >= 0:
                hits.append((-score, number))
            elif _compiled(patterns[~number])(modalias) is not None:
                hits.append((-_score(patterns[~number]), ~number))
        for head in (modalias[:_LONG_HEAD], modalias[:_HEAD], ""):
            if head in self._stored.others:
                found = self._others(self._stored.others[head], modalias.replace("-", "_"))
                hits.extend((-_score(patterns[number]), number) for number in found)
        return hits

    def _fixed(self, modalias: str) -> list[tuple[int, int]]:
        """(score, number) of what the tuple space has for a device."""
        bus = modalias[:_HEAD]
        if bus not in self._spaces:
            return []
        digits = modalias.encode("ascii", "replace").translate(None, _REST).decode()
        if len(digits) != _WIDTHS[bus]:
            return []  # no pattern with fixed fields has another layout
        found: list[tuple[int, int]] = []
        for first, second, score, table in self._spaces[bus]:
            key = digits[first]
            if second is not None:
                key += "".join([digits[part] for part in second])
            numbers = table.get(key)
            if numbers is None:
                continue
            if isinstance(numbers, int):
                found.append((score, numbers))
            else:
                found += [(score, number) for number in numbers]
        return found

    def _others(self, others: _Others, text: str) -> list[int]:
        patterns, pieces = self._patterns, others.pieces
        seen = set(others.loose)
        for width in (_LONG, _SHORT):
            for at in range(len(text) - width + 1):
                found = pieces.get(text[at : at + width])
                if found is not None:
                    seen.update([found] if isinstance(found, int) else found)
        return [number for number in seen if _compiled(patterns[number])(text) is not None]


def build(text: str) -> AliasIndex:
    """Index the text of a `modules.alias` file; lines that are no aliases are passed over."""
    found = _LINE.findall(text)
    return index([pattern for pattern, _ in found], [module for _, module in found])


def index(patterns: list[str], modules: list[str]) -> AliasIndex:
    """Index patterns and, under the same numbers, their modules; neither holds a line end."""
    text = "\n".join(patterns)
    stored = _Stored(FORMAT, text, "\n".join(modules), {bus: {} for bus in LAYOUTS}, {})
    spaces = stored.spaces
    widths: dict[str, int] = {}
    joined = text.encode("ascii", "replace")
    shapes = joined.translate(None, _DIGITS).decode().split("\n")
    digits = joined.translate(None, _REST).decode().split("\n")
    lines = zip(patterns, shapes, digits, strict=False)  # of no pattern: one empty line
    for number, (pattern, shape, key) in enumerate(lines):
        bus = pattern[:_HEAD]
        if bus in spaces and pattern[_HEAD : _HEAD + 1] == ":":
            width = widths.get(shape)
            if width is None:
                width = widths[shape] = _width(shape)
            if len(key) == width:
                table = spaces[bus].get(shape)
                if table is None:
                    table = spaces[bus][shape] = {}
                if table.setdefault(key, number) != number:
                    _append(table, key, number)
                continue
            if _add_partial(spaces[bus], number, pattern):
                continue
        _add_other(stored, number, pattern)
    return AliasIndex(stored)


def load(data: bytes) -> AliasIndex | None:
    """The index that `AliasIndex.dump` made; None when the bytes are something else."""
    try:
        stored = msgspec.msgpack.decode(data, type=_Stored)
    except msgspec.MsgspecError:
        return None
    return AliasIndex(stored) if stored.format == FORMAT else None


def matches(pattern: str, modalias: str) -> bool:
    """Whether one pattern matches a device's alias; a dash and an underscore are equal."""
    return _compiled(pattern)(modalias.replace("-", "_")) is not None


_WIDTHS = {bus: sum(width for _, width in fields) for bus, fields in LAYOUTS.items()}


def _append(table: Table, key: str, number: int) -> None:
    there = table.get(key)
    if there is None:
        table[key] = number
    elif isinstance(there, int):
        table[key] = [there, number]
    else:
        there.append(number)


def _add_partial(tables: dict[str, Table], number: int, pattern: str) -> bool:
    """File a pattern that gives only a part of some field under the fields it gives whole."""
    bus = pattern[:_HEAD]
    found = FIELD_PATTERNS[bus].fullmatch(pattern)
    if found is None:
        return False
    shape, key = f"{bus}:", ""
    for (name, width), value in zip(LAYOUTS[bus], found.groups(), strict=True):
        whole = len(value) == width and value.isalnum()
        shape += name if whole else f"{name}*"
        key += value if whole else ""
    _append(tables.setdefault(shape, {}), key, ~number)
    return True


def _add_other(stored: _Stored, number: int, pattern: str) -> None:
    pieces = _PIECE.split(pattern)
    heads = (pattern[:width] for width in (_LONG_HEAD, _HEAD) if len(pieces[0]) >= width)
    head = next((head for head in heads if "-" not in head and "_" not in head), "")
    others = stored.others.setdefault(head, _Others({}, []))
    long_enough = [piece for piece in pieces if len(piece) >= _SHORT]
    if not long_enough:
        others.loose.append(number)
        return
    piece = long_enough[-1].replace("-", "_")
    width = _LONG if len(piece) >= _LONG else _SHORT
    _append(others.pieces, piece[-width:], number)


def _width(shape: str) -> int:
    """How many digits a pattern of a shape has when every field is whole or open; -1: none."""
    bus = shape[:3]
    fields = re.fullmatch(_SHAPES[bus], shape)
    if fields is None:
        return -1
    return sum(
        width for (_, width), star in zip(LAYOUTS[bus], fields.groups(), strict=True) if not star
    )


_SHAPES = {
    bus: f"{bus}:" + "".join(rf"{name}(\*?)" for name, _ in fields)
    for bus, fields in LAYOUTS.items()
}


def _space(bus: str, shape: str, table: Table) -> _Space:
    """A table with where the digits of its keys stand; neighbouring fields are one slice."""
    fields = re.fullmatch(_SHAPES[bus], shape)
    assert fields is not None
    slices: list[slice] = []
    named: list[str] = []
    at = 0
    for (name, width), star in zip(LAYOUTS[bus], fields.groups(), strict=True):
        if not star:
            named.append(name)
            if slices and slices[-1].stop == at:
                slices[-1] = slice(slices[-1].start, at + width)
            else:
                slices.append(slice(at, at + width))
        at += width
    score = sum(points for _, points in field_parts(bus, tuple(named), ()))
    first = slices[0] if slices else slice(0, 0)
    return first, slices[1:] or None, score, table


@lru_cache(maxsize=4096)
def _score(pattern: str) -> int:
    return sum(points for _, points in alias_parts(pattern))


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> Callable[[str], object]:
    return re.compile(fnmatch.translate(_underscored(pattern)), re.DOTALL).match


def _underscored(pattern: str) -> str:
    """Dashes as underscores, except in brackets."""
    return re.sub(r"\[[^]]*\]|-", lambda found: found[0] if found[0] != "-" else "_", pattern)
