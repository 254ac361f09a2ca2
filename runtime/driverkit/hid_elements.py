"""`IOHIDElement`: what the values of a HID device's reports are, and what they were last.

Source: HIDDriverKit's IOHIDElement.iig; IOHIDKeys.h for the numbers.
Invariant: an element's value is within its bits of its report, whatever is set.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from runtime.driverkit.kern_return import IOReturnError, kIOReturnUnsupported
from runtime.model.hid import Field, ReportType, Usage
from runtime.model.report_descriptor import fields, report_bytes

MOST_ELEMENTS = 4096

kIOHIDElementCommitDirectionIn = 0
kIOHIDElementCommitDirectionOut = 1
kIOHIDElementTypeInput_Misc = 1
kIOHIDElementTypeInput_Button = 2
kIOHIDElementTypeInput_Axis = 3
kIOHIDElementTypeInput_ScanCodes = 4
kIOHIDElementTypeOutput = 129
kIOHIDElementTypeFeature = 257

_GENERIC_DESKTOP, _X, _WHEEL = 0x01, 0x30, 0x38

Key = tuple[ReportType, int]


class Commit(Protocol):
    """Moves the values of elements; what `IOHIDInterface.commitElements` does."""

    def __call__(self, elements: "list[IOHIDElement]", direction: int) -> None:
        """Move them; IOReturnError."""


class IOHIDElement:
    """One value of one report, or a row of equal values that have one usage."""

    def __init__(self, field: Field, usage: Usage, slot: int, report: "Report") -> None:
        self._field = field
        self._usage = usage
        self._slot = slot
        self._report = report

    def getType(self) -> int:
        """One of ``kIOHIDElementType…``."""
        if self._field.kind is not ReportType.INPUT:
            output = self._field.kind is ReportType.OUTPUT
            return kIOHIDElementTypeOutput if output else kIOHIDElementTypeFeature
        if self._field.is_array:
            return kIOHIDElementTypeInput_ScanCodes
        if self._field.size == 1:
            return kIOHIDElementTypeInput_Button
        page, usage = self._usage
        axis = page == _GENERIC_DESKTOP and _X <= usage <= _WHEEL
        return kIOHIDElementTypeInput_Axis if axis else kIOHIDElementTypeInput_Misc

    def getUsagePage(self) -> int:
        """The page of its usage."""
        return self._usage.page

    def getUsage(self) -> int:
        """What it is, on its page."""
        return self._usage.usage

    def conformsTo(self, usagePage: int, usage: int) -> bool:
        """Whether this is its usage."""
        return self._usage == (usagePage, usage)

    def getReportID(self) -> int:
        """The id of its report, 0 where the device numbers none."""
        return self._field.report_id

    def getReportSize(self) -> int:
        """Bits of one value."""
        return self._field.size

    def getReportCount(self) -> int:
        """How many values it has: 1, except in arrays and rows."""
        return self._field.count if self._field.is_array or self._slot < 0 else 1

    def getFlags(self) -> int:
        """The bits of its main item (HID 1.11 section 6.2.2.5)."""
        return self._field.flags

    def getLogicalMin(self) -> int:
        """The least that the device says."""
        return self._field.logical_minimum

    def getLogicalMax(self) -> int:
        """The most that the device says."""
        return self._field.logical_maximum

    def getPhysicalMin(self) -> int:
        """What the least stands for, in `getUnit`; both 0: for itself."""
        return self._field.physical_minimum

    def getPhysicalMax(self) -> int:
        """What the most stands for, in `getUnit`."""
        return self._field.physical_maximum

    def getUnit(self) -> int:
        """Its unit (HID 1.11 section 6.2.2.7)."""
        return self._field.unit

    def getUnitExponent(self) -> int:
        """The power of ten of its unit."""
        return self._field.exponent

    def getTimeStamp(self) -> int:
        """When its report came, in nanoseconds of the monotonic clock; 0: never."""
        return self._report.timestamp

    def getValue(self, options: int = 0) -> int:
        """What its report last said: of a usage in an array 1 while it is on; of a row its first.

        With a sign where the device may say less than 0.
        """
        del options
        field = self._field
        if not field.is_array:
            return self._report.read(field, max(self._slot, 0))
        return int(any(self._report.read(field, n) == self._slot for n in range(field.count)))

    def setValue(self, value: int) -> None:
        """Set what `commit` will send; the bits above its size are cut off.

        Raises:
            IOReturnError: kIOReturnUnsupported, it is a usage in an array.
        """
        if self._field.is_array:
            raise IOReturnError(kIOReturnUnsupported, "setValue: expected no usage of an array")
        self._report.write(self._field, max(self._slot, 0), value)

    def getDataValue(self, options: int = 0) -> bytes:
        """All values of a row as they stand in the report, filled to whole bytes."""
        del options
        first, count = (0, self._field.count) if self._slot < 0 else (self._slot, 1)
        return self._report.bits(self._field, first, count)

    def commit(self, direction: int) -> None:
        """Have the device say it, or tell the device: ``kIOHIDElementCommitDirection…``.

        Raises:
            IOReturnError: The device refused.
        """
        self._report.commit([self], direction)

    @property
    def report(self) -> "Report":
        """The report that it is in."""
        return self._report


class Report:
    """One report, as it was last said or set; `data` has its id first if it has one."""

    def __init__(self, key: Key, length: int, commit: Commit) -> None:
        self.key = key
        self.commit = commit
        self.length = length
        self.timestamp = 0
        self._head = bytes([key[1]]) if key[1] else b""
        self._value = 0  # the report behind its id, as one little-endian number

    @property
    def data(self) -> bytes:
        """The bytes of the report."""
        return self._head + self._value.to_bytes(self.length - len(self._head), "little")

    def take(self, data: bytes, timestamp: int) -> None:
        """The device has said it; what is missing is 0."""
        self._value = int.from_bytes(data[len(self._head) : self.length], "little")
        self.timestamp = timestamp

    def read(self, field: Field, slot: int) -> int:
        """One value of a field."""
        value = self._value >> field.offset + slot * field.size & (1 << field.size) - 1
        negative = field.is_signed and value >> field.size - 1
        return value - (1 << field.size) if negative else value

    def write(self, field: Field, slot: int, value: int) -> None:
        """Set one value of a field."""
        at, mask = field.offset + slot * field.size, (1 << field.size) - 1
        self._value = self._value & ~(mask << at) | (value & mask) << at

    def bits(self, field: Field, first: int, count: int) -> bytes:
        """Some values of a field as they stand."""
        length = field.size * count
        value = self._value >> field.offset + first * field.size & (1 << length) - 1
        return value.to_bytes((length + 7) // 8, "little")


def make_elements(descriptor: bytes, commit: Commit) -> list[IOHIDElement]:
    """The elements of a report descriptor, in its order; at most `MOST_ELEMENTS`."""
    reports = {key: Report(key, n, commit) for key, n in report_bytes(descriptor).items()}
    found = (
        IOHIDElement(field, usage, slot, reports[field.kind, field.report_id])
        for field in fields(descriptor)
        if not field.is_constant and field.size <= 64
        for usage, slot in _slots(field)
    )
    return list(islice(found, MOST_ELEMENTS))


def _slots(field: Field) -> Iterator[tuple[Usage, int]]:
    """The usages of a field, each with its slot; of an array with the value that stands for it.

    One usage for several values is a row, of slot -1.
    """
    usages = (
        Usage(each.page, usage)
        for each in field.usages
        for usage in range(each.first, each.last + 1)
    )
    if field.is_array:
        for slot, usage in enumerate(usages, field.logical_minimum):
            yield usage, slot
        return
    last, final = None, 0
    for slot, usage in enumerate(islice(usages, field.count)):
        if last is not None:
            yield last, slot - 1
        last = usage
        final = slot
    if last is None:
        return
    if final == 0 and field.count > 1:
        yield last, -1
    else:
        for slot in range(final, field.count):
            yield last, slot
