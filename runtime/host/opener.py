"""A process that opens a USB device's node once more, hands it to the device's broker, and ends.

Claims belong to an open, so each start of a driver needs one of its own; and only a process that
is not locked down yet can open. It reads nothing, and its broker takes privileges from the open
before a driver has it.
Invariant: `run` never returns into the zygote's loop.
"""

import os
import socket
from collections.abc import Sequence
from typing import NoReturn

from runtime.host import broker
from runtime.host.lockdown import Sandbox
from runtime.linux.sockets import send_packet
from runtime.model.errors import SpawnError


def run(fds: Sequence[int], sandbox: Sandbox) -> NoReturn:
    """Open and hand over; called in a child that has left the zygote."""
    control, _, named = fds
    try:
        node = broker.open_node(named, sandbox)
        send_packet(socket.socket(fileno=control), b"node", [node])
    except (SpawnError, OSError):
        os._exit(1)  # its broker sees the end of the socket, and moves the data itself
    os._exit(0)
