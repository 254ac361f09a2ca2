"""The kernel's `modules.alias` as an index: which modules could drive a device.

Patterns of USB, PCI and HID have fixed fields (`runtime.matching.tuple_space`). All others are
found by the last eight (or four) letters of a literal piece, which have to occur in the device's
alias, and then compared as a whole.
Source: kernel scripts/mod/file2alias.c; kmod libkmod.c (a dash is an underscore).
Invariant: pure; a look-up gives what comparing every pattern would, for patterns as
file2alias.c writes them and devices as the kernel's buses name them.
"""

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache

import msgspec

from runtime.matching.specificity import LAYOUTS, Parts, alias_parts
from runtime.matching.tuple_space import (
    DIGITS,
    REST,
    Table,
    Tables,
    TupleSpace,
    add,
    add_partial,
    compiled,
    plain_width,
)

_LINE = re.compile(r"^alias (\S+) (\S+)$", re.MULTILINE)
_PIECE = re.compile(r"[*?]|\[[^]]*\]")
_LONG, _SHORT = 8, 4
_LONG_HEAD, _HEAD = 4, 3  # letters; a pattern that starts with as many is filed under them
FORMAT = 2


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
    """The index as it is cached; its tables stay encoded until a device of theirs is looked up."""

    format: int
    count: int
    patterns: str  # one a line
    modules: str
    spaces: dict[str, msgspec.Raw]  # `Tables` by bus
    heads: list[str]  # those that are in `others`
    others: msgspec.Raw  # `_Others` by the first letters; empty: those that begin with a wildcard


class AliasIndex:
    """Patterns with their modules, first come first served among equals."""

    def __init__(self, stored: _Stored) -> None:
        self._stored = stored
        self._filed_heads = frozenset(stored.heads)
        self._spaces: dict[str, TupleSpace] = {}  # those that were used
        self._alone: dict[str, TupleSpace] = {}  # of buses all of whose patterns have the fields

    def __len__(self) -> int:
        return self._stored.count

    def __iter__(self) -> Iterator[Kext]:
        """All, in the order of their coming."""
        for number, pattern in enumerate(self._patterns):
            yield self._kext(number, _score(pattern))

    def look_up(self, modalias: str) -> list[Kext]:
        """Every pattern that matches a device's MODALIAS, best score first."""
        space = self._space(modalias[:_HEAD])
        hits = space.hits(modalias) if space else []
        text = modalias.replace("-", "_")
        for others in self._filed(text):
            hits += [
                (-_score(self._patterns[number]), number) for number in self._among(others, text)
            ]
        hits.sort()
        return [self._kext(number, -score) for score, number in hits]

    def winner(self, modalias: str) -> Kext | None:
        """The first of `look_up`, without the rest."""
        space = self._alone.get(modalias[: _HEAD + 1])
        if space is None:
            found = self.look_up(modalias)
            return found[0] if found else None
        best = space.best(modalias)
        return self._kext(best[1], -best[0]) if best else None

    def dump(self) -> bytes:
        """The index as bytes, for a cache."""
        return msgspec.msgpack.encode(self._stored)

    def _kext(self, number: int, score: int) -> Kext:
        return Kext(self._modules[number], self._patterns[number], score)

    @cached_property
    def _patterns(self) -> list[str]:
        return self._stored.patterns.split("\n")

    @cached_property
    def _modules(self) -> list[str]:
        return self._stored.modules.split("\n")

    @cached_property
    def _others(self) -> dict[str, _Others]:
        return msgspec.msgpack.decode(self._stored.others, type=dict[str, _Others])

    def _space(self, bus: str) -> TupleSpace | None:
        """A bus's patterns with fixed fields, ready to be probed."""
        space = self._spaces.get(bus)
        if space is None and bus in self._stored.spaces:
            tables = msgspec.msgpack.decode(self._stored.spaces[bus], type=Tables)
            space = self._spaces[bus] = TupleSpace(bus, tables, self._patterns)
            if not self._heads(f"{bus}:"):
                self._alone[f"{bus}:"] = space
        return space

    def _filed(self, text: str) -> list[_Others]:
        """The patterns without fixed fields that begin as a device's alias does."""
        return [self._others[head] for head in self._heads(text)]

    def _heads(self, text: str) -> list[str]:
        heads = (text[:_LONG_HEAD], text[:_HEAD], "") if len(text) > _HEAD else (text, "")
        return [head for head in heads if head in self._filed_heads]

    def _among(self, others: _Others, text: str) -> list[int]:
        """Numbers of the patterns that match."""
        seen = set(others.loose)
        for width in (_LONG, _SHORT):
            for at in range(len(text) - width + 1):
                found = others.pieces.get(text[at : at + width])
                if found is not None:
                    seen.update([found] if isinstance(found, int) else found)
        return [number for number in seen if compiled(self._patterns[number])(text)]


def build(text: str) -> AliasIndex:
    """Index the text of a `modules.alias` file; lines that are no aliases are passed over."""
    found = _LINE.findall(text)
    return index([pattern for pattern, _ in found], [module for _, module in found])


def index(patterns: list[str], modules: list[str]) -> AliasIndex:
    """Index patterns and, under the same numbers, their modules; neither holds a line end."""
    text = "\n".join(patterns)
    spaces: dict[str, Tables] = {bus: {} for bus in LAYOUTS}
    others: dict[str, _Others] = {}
    widths: dict[str, int] = {}
    joined = text.encode("ascii", "replace")
    shapes = joined.translate(None, DIGITS).decode().split("\n")
    digits = joined.translate(None, REST).decode().split("\n")
    lines = zip(patterns, shapes, digits, strict=False)  # of no pattern: one empty line
    for number, (pattern, shape, key) in enumerate(lines):
        tables = spaces.get(pattern[:_HEAD])
        if tables is not None and pattern[_HEAD : _HEAD + 1] == ":":
            width = widths.get(shape)
            if width is None:
                width = widths[shape] = plain_width(shape)
            if len(key) == width:
                table = tables.get(shape)
                if table is None:
                    table = tables[shape] = {}
                if table.setdefault(key, number) != number:
                    add(table, key, number)
                continue
            if add_partial(tables, number, pattern):
                continue
        _add_other(others, number, pattern)
    return AliasIndex(
        _Stored(
            FORMAT,
            len(patterns),
            text,
            "\n".join(modules),
            {bus: _raw(tables) for bus, tables in spaces.items()},
            list(others),
            _raw(others),
        )
    )


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.msgpack.encode(value))


def load(data: bytes) -> AliasIndex | None:
    """The index that `AliasIndex.dump` made; None when the bytes are something else."""
    try:
        stored = msgspec.msgpack.decode(data, type=_Stored)
    except msgspec.MsgspecError:
        return None
    return AliasIndex(stored) if stored.format == FORMAT else None


def matches(pattern: str, modalias: str) -> bool:
    """Whether one pattern matches a device's alias; a dash and an underscore are equal."""
    return compiled(pattern)(modalias.replace("-", "_")) is not None


def _add_other(filed: dict[str, _Others], number: int, pattern: str) -> None:
    pieces = [piece.replace("-", "_") for piece in _PIECE.split(pattern)]
    literal = pieces[0]
    if len(pieces) == 1 or len(literal) >= _LONG_HEAD:
        head = literal[:_LONG_HEAD]
    else:
        head = literal[:_HEAD] if len(literal) >= _HEAD else ""
    others = filed.setdefault(head, _Others({}, []))
    long_enough = [piece for piece in pieces if len(piece) >= _SHORT]
    if not long_enough:
        others.loose.append(number)
        return
    piece = long_enough[-1]
    add(others.pieces, piece[-_LONG if len(piece) >= _LONG else -_SHORT :], number)


@lru_cache(maxsize=4096)
def _score(pattern: str) -> int:
    return sum(points for _, points in alias_parts(pattern))
