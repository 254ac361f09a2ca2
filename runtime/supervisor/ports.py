"""What the supervisor asks of the rooms beside it; the engine passes these in.

Invariant: Protocols and values only.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from runtime.model.crash_report import Remains
from runtime.model.events import Detail
from runtime.model.identity import BundleId, ContentHash, EntryId
from runtime.model.outcome import Decision, Exit
from runtime.model.records import Driver
from runtime.wire import methods

Gather = Callable[[], Remains]
"""Tells what is left of a process that has ended; it takes time, and may be left for later."""


class ProviderSession(Protocol):
    """One driver process at its provider, which its provider socket leads to."""

    def send_with(self, send: Callable[[int], None]) -> None:
        """Give the driver's end of the provider socket to `send`, once, and close it here."""

    def close(self) -> None:
        """Abort what is outstanding and let go; idempotent. Nothing is heard of it afterwards."""


class SessionEnd(Protocol):
    """Who hears that a session has ended by itself. Called in the loop, at most once.

    Attributes:
        id: The entry of the service whose session it is.
        spec: What that is.
    """

    id: EntryId
    spec: "DriverSpec"

    def provider_lost(self, why: str) -> None:
        """The broker of the provider is gone; another one may be opened."""

    def breached(self, what: str) -> None:
        """The driver sent its provider what the protocol does not allow."""


class Bytecode(msgspec.Struct):
    """A bundle's module as one of its processes has compiled it, for the next ones; b"": not yet.

    What it holds comes from a process of the bundle and is for such processes alone.
    """

    data: bytes = b""


class DriverSpec(msgspec.Struct, frozen=True):
    """Everything that launching one driver takes. `bundle` is a sealed memfd, not owned."""

    name: str
    bundle_id: BundleId
    content_hash: ContentHash
    personality: str
    category: str
    executable: str
    server_name: str
    provider: EntryId
    provider_path: str
    provider_class: str
    provider_name: str
    properties: msgspec.Raw
    provider_properties: msgspec.Raw
    bundle: int
    dumpable: bool
    shared: bool  # its process is for all of its bundle with this server name
    direct: bool  # its provider may lend its device, so that it moves its data itself
    open_session: Callable[[SessionEnd], ProviderSession]
    entitled: Callable[[], Decision]  # to the provider, as it is when this is asked
    provider_classes: tuple[str, ...] = ()  # of a provider that a driver published, leaf first
    bytecode: Bytecode = msgspec.field(default_factory=Bytecode)  # of the bundle; all its drivers'


class Surroundings(Protocol):
    """What a driver's life shows to the rest of the runtime. Called in the loop."""

    def changed(self, driver: Driver) -> None:
        """The record of a driver has changed."""

    def event(self, driver: Driver, detail: Detail) -> None:
        """Something happened that the journal keeps."""

    def log(self, driver: Driver, source: str, text: str) -> None:
        """A line for the driver's log."""

    def attach(self, driver: Driver, spec: DriverSpec) -> EntryId:
        """A process is about to start: make its service's entry."""

    def serving(self, driver: Driver, classes: tuple[str, ...]) -> None:
        """The driver's class was loaded, leaf first; its process is known."""

    def started(self, driver: Driver) -> None:
        """Start returned success."""

    def service_call(self, driver: Driver, entry: EntryId, method: methods.ServiceMethod) -> object:
        """The driver speaks of its service's entry or a nub's; the result, of RESULT's type.

        Raises:
            BreachError: It may not say that.
            ReturnError: It is refused.
        """

    def detach(self, driver: Driver) -> None:
        """The process is gone: remove its service's entry."""

    def crashed(self, driver: Driver, spec: DriverSpec) -> None:
        """A driver ended though nobody stopped it; the record is as it was before that."""

    def report(self, drivers: tuple[Driver, ...], exit_: Exit, gather: Gather) -> None:
        """Make one crash report of a process; the records are as they were before its end.

        Must not delay the restart: `gather`, and all else that takes time, is for later.
        """

    def ended(self, driver: Driver) -> None:
        """The driver is stopped or quarantined: its provider is free for another."""
