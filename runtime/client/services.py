"""Opening a driver's service: IOKit's IOServiceOpen.

Blocks the calling thread. Invariant: what comes back is open, or nothing is.
"""

import socket

from runtime.client.blocking import Connection
from runtime.client.user_client import UserClient
from runtime.model.errors import ReturnError
from runtime.model.identity import EntryId
from runtime.wire.commands.services import OpenService


def service_open(runtime: Connection, entry: EntryId, type_: int = 0) -> UserClient:
    """Open a driver's service, found by its entry, e.g. with `Registry.matching`.

    Args:
        runtime: May be closed afterwards.
        entry: Of the service.
        type_: The driver's own word for what is wanted.

    Raises:
        ReturnError: The driver refused; kIOReturnNotPermitted: the app of this program lacks the
            entitlement for it, which the sentence names; kIOReturnNotFound: no driver is there.
        ProblemError, UnavailableError: As from every command.
    """
    opened = runtime.call(OpenService(entry, type_))
    if opened.code:
        raise ReturnError(opened.code, opened.text)
    return UserClient(socket.socket(fileno=runtime.take_descriptor()), opened.client)
