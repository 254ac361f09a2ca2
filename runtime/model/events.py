"""Events of the journal: the one truth behind timeline, history, audit and log views.

Every event names its subject by stable words (path, driver, extension), so that it still
reads after the entry is gone.
Invariant: values only; sentences are made by `runtime.model.words`.
"""

import msgspec

from runtime.model.identity import DriverId, RequestId
from runtime.model.outcome import Exit, Match


class Plugged(msgspec.Struct, frozen=True, array_like=True, tag="plugged"):
    """A device appeared."""

    name: str
    cls: str


class Unplugged(msgspec.Struct, frozen=True, array_like=True, tag="unplugged"):
    """A device went."""

    name: str
    cls: str


class Bound(msgspec.Struct, frozen=True, array_like=True, tag="bound"):
    """A kernel driver took a device, or with an empty name let it go."""

    name: str
    driver: str


class Matched(msgspec.Struct, frozen=True, array_like=True, tag="matched"):
    """Matching chose a driver extension for a provider."""

    match: Match


class Launched(msgspec.Struct, frozen=True, array_like=True, tag="launched"):
    """A driver's process was created."""

    name: str
    pid: int


class Started(msgspec.Struct, frozen=True, array_like=True, tag="started"):
    """A driver's Start returned; `after_us` since its launch was requested."""

    name: str
    pid: int
    after_us: int


class Crashed(msgspec.Struct, frozen=True, array_like=True, tag="crashed"):
    """A driver's process ended though nobody had asked it to."""

    name: str
    pid: int
    exit: Exit


class TakenAlong(msgspec.Struct, frozen=True, array_like=True, tag="taken-along"):
    """A driver's process ended by the fault of another driver in it; it comes again at once."""

    name: str
    pid: int
    by: str


class Restarting(msgspec.Struct, frozen=True, array_like=True, tag="restarting"):
    """A crashed driver comes again after a delay; 0 means at once."""

    name: str
    delay_ms: int


class Quarantined(msgspec.Struct, frozen=True, array_like=True, tag="quarantined"):
    """A driver crashed too often, or somebody keeps it out (`note`); it waits to be released."""

    name: str
    crashes: int
    note: str = ""


class Released(msgspec.Struct, frozen=True, array_like=True, tag="released"):
    """Somebody released a driver from quarantine."""

    name: str


class Stopped(msgspec.Struct, frozen=True, array_like=True, tag="stopped"):
    """A driver's process ended as it was told to."""

    name: str
    pid: int


class Hung(msgspec.Struct, frozen=True, array_like=True, tag="hung"):
    """A driver stopped responding: `queue`'s callback is older than its deadline."""

    name: str
    pid: int
    queue: str
    callback: str
    age_ms: int


class Responded(msgspec.Struct, frozen=True, array_like=True, tag="responded"):
    """A driver that did not respond responds again."""

    name: str
    pid: int


class Requested(msgspec.Struct, frozen=True, array_like=True, tag="requested"):
    """An app asked for an extension's activation, or for its removal; or the runtime for a device.

    `takes` names the device that the extension would take, and what the machine would lose.
    """

    request: RequestId
    name: str
    app: str
    removes: bool = False
    takes: str = ""


class Decided(msgspec.Struct, frozen=True, array_like=True, tag="decided"):
    """Somebody answered a request, or the runtime ended it."""

    request: RequestId
    name: str
    answer: str  # RequestState's word
    by: str


class Deactivated(msgspec.Struct, frozen=True, array_like=True, tag="deactivated"):
    """An extension was removed."""

    extension: str
    name: str
    by: str


class Undone(msgspec.Struct, frozen=True, array_like=True, tag="undone"):
    """Somebody took a decision back: the request waits again."""

    request: RequestId
    name: str
    was: str  # RequestState's word
    by: str


class Revoked(msgspec.Struct, frozen=True, array_like=True, tag="revoked"):
    """Somebody took the approvals of an extension away."""

    extension: str
    name: str
    by: str


class DeveloperMode(msgspec.Struct, frozen=True, array_like=True, tag="developer"):
    """Developer mode was turned on or off."""

    on: bool
    by: str


class ProfileChanged(msgspec.Struct, frozen=True, array_like=True, tag="profile"):
    """A configuration profile was added (or exchanged) or removed."""

    identifier: str
    name: str
    added: bool
    by: str


class Resynced(msgspec.Struct, frozen=True, array_like=True, tag="resynced"):
    """Events of the machine were lost, and it was read again."""

    cause: str  # "ENOBUFS", "POLLERR"
    added: int
    removed: int
    changed: int


class Began(msgspec.Struct, frozen=True, array_like=True, tag="began"):
    """A run of the runtime began."""

    run: str
    version: str


class Noted(msgspec.Struct, frozen=True, array_like=True, tag="noted"):
    """Something else that the user has to know, in one sentence."""

    text: str


Detail = (
    Plugged
    | Unplugged
    | Bound
    | Matched
    | Launched
    | Started
    | Crashed
    | Restarting
    | TakenAlong
    | Quarantined
    | Released
    | Stopped
    | Hung
    | Responded
    | Requested
    | Decided
    | Deactivated
    | Undone
    | Revoked
    | DeveloperMode
    | ProfileChanged
    | Resynced
    | Began
    | Noted
)


class Event(msgspec.Struct, frozen=True, array_like=True):
    """One line of the journal.

    `number` counts up without gaps within a run. `entry` is the id of the entry concerned
    and `path` its place in the IOService plane; `driver` the driver concerned; 0 and empty
    for none.
    """

    number: int
    wall_ns: int
    detail: Detail
    entry: int = 0
    path: str = ""
    driver: DriverId = DriverId(0)


_decoder = msgspec.msgpack.Decoder(Event)


def kept(data: bytes | msgspec.Raw) -> Event | None:
    """An event that was kept in MessagePack; None for one that a newer version wrote."""
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
