"""The programs that have opened one service, each with its user client.

Everything here runs on the service's Default queue.
Invariant: a user client is stopped and freed exactly once, and before its service is.
"""

import functools
import socket
from collections.abc import Callable

from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.log import IOLog
from runtime.driverkit.object import class_chain
from runtime.driverkit.service import IOService
from runtime.driverkit.user_client import IOUserClient
from runtime.host.nubs import Nubs, end
from runtime.host.program import ProgramLink
from runtime.model import properties
from runtime.model.kern_return import IOReturn
from runtime.wire import methods


class UserClients:
    """Opens a service for programs, and closes it again.

    Args:
        service: Whose they are.
        queue: Its Default queue.
        nubs: What the service has published, and its user clients.
        closed: Called with the entry of each that is gone.
    """

    def __init__(
        self,
        service: IOService,
        queue: IODispatchQueue,
        nubs: Nubs,
        closed: Callable[[int], None],
    ) -> None:
        self._service = service
        self._queue = queue
        self._nubs = nubs
        self._closed = closed
        self._opening = 0
        self._open: dict[int, tuple[IOUserClient, ProgramLink]] = {}

    def open(self, wanted: methods.NewUserClient, sock: socket.socket) -> tuple[str, ...]:
        """Have the service make a user client for a program; its class chain, leaf first.

        Raises:
            IOReturnError: What the driver answered; `sock`, which is owned from now on, is closed.
        """
        self._opening = wanted.client
        try:
            client = self._service.NewUserClient(wanted.type)
            self._check(client)
        except IOReturnError:
            sock.close()
            raise
        finally:
            self._opening = 0
        gone = functools.partial(self._left, wanted.client)
        link = ProgramLink(sock, client, gone)
        self._open[wanted.client] = client, link
        client.serve(link, properties.decode(wanted.entitlements))
        link.listen()
        return class_chain(type(client))

    def new_entry(self) -> int:
        """See `Transport.new_entry`."""
        entry, self._opening = self._opening, 0
        if not entry:
            raise IOReturnError(IOReturn.NOT_READY, "Create: expected it once, in NewUserClient")
        return entry

    def close(self) -> None:
        """The service stops: let all programs go."""
        for client, link in tuple(self._open.values()):
            link.abandon()
            self._end(client)

    def _check(self, client: object) -> None:
        name = type(self._service).__name__
        if not isinstance(client, IOUserClient) or self._opening:
            raise IOReturnError(
                IOReturn.UNSUPPORTED,
                f"{name}.NewUserClient: expected a user client that Create made, found {client}",
            )

    def _left(self, entry: int, breach: str) -> None:
        """A program is gone; called on the queue of its calls."""
        self._queue.post("Stop", lambda: self._close(entry, breach))

    def _close(self, entry: int, breach: str) -> None:
        if entry not in self._open:
            return  # the service has stopped meanwhile
        client, _ = self._open.pop(entry)
        if breach:
            IOLog(f"{client.GetName()}: a program was let go: {breach}")
        self._end(client)
        self._closed(entry)

    def _end(self, client: IOUserClient) -> None:
        for nub in self._nubs.remove(client):
            end(nub)
        client.Stop(self._service)
        client.free()
