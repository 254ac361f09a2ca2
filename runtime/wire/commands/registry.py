"""Commands that read: the registry, its past, the records beside it, and who could drive what.

Invariant: values only, no I/O; no command here changes anything but what its client is sent.
"""

import enum
from typing import ClassVar

import msgspec

from runtime.model.identity import BundleId, EntryId
from runtime.model.outcome import Match
from runtime.model.records import Driver, Extension, Request, Status
from runtime.wire.commands.base import CommandOf
from runtime.wire.limits import Number, Text


class Topic(enum.StrEnum):
    """What a client can subscribe to."""

    ENTRIES = "entries"
    DRIVERS = "drivers"
    EXTENSIONS = "extensions"
    REQUESTS = "requests"
    STATUS = "status"
    EVENTS = "events"
    LOGS = "logs"


ALL_TOPICS = tuple(Topic)


class Subscribe(CommandOf[None], frozen=True, array_like=True, tag="subscribe"):
    """Send a snapshot of these topics and then every change. Answer: nothing."""

    topics: tuple[Topic, ...] = ALL_TOPICS


class Records(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `GetRecords`."""

    status: Status
    drivers: tuple[Driver, ...]
    extensions: tuple[Extension, ...]
    requests: tuple[Request, ...]


class GetRecords(CommandOf[Records], frozen=True, array_like=True, tag="get-records"):
    """Read the present drivers, extensions, requests and status once."""

    RESULT: ClassVar[object] = Records


class Section(msgspec.Struct, frozen=True, array_like=True):
    """One group of facts of `Details`: rows of (indent, name, value)."""

    title: str
    rows: tuple[tuple[int, str, str], ...]


class Details(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `Describe`: facts that are read from the device only when somebody looks."""

    sections: tuple[Section, ...]
    note: str = ""  # why there is nothing, or not everything


class Describe(CommandOf[Details], frozen=True, array_like=True, tag="describe"):
    """Read USB descriptors or HID facts of a present device."""

    RESULT: ClassVar[object] = Details
    entry: EntryId


class ValuePage(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `ReadValue`: bytes of the value from the offset on, of `size` in all.

    Data is itself, text is UTF-8, and so are arrays and dictionaries, in JSON.
    """

    content: bytes
    size: int
    is_text: bool


class ReadValue(CommandOf[ValuePage], frozen=True, array_like=True, tag="read-value"):
    """Read a property that the snapshot named as cut, part by part.

    Refused with ``not-found`` for every other one: a runtime cuts nothing, a file's reader what
    no message can hold.
    """

    RESULT: ClassVar[object] = ValuePage
    entry: EntryId
    key: Text
    offset: Number = 0


class HistoryPage(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `ReadHistory`: consecutive chunks of one segment, as `runtime.wire.history` says.

    `last` is the number of the last chunk; `more`: others follow it up to the moment asked for.
    `oldest_ms` is the first moment that history knows.
    """

    segment: int
    chunks: tuple[bytes, ...]
    last: int
    more: bool
    oldest_ms: int


class ReadHistory(CommandOf[HistoryPage], frozen=True, array_like=True, tag="read-history"):
    """Read what the registry was at a time, in milliseconds since 1970.

    `segment` 0: begin with the segment that holds the moment; else go on in that segment after
    chunk `after`. Refused with ``not-found`` for a moment before the first one known.
    """

    RESULT: ClassVar[object] = HistoryPage
    at_ms: int
    segment: int = 0
    after: int = 0


class DeviceMatch(msgspec.Struct, frozen=True, array_like=True):
    """What became of an extension on one device, by the personality that came furthest."""

    entry: EntryId
    title: str
    path: str
    match: Match


class Explanation(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `Explain` and `ExplainExtension`.

    Of a device, `matches`: everybody who could drive it by score, then those that do not match.
    Of a driver or an extension, `devices`: those of its provider classes, the nearest first, then
    the others; `elsewhere` counts those that there was no room for. `compared` counts the
    personalities and kernel aliases that were looked at.
    """

    matches: tuple[Match, ...] = ()
    devices: tuple[DeviceMatch, ...] = ()
    elsewhere: int = 0
    compared: int = 0


class Explain(CommandOf[Explanation], frozen=True, array_like=True, tag="explain"):
    """Explain who could drive an entry and who not; of a driver's entry, what it could drive."""

    RESULT: ClassVar[object] = Explanation
    entry: EntryId


class ExplainExtension(
    CommandOf[Explanation], frozen=True, array_like=True, tag="explain-extension"
):
    """Explain what an active extension makes of every device that is there."""

    RESULT: ClassVar[object] = Explanation
    bundle_id: BundleId
