"""Patterns of one bus with fixed fields: a table for each set of fields that patterns name.

A table is keyed by the digits of those fields; a look-up probes each table once. A field that is
given only in part (``d01[0-9]*``) does not count as named; such patterns have tables of their
own, and what is found there is compared with the whole pattern. Tables whose first fields (the
vendor, vendor and product) are nowhere in them are not probed at all.
Source: tuple space search (Srinivasan et al., 1999); kernel scripts/mod/file2alias.c.
Invariant: pure; all patterns of one table have one score.
"""

import fnmatch
import re
from collections.abc import Callable
from functools import cached_property, lru_cache

from runtime.matching.specificity import FIELD_PATTERNS, LAYOUTS, field_parts

Table = dict[str, int | list[int]]
"""Numbers of patterns by key; one alone is no list (most are alone)."""
Tables = dict[str, Table]
"""By shape: the pattern without digits, ``~`` for a field that is given in part."""

DIGITS = b"0123456789ABCDEF"
REST = bytes(code for code in range(128) if code not in DIGITS and code != ord("\n"))

_SHAPES = {
    bus: f"{bus}:" + "".join(rf"{name}([*~]?)" for name, _ in fields) + r"\*?"
    for bus, fields in LAYOUTS.items()
}
_DEVICES = {
    bus: re.compile(f"{bus}:" + "".join(f"{name}([0-9A-Fa-f]{{{n}}})" for name, n in fields))
    for bus, fields in LAYOUTS.items()
}
_WIDTHS = {bus: sum(width for _, width in fields) for bus, fields in LAYOUTS.items()}

_Probe = tuple[int, slice, list[slice], Table, bool]
"""A table's score, where the digits of its keys stand (first piece, the others), the table, and
whether what is found has to be compared with the whole pattern."""


class TupleSpace:
    """The tables of one bus, as they are probed; best scores first."""

    def __init__(self, bus: str, tables: Tables, patterns: list[str]) -> None:
        self._bus = bus
        self._patterns = patterns
        probes = [_probe(bus, shape, table) for shape, table in tables.items()]
        self._probes = sorted(probes, key=lambda probe: -probe[0])
        self._plans: dict[tuple[bool, ...], list[_Probe]] = {}

    @cached_property
    def _known(self) -> list[tuple[int, set[str]]]:
        """The values of the first fields in all tables that begin with them, by their end."""
        known: dict[int, set[str]] = {}
        for _, first, _, table, _ in self._probes:
            if first.start == 0 and first.stop:
                known.setdefault(first.stop, set()).update([key[first] for key in table])
        return list(known.items())

    def hits(self, device: str) -> list[tuple[int, int]]:
        """(negative score, number) of every pattern that matches a device's alias."""
        digits = self._digits(device)
        found: list[tuple[int, int]] = []
        for score, first, others, table, partial in self._plan(digits) if digits else ():
            key = digits[first]
            for part in others:
                key += digits[part]
            if key in table:
                found += [(-score, number) for number in self._sure(table[key], device, partial)]
        return found

    def best(self, device: str) -> tuple[int, int] | None:
        """The least of `hits`: the best score, and among equals the first to come."""
        digits = self._digits(device)
        best: tuple[int, int] | None = None
        for score, first, others, table, partial in self._plan(digits) if digits else ():
            if best is not None and -score > best[0]:
                break
            key = digits[first]
            for part in others:
                key += digits[part]
            if key in table:
                sure = self._sure(table[key], device, partial)
                if sure and (best is None or (-score, sure[0]) < best):
                    best = -score, sure[0]
        return best

    def _sure(self, numbers: int | list[int], device: str, partial: bool) -> list[int]:
        many = [numbers] if isinstance(numbers, int) else numbers
        if not partial:
            return many
        return [number for number in many if compiled(self._patterns[number])(device)]

    def _digits(self, device: str) -> str:
        """The digits of a device's fields; empty when it has another layout."""
        digits = device.encode("ascii", "replace").translate(None, REST).decode()
        if len(digits) == _WIDTHS[self._bus]:
            return digits
        fields = _DEVICES[self._bus].fullmatch(device)  # old kernels write PCI's last field small
        return "".join(fields.groups()) if fields else ""

    def _plan(self, digits: str) -> list[_Probe]:
        """The tables that can hold a device, by which of its first fields are in any."""
        has = tuple([digits[:stop] in values for stop, values in self._known])
        plan = self._plans.get(has)
        if plan is None:
            absent = {stop for (stop, _), there in zip(self._known, has, strict=True) if not there}
            plan = self._plans[has] = [
                probe
                for probe in self._probes
                if probe[1].start or probe[1].stop not in absent or not probe[1].stop
            ]
        return plan


def plain_width(shape: str) -> int:
    """How many digits a pattern of a shape has when every field is whole or open; -1: none."""
    bus = shape[:3]
    fields = re.fullmatch(_SHAPES[bus], shape)
    if fields is None:
        return -1
    pairs = zip(LAYOUTS[bus], fields.groups(), strict=True)
    return sum(width for (_, width), star in pairs if not star)


def add(table: Table, key: str, number: int) -> None:
    """File one more number, higher than those that are there, under a key."""
    there = table.setdefault(key, number)
    if isinstance(there, list):
        there.append(number)
    elif there != number:
        table[key] = [there, number]


def add_partial(tables: Tables, number: int, pattern: str) -> bool:
    """File a pattern that gives some field in part; False when it has not the bus's fields."""
    bus = pattern[:3]
    found = FIELD_PATTERNS[bus].fullmatch(pattern)
    if found is None:
        return False
    shape, key = f"{bus}:", ""
    for (name, width), value in zip(LAYOUTS[bus], found.groups(), strict=True):
        given = value.rstrip("*")  # every pattern ends in a star, also after a whole field
        whole = len(given) == width and given.isalnum()
        shape += name if whole else f"{name}~" if given else f"{name}*"
        key += given if whole else ""
    add(tables.setdefault(shape, {}), key, number)
    return True


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Callable[[str], object]:
    """A pattern's comparison with a device's alias whose dashes are underscores."""
    text = re.sub(r"\[[^]]*\]|-", lambda found: found[0] if found[0] != "-" else "_", pattern)
    return re.compile(fnmatch.translate(text), re.DOTALL).match


def _probe(bus: str, shape: str, table: Table) -> _Probe:
    """A table with where the digits of its keys stand; neighbouring fields are one slice."""
    fields = re.fullmatch(_SHAPES[bus], shape)
    assert fields is not None
    slices: list[slice] = []
    named: list[str] = []
    partial: list[str] = []
    at = 0
    for (name, width), star in zip(LAYOUTS[bus], fields.groups(), strict=True):
        if not star:
            named.append(name)
            if slices and slices[-1].stop == at:
                slices[-1] = slice(slices[-1].start, at + width)
            else:
                slices.append(slice(at, at + width))
        elif star == "~":
            partial.append(name)
        at += width
    score = sum(points for _, points in field_parts(bus, tuple(named), tuple(partial)))
    first = slices[0] if slices else slice(0, 0)
    return score, first, slices[1:], table, bool(partial)
