"""Messages between the runtime and its clients (window, commands, apps), and the commands.

Order: both sides send `Hello` first. A client sends `Ask`s, each answered by exactly one
`Answer` or `Refusal` with its number, in any order. After `Subscribe` the runtime sends
`SnapshotBegin`, `Part`s, `SnapshotEnd`, then `Delta`s numbered without gaps; a new
`SnapshotBegin` at any time means: forget everything and start again (resync).
Fields are only ever appended; a reader ignores those it does not know.
Invariant: values only, no I/O.
"""

import enum
from typing import ClassVar, Generic, TypeVar

import msgspec

from runtime.model.entry import Entry
from runtime.model.events import Event
from runtime.model.identity import BundleId, ContentHash, DriverId, EntryId, RequestId
from runtime.model.outcome import Match
from runtime.model.records import Driver, Extension, LogLine, Request, Status
from runtime.wire.limits import Name, Text


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


# --- commands: what a client can ask for, and the values that answer them ---------------------

R = TypeVar("R")


class CommandOf(msgspec.Struct, Generic[R], frozen=True, array_like=True):
    """Base of all commands; `R`, at run time `RESULT`, is the type of the answer."""

    RESULT: ClassVar[object] = type(None)


class Subscribe(CommandOf[None], frozen=True, array_like=True, tag="subscribe"):
    """Send a snapshot of these topics and then every change. Answer: nothing."""

    topics: tuple[Topic, ...] = ALL_TOPICS


class Activate(CommandOf[Request], frozen=True, array_like=True, tag="activate"):
    """Ask for the activation of an app's extension.

    `bundle_id` empty: the app's only extension. Answered when the bundle is staged and
    verified, with the request as it then stands (it may be completed at once). Refused with
    code ``invalid-bundle`` or ``sx-N`` (N the OSSystemExtensionError).
    """

    RESULT: ClassVar[object] = Request
    app_path: Text
    bundle_id: BundleId = BundleId("")


class Deactivate(CommandOf[Extension], frozen=True, array_like=True, tag="deactivate"):
    """Stop and remove an extension. Answer: the extension as it then stands."""

    RESULT: ClassVar[object] = Extension
    bundle_id: BundleId


class Decide(CommandOf[Request], frozen=True, array_like=True, tag="decide"):
    """Approve or deny a request.

    A decision names what was shown: request, content hash and nonce are compared again when
    it is applied. Repeating a decision that holds is answered with the same result. Refused
    with ``not-allowed``, ``not-found``, ``stale`` (not what was shown), ``decided`` (another
    answer already holds) or ``developer-mode`` (it needs that mode, which is off).
    """

    RESULT: ClassVar[object] = Request
    request: RequestId
    content_hash: ContentHash
    nonce: Name
    approve: bool
    note: Text = ""


class SetDeveloperMode(CommandOf[Status], frozen=True, array_like=True, tag="developer"):
    """Turn developer mode on or off. Answer: the status."""

    RESULT: ClassVar[object] = Status
    on: bool


class Records(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `GetRecords`."""

    status: Status
    drivers: tuple[Driver, ...]
    extensions: tuple[Extension, ...]
    requests: tuple[Request, ...]


class GetRecords(CommandOf[Records], frozen=True, array_like=True, tag="get-records"):
    """Read the present drivers, extensions, requests and status once."""

    RESULT: ClassVar[object] = Records


class Plugged(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `Plug` and `Unplug`: the device's entry, and its path in the IOService plane."""

    entry: EntryId
    path: str


class Plug(CommandOf[Plugged], frozen=True, array_like=True, tag="plug"):
    """Plug a simulated device in, by its model's name (``sample``)."""

    RESULT: ClassVar[object] = Plugged
    model: Name


class Unplug(CommandOf[Plugged], frozen=True, array_like=True, tag="unplug"):
    """Unplug the simulated device of this model that was plugged last."""

    RESULT: ClassVar[object] = Plugged
    model: Name


class CrashDriver(CommandOf[Driver], frozen=True, array_like=True, tag="crash"):
    """Have a driver's process dereference null. Answer: the driver. Needs developer mode."""

    RESULT: ClassVar[object] = Driver
    driver: DriverId


class RestartDriver(CommandOf[Driver], frozen=True, array_like=True, tag="restart"):
    """Stop a driver in order and start it again. Answer: the driver."""

    RESULT: ClassVar[object] = Driver
    driver: DriverId


class ReleaseDriver(CommandOf[Driver], frozen=True, array_like=True, tag="release"):
    """Let a quarantined driver start again. Answer: the driver."""

    RESULT: ClassVar[object] = Driver
    driver: DriverId


class LogPage(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `ReadLog`: oldest first; `dropped` lines came before and are gone."""

    lines: tuple[LogLine, ...]
    dropped: int


class ReadLog(CommandOf[LogPage], frozen=True, array_like=True, tag="read-log"):
    """Read a driver's kept log lines with a number above `after`."""

    RESULT: ClassVar[object] = LogPage
    driver: DriverId
    after: int = 0


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
    Of a driver or an extension, `devices`: those of its provider classes, the nearest first, and
    in `elsewhere` how many there are of other classes. `compared` counts the personalities and
    kernel aliases that were looked at.
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


class Installed(msgspec.Struct, frozen=True, array_like=True):
    """Answer to `InstallSample`: where the app is, and the program in it to launch."""

    app_path: str
    program: str


class InstallSample(CommandOf[Installed], frozen=True, array_like=True, tag="install-sample"):
    """Copy the sample app that comes with the program into the Applications folder."""

    RESULT: ClassVar[object] = Installed


class Quit(CommandOf[None], frozen=True, array_like=True, tag="quit"):
    """Stop all drivers in order and end the runtime. Answered when the drivers are stopped."""


class Detach(CommandOf[None], frozen=True, array_like=True, tag="detach"):
    """Run on when this client, the window that started the runtime, goes."""


Command = (
    Subscribe
    | Activate
    | Deactivate
    | Decide
    | SetDeveloperMode
    | GetRecords
    | Plug
    | Unplug
    | CrashDriver
    | RestartDriver
    | ReleaseDriver
    | ReadLog
    | Describe
    | InstallSample
    | Explain
    | ExplainExtension
    | ReadHistory
    | Quit
    | Detach
)


# --- messages ---------------------------------------------------------------------------------


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


class Part(msgspec.Struct, frozen=True, array_like=True, tag="part"):
    """A part of a snapshot; parents come before their children."""

    entries: tuple[Entry, ...] = ()
    drivers: tuple[Driver, ...] = ()
    extensions: tuple[Extension, ...] = ()
    requests: tuple[Request, ...] = ()
    status: Status | None = None
    events: tuple[Event, ...] = ()


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
