"""One-time doors for debuggers: a socket in the runtime's folder, for one client, once.

The client's connection itself is handed to the driver: not a byte of it passes through the
runtime. Runs in the event loop.
Invariant: a door admits one peer of the user it was made for, or root, and is gone afterwards.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

from runtime.linux.sockets import peer_credentials
from runtime.model.errors import ProblemError

SECONDS = 10.0  # that a door waits: whoever asked for it goes through at once


class Doors:
    """The open doors of a runtime."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the runtime's own: nobody else can enter it."""
        self._folder = folder
        self._closers: dict[Path, asyncio.TimerHandle] = {}
        self._listening: dict[Path, socket.socket] = {}

    def open(self, admit: Callable[[socket.socket], None], user: int) -> Path:
        """Make a door for a user, and return its path.

        `admit` gets the one connection, and owns it.

        Raises:
            ProblemError: ``failed``: the socket cannot be made.
        """
        path = self._folder / f"debug-{secrets.token_hex(6)}.sock"
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            sock.bind(str(path))
            path.chmod(0o600)
            if user != os.getuid():
                os.chown(path, user, -1)
            sock.listen(1)
        except OSError as error:
            sock.close()
            path.unlink(missing_ok=True)
            raise ProblemError(
                "failed", f"debugger's socket {path}: expected to listen, found: {error}"
            ) from error
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        self._listening[path] = sock
        self._closers[path] = loop.call_later(SECONDS, self._shut, path)
        loop.add_reader(sock, self._knock, path, admit, user)
        return path

    def close(self) -> None:
        """Shut every door; idempotent."""
        for path in tuple(self._listening):
            self._shut(path)

    def _knock(self, path: Path, admit: Callable[[socket.socket], None], user: int) -> None:
        try:
            client, _ = self._listening[path].accept()
        except OSError:
            return
        if peer_credentials(client).uid not in (0, user):
            client.close()
            return
        self._shut(path)
        admit(client)

    def _shut(self, path: Path) -> None:
        sock = self._listening.pop(path)
        self._closers.pop(path).cancel()
        asyncio.get_running_loop().remove_reader(sock)
        sock.close()
        path.unlink(missing_ok=True)
