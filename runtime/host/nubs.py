"""The services of one driver that others may have as their provider: its own and its nubs.

Everything here runs on the service's Default queue, but what a nub sends to a driver.
Invariant: a nub is stopped and freed exactly once, and before its service is.
"""

import functools
import socket
from collections.abc import Callable

import msgspec

from runtime.driverkit.action import CallbackType, OSAction, callback
from runtime.driverkit.dispatch import IODispatchQueue
from runtime.driverkit.entry import Entry
from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.log import IOLog
from runtime.driverkit.remote import declared
from runtime.driverkit.service import IOService
from runtime.driverkit.transport import Transport
from runtime.host.link import Link
from runtime.model.errors import BreachError
from runtime.wire import codec, driver, limits, service

_decode: codec.Decoder[driver.ToPublisher] = codec.Decoder(
    driver.ToPublisher, "packet of a driver to its provider"
)


class Nubs:
    """Makes a service and its nubs reachable for drivers on them.

    Args:
        own: The service itself.
        transport: Its own.
    """

    def __init__(self, own: IOService, transport: Transport) -> None:
        self._transport = transport
        self._nubs: dict[int, IOService] = {own.GetRegistryEntryID(): own}
        self._own = own
        self._links: dict[int, ClientLink] = {}  # by the client's entry

    def get(self, entry: int) -> IOService | None:
        """The service with an entry; None when it is gone."""
        return self._nubs.get(entry)

    def add(self, nub: IOService) -> None:
        """A nub was made."""
        self._nubs[nub.GetRegistryEntryID()] = nub

    def remove(self, top: IOService) -> tuple[IOService, ...]:
        """See `Transport.withdraw`; the service itself stays until it stops."""
        if top is self._own:
            return ()
        gone = [nub for nub in reversed(self._nubs.values()) if _is_below(nub, top)]
        for nub in gone:
            del self._nubs[nub.GetRegistryEntryID()]
            self._drop(nub)
        return tuple(gone)

    def serve(self, client: service.ServeClient, sock: socket.socket) -> None:
        """Serve another driver, on a socket that is owned from now on."""
        nub = self._nubs.get(client.entry)
        if nub is None:
            sock.close()
            return
        entry = Entry(client.client, client.name, transport=self._transport, remote=True)
        gone = functools.partial(self._left, client.client)
        link = ClientLink(sock, nub, IOService(entry), gone)
        self._links[client.client] = link
        link.listen()

    def close(self) -> None:
        """The service stops: every nub does before, and no client is served any more."""
        for nub in reversed(tuple(self._nubs.values())):
            self._drop(nub)
            if nub is not self._own:
                end(nub)
        self._nubs.clear()

    def _drop(self, nub: IOService) -> None:
        for client, link in tuple(self._links.items()):
            if link.nub is nub:
                del self._links[client]
                link.abandon()

    def _left(self, client: int, breach: str) -> None:
        """A client is gone; called on the queue of its calls."""
        queue = self._transport.default_queue()
        queue.post("ClientCrashed", lambda: self._forget(client, breach))

    def _forget(self, client: int, breach: str) -> None:
        link = self._links.pop(client, None)
        if link is None:
            return
        if breach:
            IOLog(f"{link.client.GetName()}: a client was let go: {breach}")
        if not link.said_goodbye:
            link.nub.ClientCrashed(link.client, 0)


def end(nub: IOService) -> None:
    """Stop and free a nub; on its queue."""
    nub.Stop(nub.GetProvider())
    nub.free()


def _is_below(nub: IOService, top: IOService) -> bool:
    """Whether a nub is a service, or was made by it or by a nub of it."""
    while nub is not top:
        try:
            nub = nub.GetProvider()
        except IOReturnError:
            return False
    return True


class ClientLink(Link):
    """Serves one driver that has a nub as its provider.

    Attributes:
        nub: Whom it calls.
        client: A proxy of its service.
        said_goodbye: Whether it ended in order.
    """

    WHAT = "remote method"

    def __init__(
        self,
        sock: socket.socket,
        nub: IOService,
        client: IOService,
        gone: Callable[[str], None],
    ) -> None:
        super().__init__(sock, gone)
        self.nub = nub
        self.client = client
        self.said_goodbye = False
        self._actions: dict[int, ClientAction] = {}

    def call_back(self, action: int, values: msgspec.Raw) -> None:
        """Have the client's action called; any thread."""
        self._answer(driver.Complete(action, service.CompleteInvoke(values)))

    def _queue(self) -> IODispatchQueue:
        return self.nub.CopyDispatchQueue()

    def _take(self, packet: bytes) -> None:
        message = _decode(packet)
        if isinstance(message, driver.Goodbye):
            self.said_goodbye = True
            return
        if not isinstance(message.method, service.Invoke):
            raise BreachError(
                f"driver: expected a remote method, found {type(message.method).__name__}"
            )
        try:
            declaration = declared(self.nub, message.method.name)
            served = declaration.serve(self.nub, message.method.arguments, self._action)
        except IOReturnError as error:
            self._answer(driver.Fail(message.number, error.code, error.text[: limits.TEXT]))
        else:
            self._answer(driver.Reply(message.number, served.result), served.descriptors)

    def _action(self, number: int, kind: CallbackType[...]) -> OSAction:
        if len(self._actions) >= limits.OUTSTANDING:
            raise BreachError(f"driver: expected at most {limits.OUTSTANDING} actions")
        return self._actions.setdefault(number, ClientAction(self, number, kind))

    def _answer(self, message: driver.FromProvider, descriptors: tuple[int, ...] = ()) -> None:
        self._send(codec.encode(message), descriptors)

    def _abandoned(self) -> None:
        actions, self._actions = self._actions, {}
        for action in actions.values():
            action.Aborted()


class ClientAction(OSAction):
    """An action of a client: to invoke it is to send it the values."""

    def __init__(self, link: ClientLink, number: int, kind: CallbackType[...]) -> None:
        def sent(_nub: object, _action: OSAction, *values: object) -> None:
            raise AssertionError(f"{values}: an action of a client is not called here")

        super().__init__(link.nub, callback(kind)(sent), None)
        self._link = link
        self._number = number

    def invoke(self, *values: object) -> None:
        """See `OSAction.invoke`; a client that is gone is told nothing."""
        if not self._cancelled:
            self._link.call_back(self._number, codec.raw(values))
