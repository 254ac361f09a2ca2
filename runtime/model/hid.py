"""What a HID report descriptor is made of, as values.

Source: HID 1.11 section 6.2.2; IOHIDFamily IOHIDKeys.h for the numbers of `ReportType`.
Invariant: values only.
"""

import enum
from dataclasses import dataclass
from typing import NamedTuple

LONGEST_REPORT = 16383  # bytes that an ioctl of hidraw can say; the kernel allows one more
PUBLISHED_DEVICE, PUBLISHED_EVENTS = "dext:", "dext-events:"
"""How HID_PHYS of a device begins that a driver extension publishes; its bundle's id follows.
Nothing drives one that only carries an event service's events."""
PUBLISHER = 50  # characters of that id: the kernel keeps 63 in all


class ReportType(enum.IntEnum):
    """Which way a report goes, by IOHIDFamily's numbers."""

    INPUT = 0
    OUTPUT = 1
    FEATURE = 2


class Usage(NamedTuple):
    """A usage on its page."""

    page: int
    usage: int


class Usages(NamedTuple):
    """Consecutive usages on one page, both ends included."""

    page: int
    first: int
    last: int


class Collection(NamedTuple):
    """A collection with its kind (HID 1.11 section 6.2.2.6) and how many are around it."""

    usage: Usage
    kind: int
    depth: int


@dataclass(frozen=True)
class Field:
    """`count` values of `size` bits in one report, from bit `offset` on, the report's id left out.

    Attributes:
        kind: Of the report.
        flags: The main item's data (HID 1.11 section 6.2.2.5).
        usages: What the values are, in their order, the last one for all that follow; of an array
            what its values count.
        depth: How many collections are around it.
    """

    kind: ReportType
    flags: int
    report_id: int
    offset: int
    size: int
    count: int
    usages: tuple[Usages, ...]
    logical_minimum: int
    logical_maximum: int
    physical_minimum: int
    physical_maximum: int
    unit: int
    exponent: int
    depth: int

    @property
    def end(self) -> int:
        """The first bit behind it."""
        return self.offset + self.size * self.count

    @property
    def is_constant(self) -> bool:
        """Whether it only fills space."""
        return bool(self.flags & 0x1)

    @property
    def is_array(self) -> bool:
        """Whether each value is the index of a usage that is on."""
        return not self.flags & 0x2

    @property
    def is_relative(self) -> bool:
        """Whether a value is a change since the report before."""
        return bool(self.flags & 0x4)

    @property
    def is_signed(self) -> bool:
        """Whether a value's highest bit is its sign."""
        return self.logical_minimum < 0
