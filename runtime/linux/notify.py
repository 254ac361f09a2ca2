"""Telling systemd how far a service is.

Source: sd_notify(3).
Invariant: says nothing where nobody listens, and never waits.
"""

import contextlib
import os
import socket

VARIABLE = "NOTIFY_SOCKET"


def ready() -> None:
    """Say that the service takes clients; children do not inherit the way to say so."""
    address = os.environ.pop(VARIABLE, "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # an abstract name
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
    ):
        sock.setblocking(False)
        sock.sendto(b"READY=1", address)
