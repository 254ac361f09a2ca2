"""What the runtime asks of a service that runs, beside its start and its stop.

Runs in the event loop; nothing here blocks.
Invariant: a service that does not run is asked nothing.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from runtime.model.entry import Entry
from runtime.model.errors import ReturnError
from runtime.model.identity import EntryId
from runtime.model.kern_return import IOReturn
from runtime.model.outcome import Stage
from runtime.wire import codec, driver, limits, methods, service

if TYPE_CHECKING:
    from runtime.supervisor.user_service import UserService

_chain: codec.Decoder[tuple[str, ...]] = codec.Decoder(service.Classes, "driver's class chain")


class ServiceCalls:
    """The calls of one service's methods."""

    def __init__(self, service_: "UserService") -> None:
        self._service = service_

    async def open(
        self, client: EntryId, kind: int, entitlements: msgspec.Raw, program: int
    ) -> tuple[str, ...]:
        """Have it opened for a program, whose socket stays the caller's; the class chain.

        Args:
            client: The entry of the user client.
            kind: What the program asks for.
            entitlements: Of the program.
            program: The driver's end of a pair with it.

        Raises:
            ReturnError: The driver refused or ended; kIOReturnNotReady: it has not started.
        """
        server = self._service.server
        if server is None or not self._service.account.reached(Stage.STARTED):
            raise ReturnError(IOReturn.NOT_READY, f"{self._service.spec.name} has not started")
        self._service.entries.add(client)
        method = methods.NewUserClient(client, kind, entitlements)
        return _chain(await server.calls.open(self._service.id, method, program))

    def serve(self, client: service.ServeClient, sock: int) -> None:
        """Have one of its entries serve another driver by a socket, which stays the caller's.

        Where it cannot, that driver finds its own end closed.
        """
        if self._service.server is not None:
            self._service.server.calls.serve(self._service.id, client, sock)

    def notify(self, watch: int, entry: Entry, *, matched: bool) -> None:
        """Tell it of a service that one of its watches is about."""
        if self._service.server is not None:
            name = entry.name[: limits.NAME]
            news = driver.ServiceNotification(
                self._service.id, watch, matched, entry.id, name, entry.props
            )
            self._service.server.send(news)

    def set_power(self, entry: EntryId, flags: int, done: Callable[[str], None]) -> bool:
        """Have one of its entries take a power state; whether it was asked.

        `done` gets empty or why it failed, unless the process ends before.
        """
        server = self._service.server
        if server is None or not self._service.account.reached(Stage.STARTED):
            return False
        server.calls.ask(
            self._service.id,
            service.SetPowerState(entry, flags),
            lambda: done(""),
            lambda code, text: done(text or f"kern_return_t {code:#010x}"),
        )
        return True
