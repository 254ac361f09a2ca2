"""The Unix stream socket that clients connect to.

Runs in the event loop. Only the runtime's own user and root get in; of the system service
everybody does, and the kernel says who they are.
Invariant: never takes a path away from somebody who answers there.
"""

import asyncio
import contextlib
import logging
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from runtime.linux.sockets import Peer, peer_credentials
from runtime.model.errors import UnavailableError
from runtime.wire import client as wire
from runtime.wire import codec, framing, limits

BACKLOG = 128
CLIENTS = 200  # at once: windows and commands, far below the limit of descriptors
CLIENTS_OF_ONE = 50  # of them of one user, where everybody gets in
ACCEPTS_A_TURN = 32
PAUSE_SECONDS = 0.5  # of accepting, when no descriptor is left
PATH_BYTES = 107  # of an AF_UNIX address (unix(7)), without its terminating zero

_log = logging.getLogger("runtime.listener")


class Listener:
    """Accepts clients at one path."""

    def __init__(
        self,
        path: Path,
        accept: Callable[[socket.socket, Peer], None],
        connected: Callable[[int | None], int],
        *,
        everybody: bool = False,
    ) -> None:
        """`accept` gets each client; `connected` says how many a user (None: all) has now.

        `everybody`: users other than this one get in, too.
        """
        self._path = path
        self._accept = accept
        self._connected = connected
        self._everybody = everybody
        self._pausing: asyncio.TimerHandle | None = None
        self._sock: socket.socket | None = None

    def open(self) -> None:
        """Listen.

        Raises:
            UnavailableError: Another runtime listens there, or the path cannot be used.
        """
        if len(os.fsencode(self._path)) > PATH_BYTES:
            raise UnavailableError(
                f"socket {self._path}: expected a path of at most {PATH_BYTES} bytes, "
                f"found {len(os.fsencode(self._path))}"
            )
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            folder_mode, mode = (0o755, 0o666) if self._everybody else (0o700, 0o600)
            self._path.parent.mkdir(mode=folder_mode, parents=True, exist_ok=True)
            self._clear(sock)
            sock.bind(str(self._path))
            self._path.chmod(mode)
            sock.listen(BACKLOG)
        except OSError as error:
            sock.close()
            raise UnavailableError(
                f"socket {self._path}: expected to be able to listen there, "
                f"found: {error.strerror or error}"
            ) from error
        except UnavailableError:
            sock.close()
            raise
        sock.setblocking(False)
        self._sock = sock
        asyncio.get_running_loop().add_reader(sock, self._on_readable)

    def close(self) -> None:
        """Stop listening and remove the path; idempotent."""
        if self._pausing is not None:
            self._pausing.cancel()
            self._pausing = None
        if self._sock is not None:
            asyncio.get_running_loop().remove_reader(self._sock)
            self._sock.close()
            self._sock = None
            self._path.unlink(missing_ok=True)

    def _clear(self, probe: socket.socket) -> None:
        """Remove a socket that nobody listens on any more; refuse to touch anything else."""
        try:
            kind = self._path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(kind):
            found = "a folder" if stat.S_ISDIR(kind) else "a file"
            raise UnavailableError(f"socket {self._path}: expected nothing there, found {found}")
        with contextlib.suppress(ConnectionRefusedError), _another() as other:
            other.connect(str(self._path))
            raise UnavailableError(
                f"socket {self._path}: expected nobody to listen there, found another runtime"
            )
        del probe
        self._path.unlink()

    def _on_readable(self) -> None:
        assert self._sock is not None
        for _ in range(ACCEPTS_A_TURN):
            try:
                sock, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                _log.warning("socket %s: a client could not be accepted: %s", self._path, error)
                self._pause(self._sock)
                return
            self._accepted(sock)

    def _pause(self, sock: socket.socket) -> None:
        """Leave clients waiting for a while: the socket would be reported readable for ever."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(sock)
        self._pausing = loop.call_later(PAUSE_SECONDS, loop.add_reader, sock, self._on_readable)

    def _accepted(self, sock: socket.socket) -> None:
        peer = peer_credentials(sock)
        if not self._everybody and peer.uid not in (0, os.getuid()):
            _log.warning("client pid %d of user %d was refused", peer.pid, peer.uid)
            sock.close()
            return
        if self._connected(None) >= CLIENTS:
            _log.warning("client pid %d was refused: %d are connected", peer.pid, CLIENTS)
            _refuse(sock, f"runtime: expected at most {CLIENTS} clients at once, found as many")
        elif self._everybody and peer.uid and self._connected(peer.uid) >= CLIENTS_OF_ONE:
            _log.warning("client pid %d was refused: user %d has too many", peer.pid, peer.uid)
            most = f"at most {CLIENTS_OF_ONE} clients of one user"
            _refuse(sock, f"runtime: expected {most} at once, found as many")
        else:
            self._accept(sock, peer)


def _refuse(sock: socket.socket, reason: str) -> None:
    """Say goodbye as far as the socket takes it."""
    messages = (wire.Hello(limits.CLIENT_VERSION, "runtime"), wire.Goodbye(reason))
    with sock, contextlib.suppress(OSError):
        sock.setblocking(False)
        sock.send(b"".join(framing.frame(codec.encode(message)) for message in messages))


def _another() -> socket.socket:
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
