"""A report descriptor in words: its reports, and the collections and fields that they are of.

Source: HID 1.11 section 6.2.2.
Invariant: pure; one row for each report, collection and field, and no more than `MOST_ROWS`.
"""

from decimal import Decimal
from itertools import islice

from runtime.families.hid.usages import VENDOR_PAGE, page_words, range_words, usage_words
from runtime.model.hid import Collection, Field
from runtime.model.report_descriptor import report_bytes, walk
from runtime.wire.commands.registry import Section

Row = tuple[int, str, str]

MOST_ROWS = 1000
_MOST_USAGES = 6  # named of one field; more are counted
_LINE = 16  # bytes of a report descriptor a row
_KINDS = (
    *("physical", "application", "logical", "report", "named array", "usage switch"),
    "usage modifier",
)
_UNITS = {
    0x11: "cm",
    0x12: "rad",
    0x13: "in",
    0x14: "°",
    0x0101: "g",
    0x1001: "s",
    0x1003: "s",
    0xF011: "cm/s",
    0x00010001: "K",
    0x00100001: "A",
    0x00F0D121: "V",
}
"""By the item's nibbles: system, then the powers of length, mass, time, temperature, current."""


def sections(descriptor: bytes) -> tuple[Section, ...]:
    """A descriptor's reports, what is in them, and its bytes; nothing for an empty one."""
    if not descriptor:
        return ()
    return (
        Section("Reports", tuple(islice(_reports(descriptor), MOST_ROWS))),
        Section("What is in them", tuple(islice(_contents(descriptor), MOST_ROWS))),
        Section(f"Raw, {len(descriptor)} bytes", tuple(_bytes(descriptor))),
    )


def _reports(descriptor: bytes) -> list[Row]:
    return [
        (0, _report(kind.name, number), _length(length) + (", its id first" if number else ""))
        for (kind, number), length in sorted(report_bytes(descriptor).items())
    ]


def _length(length: int) -> str:
    return f"{length} {'byte' if length == 1 else 'bytes'}"


def _contents(descriptor: bytes) -> list[Row]:
    return [
        _collection(each) if isinstance(each, Collection) else _field(each)
        for each in islice(walk(descriptor), MOST_ROWS)
    ]


def _collection(collection: Collection) -> Row:
    known = collection.kind < len(_KINDS)
    kind = _KINDS[collection.kind] if known else f"kind {collection.kind:#04x}"
    usage = collection.usage
    words = f"{usage_words(usage)} ({page_words(usage.page)})"
    return collection.depth, f"{kind.capitalize()} collection", words


def _field(field: Field) -> Row:
    name = _report(field.kind.name, field.report_id)
    return field.depth, name, _constant(field) if field.is_constant else _values(field)


def _constant(field: Field) -> str:
    bits = field.size * field.count
    return f"{bits} {'bit that says' if bits == 1 else 'bits that say'} nothing"


def _values(field: Field) -> str:
    words = [_usages(field), _size(field), f"{field.logical_minimum} to {field.logical_maximum}"]
    if _has_meaning(field):
        words.append(f"standing for {_physical(field)}")
    if field.is_relative:
        words.append("relative")
    return "; ".join(words)


def _has_meaning(field: Field) -> bool:
    """Whether physical values are told for it; many descriptors leave them on for what follows."""
    told = field.physical_minimum or field.physical_maximum
    vendors = any(each.page >= VENDOR_PAGE for each in field.usages)
    return bool(told) and field.size > 1 and not vendors


def _usages(field: Field) -> str:
    if not field.usages:
        return "no usage"
    named = [range_words(each) for each in field.usages[:_MOST_USAGES]]
    left = len(field.usages) - len(named)
    more = f" and {left} more" if left else ""
    return f"{', '.join(named)}{more} ({page_words(field.usages[0].page)})"


def _size(field: Field) -> str:
    bits = f"{field.size} {'bit' if field.size == 1 else 'bits'}"
    if field.is_array:
        return f"up to {field.count} at once, {bits} each"
    return bits if field.count == 1 else f"{field.count} values of {bits}"


def _physical(field: Field) -> str:
    least, most = (
        f"{Decimal(value).scaleb(field.exponent).normalize():f}"
        for value in (field.physical_minimum, field.physical_maximum)
    )
    unit = _UNITS.get(field.unit, f"of unit {field.unit:#x}" if field.unit else "")
    return f"{least} to {most} {unit}".rstrip()


def _report(kind: str, number: int) -> str:
    return f"{kind.capitalize()} report {number}" if number else f"{kind.capitalize()} report"


def _bytes(data: bytes) -> list[Row]:
    starts = range(0, len(data), _LINE)
    return [(0, f"{start:04x}", data[start : start + _LINE].hex(" ")) for start in starts]
