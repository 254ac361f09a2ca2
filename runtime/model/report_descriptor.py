"""HID report descriptors: collections with their usages, and the fields of each report.

Source: HID 1.11 section 6.2.2; IOHIDFamily IOHIDDevice.cpp (newDeviceUsagePairs,
newPrimaryUsageNumber); drivers/hid/hid-core.c for what hostile ones may not do.
Invariant: pure; bytes that are no descriptor, or only half of one, give what could be read, and
no report is longer than `LONGEST_REPORT`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from runtime.model.hid import LONGEST_REPORT, Collection, Field, ReportType, Usage, Usages

MOST_USAGES = 64

_LONG = 0xFE
_MAIN, _GLOBAL, _LOCAL = 0x00, 0x04, 0x08  # the type bits of an item's prefix
_COLLECTION, _END = 0xA0, 0xC0
_USAGE, _USAGE_MINIMUM, _USAGE_MAXIMUM = 0x08, 0x18, 0x28
_PUSH, _POP, _REPORT_ID = 0xA4, 0xB4, 0x84
_PHYSICAL, _APPLICATION = 0x00, 0x01
_DEEPEST = 16  # of pushed states
_UNSIGNED = {0x04: "page", 0x64: "unit", 0x74: "size", 0x84: "report_id", 0x94: "count"}
_SIGNED = {
    0x14: "logical_minimum",
    0x24: "logical_maximum",
    0x34: "physical_minimum",
    0x44: "physical_maximum",
    0x54: "exponent",
}


_FIELDS = {0x80: ReportType.INPUT, 0x90: ReportType.OUTPUT, 0xB0: ReportType.FEATURE}


@dataclass
class _State:
    """The global items, by the names of `_UNSIGNED` and `_SIGNED`."""

    page: int = 0
    size: int = 0
    count: int = 0
    report_id: int = 0
    unit: int = 0
    exponent: int = 0
    logical_minimum: int = 0
    logical_maximum: int = 0
    physical_minimum: int = 0
    physical_maximum: int = 0
    wide_maximum: int = 0  # logical_maximum without a sign


@dataclass
class _Locals:
    """The local items since the last main item; usages as (value, bytes of its item)."""

    usages: list[tuple[int, int]] = field(default_factory=list)
    ranges: list[tuple[int, int, int]] = field(default_factory=list)  # first, last, bytes
    minimum: tuple[int, int] | None = None


def device_usages(descriptor: bytes) -> list[Usage]:
    """The usages of application and physical collections, each once, at most `MOST_USAGES`.

    Where there is none, that of the first collection. What IOHIDDevice calls DeviceUsagePairs.
    """
    found = list(islice(collections(descriptor), 4 * MOST_USAGES))
    named = [each.usage for each in found if each.kind in {_APPLICATION, _PHYSICAL}]
    return list(dict.fromkeys(named or [each.usage for each in found[:1]]))[:MOST_USAGES]


def primary_usage(descriptor: bytes) -> Usage | None:
    """The usage of the first collection, which is a device's primary one."""
    return next((each.usage for each in collections(descriptor)), None)


def collections(descriptor: bytes) -> Iterator[Collection]:
    """Every collection, outer ones before those inside."""
    return (each for each in walk(descriptor) if isinstance(each, Collection))


def fields(descriptor: bytes) -> Iterator[Field]:
    """Every field of every report, in the order of the descriptor."""
    return (each for each in walk(descriptor) if isinstance(each, Field))


def report_bytes(descriptor: bytes) -> dict[tuple[ReportType, int], int]:
    """The length of each report by its type and id, with the byte of the id where there is one."""
    bits: dict[tuple[ReportType, int], int] = {}
    for each in fields(descriptor):
        bits[each.kind, each.report_id] = each.end
    return {key: (length + 7) // 8 + bool(key[1]) for key, length in bits.items()}


def numbers_reports(descriptor: bytes) -> bool:
    """Whether the first byte of every report is its id."""
    return any(prefix == _REPORT_ID for prefix, _ in _items(descriptor))


def walk(descriptor: bytes) -> Iterator[Collection | Field]:
    """Collections and fields, each collection before what is in it.

    It ends before the first field that no report has room for.
    """
    state, pushed, local, depth = _State(), list[_State](), _Locals(), 0
    ends: dict[tuple[ReportType, int], int] = {}
    for prefix, data in _items(descriptor):
        if prefix & 0x0C == _GLOBAL:
            state = _global(prefix, data, state, pushed)
        elif prefix & 0x0C == _LOCAL:
            _local(prefix, data, local)
        elif prefix & 0x0C == _MAIN:
            value = int.from_bytes(data, "little")
            if prefix == _COLLECTION:
                yield Collection(_usage(state.page, local), value & 0xFF, depth)
                depth += 1
            elif prefix == _END:
                depth = max(depth - 1, 0)
            elif prefix in _FIELDS:
                key = (_FIELDS[prefix], state.report_id)
                made = _field(key[0], value, state, local, offset=ends.get(key, 0), depth=depth)
                ends[key] = made.end
                if made.end > 8 * LONGEST_REPORT:
                    return
                if made.end > made.offset:
                    yield made
            local = _Locals()


def _global(prefix: int, data: bytes, state: _State, pushed: list[_State]) -> _State:
    if prefix == _PUSH and len(pushed) < _DEEPEST:
        pushed.append(replace(state))
    elif prefix == _POP and pushed:
        return pushed.pop()
    elif prefix in _UNSIGNED:
        name, value = _UNSIGNED[prefix], int.from_bytes(data, "little")
        setattr(state, name, value & {"page": 0xFFFF, "report_id": 0xFF}.get(name, value))
    elif prefix in _SIGNED:
        setattr(state, _SIGNED[prefix], int.from_bytes(data, "little", signed=True))
        if _SIGNED[prefix] == "logical_maximum":
            state.wide_maximum = int.from_bytes(data, "little")
    return state


def _local(prefix: int, data: bytes, local: _Locals) -> None:
    value = int.from_bytes(data, "little")
    if prefix == _USAGE:
        local.usages.append((value, len(data)))
        local.ranges.append((value, value, len(data)))
    elif prefix == _USAGE_MINIMUM:
        local.usages.append((value, len(data)))
        local.minimum = (value, len(data))
    elif prefix == _USAGE_MAXIMUM and local.minimum is not None:
        first, size = local.minimum
        local.ranges.append((first, value, size))
        local.minimum = None


def _field(
    kind: ReportType, flags: int, state: _State, local: _Locals, *, offset: int, depth: int
) -> Field:
    signed = state.logical_minimum < 0
    return Field(
        kind,
        flags,
        state.report_id,
        offset,
        state.size,
        state.count,
        tuple(found for each in local.ranges if (found := _usages(state.page, *each))),
        state.logical_minimum,
        state.logical_maximum if signed else state.wide_maximum,
        state.physical_minimum,
        state.physical_maximum,
        state.unit,
        (state.exponent & 0xF ^ 0x8) - 0x8,  # four bits with a sign
        depth,
    )


def _usage(page: int, local: _Locals) -> Usage:
    """A collection's usage: the first that was said; one of four bytes brings its page along."""
    value, size = local.usages[0] if local.usages else (0, 0)
    return Usage(value >> 16, value & 0xFFFF) if size == 4 else Usage(page, value)


def _usages(page: int, first: int, last: int, size: int) -> Usages | None:
    if size == 4:
        page = first >> 16
    first, last = first & 0xFFFF, last & 0xFFFF
    return Usages(page, first, last) if first <= last else None


def _items(descriptor: bytes) -> Iterator[tuple[int, bytes]]:
    """Short items as prefix without size bits, and data; long ones are passed over."""
    at = 0
    while at < len(descriptor):
        prefix = descriptor[at]
        if prefix == _LONG:
            at += 3 + (descriptor[at + 1] if at + 1 < len(descriptor) else 0)
            continue
        size = (0, 1, 2, 4)[prefix & 0x03]
        data = descriptor[at + 1 : at + 1 + size]
        if len(data) < size:
            return
        yield prefix & 0xFC, data
        at += 1 + size
