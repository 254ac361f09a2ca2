"""The records beside entries that leave the runtime: drivers, extensions, requests, status.

A record replaces the earlier one of the same kind and id as a whole. Times are nanoseconds:
`*_ns` monotonic for ages, `*_wall_ns` since 1970 for display only.
Invariant: values only; ids and order are the runtime's.
"""

import enum

import msgspec

from runtime.model.driver_lifecycle import DriverState
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import BundleId, ContentHash, DriverId, EntryId, RequestId
from runtime.model.outcome import Exit, Stage
from runtime.model.policy import Ruling


class StageTime(msgspec.Struct, frozen=True, array_like=True):
    """One step of a launch: how long after the request it was reached, in microseconds."""

    stage: Stage
    after_us: int


class Driver(msgspec.Struct, frozen=True, array_like=True, tag="driver"):
    """One driver: a personality on a provider, with the process that runs it now."""

    id: DriverId
    name: str  # IOUserClass
    bundle_id: BundleId
    content_hash: ContentHash
    personality: str
    provider: EntryId
    provider_path: str
    service: int = 0  # its entry, 0 while it has none
    pid: int = 0
    state: DriverState = DriverState.STOPPED
    starts: int = 0  # processes launched so far
    crashes: int = 0
    since_wall_ns: int = 0  # when the present state began
    last_exit: Exit | None = None
    launch: tuple[StageTime, ...] = ()
    sandbox: tuple[str, ...] = ()  # what was really applied, one sentence each
    missing: tuple[str, ...] = ()  # what could not be applied, and why
    note: str = ""  # why it is in this state, where the state word does not say
    debugging: bool = False  # a debugger is attached: nobody judges whether it responds
    may: tuple[str, ...] = ()  # what its process may do, on what was really applied
    may_not: tuple[str, ...] = ()  # what it may not, and which means stop it
    beside: tuple[str, ...] = ()  # paths of the providers of the others in its process


class Entitlement(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One entitlement of an extension: its key, its value as text, and plain words."""

    key: str
    value: str
    words: str
    risky: bool = False


class DeviceHit(msgspec.Struct, frozen=True, array_like=True):
    """A device that was there when somebody asked, and that an extension's personalities match."""

    entry: EntryId
    title: str
    path: str
    score: int
    displaces: str = ""  # kernel driver that would be replaced
    warning: str = ""  # what the machine would lose with it, in words


class Requester(msgspec.Struct, frozen=True, array_like=True):
    """Who asked: taken from the peer's credentials, never from its message."""

    app: str  # display name of the app
    app_path: str
    pid: int = 0
    uid: int = 0
    user: str = ""
    program: str = ""  # executable of the asking process


class Localized(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an extension is called in one language; empty where its bundle does not say."""

    language: str  # as in BCP 47: "de", "zh-Hans"
    name: str
    usage: str


class Extension(msgspec.Struct, frozen=True, array_like=True, tag="extension", gc=False):
    """One extension in one version that the runtime knows."""

    id: str  # `<bundle id>@<first 12 digits of the content hash>`
    bundle_id: BundleId
    content_hash: ContentHash
    name: str  # CFBundleDisplayName
    short_version: str
    version: str
    state: ExtensionState
    team_id: str = ""
    category: str = "com.apple.system_extension.driver_extension"
    app: str = ""
    app_path: str = ""
    usage: str = ""  # OSBundleUsageDescription
    signature: str = "not signed"
    entitlements: tuple[Entitlement, ...] = ()
    note: str = ""
    ruling: Ruling | None = None  # of a profile, where users do not decide
    kept: Ruling | None = None  # why the window may not remove it
    localized: tuple[Localized, ...] = ()  # name and usage in other languages
    built_for: str = ""  # SDK and Python version, in words; empty where its bundle does not say
    icon: bool = False  # whether its bundle or its app has one (`ReadIcon`)


class RequestState(enum.StrEnum):
    """The life of a request: it waits, and ends; undoing a decision makes it wait again."""

    WAITING = "waiting for approval"
    COMPLETED = "completed"
    DENIED = "denied"
    SUPERSEDED = "superseded"
    CANCELED = "canceled"
    FAILED = "failed"
    REVOKED = "revoked"  # it was completed, and its approval taken away since


DECIDED = (RequestState.COMPLETED, RequestState.DENIED, RequestState.REVOKED)
"""What a decision makes of a request; it can be undone."""


class Request(msgspec.Struct, frozen=True, array_like=True, tag="request"):
    """One request about an extension; while `WAITING`, an item of the approvals inbox."""

    id: RequestId
    extension: str  # Extension.id
    bundle_id: BundleId
    content_hash: ContentHash
    nonce: str  # one use; a decision has to repeat it
    name: str
    short_version: str
    version: str
    requester: Requester
    state: RequestState
    usage: str = ""
    signature: str = "not signed"
    needs_developer: bool = True  # may not run unless developer mode is on
    entitlements: tuple[Entitlement, ...] = ()
    devices: tuple[DeviceHit, ...] = ()  # that it matched when it asked
    first_wall_ns: int = 0
    count: int = 1  # how often the same request came
    error: int = 0  # OSSystemExtensionError, 0 for none
    reason: str = ""
    decided_by: str = ""
    decided_wall_ns: int = 0
    uid: int = 0  # for whom the decision holds
    ruling: Ruling | None = None  # of a profile, where users did not decide
    devices_before: tuple[DeviceHit, ...] = ()  # that the version it would replace matches
    localized: tuple[Localized, ...] = ()
    removes: bool = False  # it asks for the removal of the extension in all its versions
    takes: bool = False  # it asks for the one device that it names, which the machine would miss

    @property
    def activates(self) -> bool:
        """Whether it asks for the activation of the extension, and for nothing else."""
        return not (self.removes or self.takes)

    def outdates(self, earlier: "Request") -> bool:
        """Whether it leaves nothing to undo of an earlier request of its user and bundle id."""
        if (self.bundle_id, self.uid) != (earlier.bundle_id, earlier.uid):
            return False
        if self.takes or earlier.takes:
            same = [hit.path for hit in self.devices] == [hit.path for hit in earlier.devices]
            return self.takes and earlier.takes and same
        return self.removes == earlier.removes or self.state is RequestState.WAITING


class Mode(enum.StrEnum):
    """How this runtime runs (DESIGN: processes, modes, lifetimes)."""

    EMBEDDED = "embedded"  # child of a window
    ALONE = "alone"  # python -m runtime
    SYSTEM = "system"  # the system service
    FILE = "file"  # no runtime: the reader of a registry file


class Status(msgspec.Struct, frozen=True, array_like=True, tag="status"):
    """One record with id 0: the runtime itself."""

    run: str  # identity of this run: 16 hex digits
    mode: Mode
    uid: int
    user: str
    pid: int
    version: str
    developer: bool = False
    may_approve: bool = False  # whether this very connection may decide requests
    udev: bool = False  # events come from udevd, not from the kernel
    resyncs: int = 0  # how often events were lost and the machine was read again
    busy: int = 0
    state_dir: str = ""
    notes: tuple[str, ...] = ()  # standing conditions the user has to know
    taken_wall_ns: int = 0  # of a file: when its registry was so; 0: the file does not say


class LogLine(msgspec.Struct, frozen=True, array_like=True):
    """One line of a driver's log."""

    driver: DriverId
    number: int  # counts up for each driver
    wall_ns: int
    pid: int
    source: str  # "log" (IOLog), "output" (stdout, stderr), "runtime"
    text: str
    dropped: int = 0  # lines before this one that the driver wrote too fast to be kept
