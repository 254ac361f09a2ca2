"""A service of one driver as the provider of another.

Their packets do not pass here: each gets one end of a pair, and the runtime keeps what it needs to
cut them apart.
Invariant: a descriptor is kept no longer than the client's session.
"""

import contextlib
import socket
from collections.abc import Callable
from typing import NamedTuple

from runtime.linux.sockets import seqpacket_pair
from runtime.model.identity import EntryId
from runtime.supervisor.driver import SupervisedDriver
from runtime.supervisor.ports import SessionEnd
from runtime.wire import limits
from runtime.wire.service import ServeClient


class Nub(NamedTuple):
    """An entry that a driver serves, and that driver."""

    entry: EntryId
    publisher: SupervisedDriver

    def open_session(self, end: SessionEnd) -> "NubSession":
        """Let one driver process at it.

        Raises:
            OSError: No descriptor is left.
        """
        ours, theirs = seqpacket_pair()
        with ours:
            service = self.publisher.service
            if service is not None:
                client = ServeClient(self.entry, end.id, end.spec.name[: limits.NAME])
                service.calls.serve(client, ours.fileno())
        return NubSession(theirs)


class NubSession:
    """The client's end, which cuts it off when it is closed: a `ports.ProviderSession`."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def send_with(self, send: Callable[[int], None]) -> None:
        """See `ProviderSession.send_with`; the end is kept, too."""
        send(self._sock.fileno())

    def close(self) -> None:
        """See `ProviderSession.close`."""
        with contextlib.suppress(OSError):  # it was closed before, or the other end was
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
