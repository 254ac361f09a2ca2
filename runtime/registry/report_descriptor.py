"""What a HID report descriptor says its device is for: the usages of its collections.

Source: HID 1.11 section 6.2.2; IOHIDFamily IOHIDDevice.cpp (newDeviceUsagePairs,
newPrimaryUsageNumber).
Invariant: pure; bytes that are no descriptor, or only half of one, give what could be read.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

_LONG = 0xFE
_USAGE_PAGE, _PUSH, _POP = 0x04, 0xA4, 0xB4  # item prefixes without their size bits
_USAGE, _USAGE_MINIMUM = 0x08, 0x18
_COLLECTION, _END = 0xA0, 0xC0
_MAIN = 0x00  # the type bits of all items that use up what was said before them
_PHYSICAL, _APPLICATION = 0x00, 0x01
_DEEPEST = 16  # of pushed usage pages
MOST_USAGES = 64


class Usage(NamedTuple):
    """A usage on its page."""

    page: int
    usage: int


class Collection(NamedTuple):
    """A collection with its kind (HID 1.11 section 6.2.2.6) and how many are around it."""

    usage: Usage
    kind: int
    depth: int


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
    page, pushed, usages, depth = 0, list[int](), list[tuple[int, int]](), 0
    for prefix, data in _items(descriptor):
        value = int.from_bytes(data, "little")
        if prefix == _USAGE_PAGE:
            page = value & 0xFFFF
        elif prefix == _PUSH and len(pushed) < _DEEPEST:
            pushed.append(page)
        elif prefix == _POP and pushed:
            page = pushed.pop()
        elif prefix in {_USAGE, _USAGE_MINIMUM}:
            usages.append((value, len(data)))
        elif prefix & 0x0C == _MAIN:
            if prefix == _COLLECTION:
                yield Collection(_usage(page, usages), value & 0xFF, depth)
                depth += 1
            elif prefix == _END:
                depth = max(depth - 1, 0)
            usages.clear()


def _usage(page: int, usages: list[tuple[int, int]]) -> Usage:
    """A collection's usage: the first that was said; one of four bytes brings its page along."""
    value, size = usages[0] if usages else (0, 0)
    return Usage(value >> 16, value & 0xFFFF) if size == 4 else Usage(page, value)


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
