"""Messages between the runtime and its clients (window, commands, apps).

Order: both sides send `Hello` first. A client sends `Ask`s, each answered by exactly one
`Answer` or `Refusal` with its number, in any order. After `Subscribe` the runtime sends
`SnapshotBegin`, `Part`s, `SnapshotEnd`, then `Delta`s numbered without gaps; a new
`SnapshotBegin` at any time means: forget everything and start again (resync).
Fields are only ever appended; a reader ignores those it does not know.
Invariant: values only, no I/O.
"""

import msgspec

from runtime.model.entry import Entry
from runtime.model.events import Event
from runtime.model.identity import DriverId, EntryId, RequestId
from runtime.model.records import Driver, Extension, LogLine, Request, Status
from runtime.wire.commands import Command
from runtime.wire.limits import Name, Text


class Hello(msgspec.Struct, frozen=True, array_like=True, tag="hello"):
    """First message of both sides."""

    version: int
    who: Name  # "window", "ioreg", …: for the log only, never for a decision


class Ask(msgspec.Struct, frozen=True, array_like=True, tag="ask"):
    """A client's command with a number of its own choice, unused among its open ones."""

    number: int
    command: Command


class Answer(msgspec.Struct, frozen=True, array_like=True, tag="answer"):
    """The result of a command, encoded as its RESULT."""

    number: int
    result: msgspec.Raw


class Refusal(msgspec.Struct, frozen=True, array_like=True, tag="refusal"):
    """A command that was not carried out: code for programs, one sentence for people."""

    number: int
    code: str
    text: str


class SnapshotBegin(msgspec.Struct, frozen=True, array_like=True, tag="snapshot"):
    """Forget everything; `sequence` numbers the first `Delta` that follows the snapshot."""

    sequence: int
    run: str


class Cut(msgspec.Struct, frozen=True, array_like=True):
    """Properties of an entry that are sent in part only: `ReadValue` has all of them."""

    entry: EntryId
    keys: tuple[str, ...]


class Part(msgspec.Struct, frozen=True, array_like=True, tag="part"):
    """A part of a snapshot; parents come before their children."""

    entries: tuple[Entry, ...] = ()
    drivers: tuple[Driver, ...] = ()
    extensions: tuple[Extension, ...] = ()
    requests: tuple[Request, ...] = ()
    status: Status | None = None
    events: tuple[Event, ...] = ()
    cut: tuple[Cut, ...] = ()


class SnapshotEnd(msgspec.Struct, frozen=True, array_like=True, tag="snapshot-end"):
    """The snapshot is whole; `more` is False when nothing will follow (a file's reader)."""

    more: bool = True


class Delta(msgspec.Struct, frozen=True, array_like=True, tag="delta"):
    """Changes since the last message: records replace, `gone_*` are removed.

    Removed entries are named children first. `lost_*` count events and log lines that were
    dropped because this client was slow.
    """

    sequence: int
    entries: tuple[Entry, ...] = ()
    gone_entries: tuple[EntryId, ...] = ()
    drivers: tuple[Driver, ...] = ()
    gone_drivers: tuple[DriverId, ...] = ()
    extensions: tuple[Extension, ...] = ()
    gone_extensions: tuple[str, ...] = ()
    requests: tuple[Request, ...] = ()
    gone_requests: tuple[RequestId, ...] = ()
    status: Status | None = None
    events: tuple[Event, ...] = ()
    logs: tuple[LogLine, ...] = ()
    lost_events: int = 0
    lost_logs: int = 0


class Goodbye(msgspec.Struct, frozen=True, array_like=True, tag="goodbye"):
    """Last message of a side that leaves on purpose; `reason` is one sentence or empty."""

    reason: Text = ""


ToRuntime = Hello | Ask | Goodbye
ToClient = Hello | Answer | Refusal | SnapshotBegin | Part | SnapshotEnd | Delta | Goodbye
