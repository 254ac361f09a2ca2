"""A debugger's door: for one peer of one user or of root, and gone afterwards."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from runtime.engine import debugging
from runtime.engine.debugging import Doors
from runtime.linux.sockets import Peer
from runtime.model.errors import ProblemError

SOMEBODY, ANOTHER = 65534, 65533
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a socket away")


class Knocker:
    """Opens a door and knocks; `admitted` is what came in."""

    def __init__(self, folder: Path, user: int) -> None:
        self.came = asyncio.Event()
        self.admitted: list[socket.socket] = []
        self.doors = Doors(folder)
        self.path = self.doors.open(self._admit, user)

    def _admit(self, client: socket.socket) -> None:
        self.admitted.append(client)
        self.came.set()

    async def knock(self) -> bytes:
        """Go through the door, and return what is said there; nothing where it is shut."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(sock, str(self.path))
            said = asyncio.ensure_future(loop.sock_recv(sock, 1))
            came = asyncio.ensure_future(self.came.wait())
            await asyncio.wait({said, came}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            came.cancel()
            for client in self.admitted:
                client.sendall(b"x")
                client.close()
            return await said


def owner_and_mode(path: Path) -> tuple[int, int]:
    made = path.stat()
    return made.st_uid, made.st_mode & 0o777


def test_a_door_admits_one_and_is_gone(tmp_path: Path) -> None:
    async def run() -> Path:
        knocker = Knocker(tmp_path, os.getuid())
        assert await knocker.knock() == b"x"
        return knocker.path

    assert not asyncio.run(run()).exists()


def test_another_user_does_not_come_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> Path:
        knocker = Knocker(tmp_path, os.getuid())
        assert await knocker.knock() == b""
        assert knocker.admitted == []
        knocker.doors.close()
        return knocker.path

    monkeypatch.setattr(debugging, "peer_credentials", lambda _: Peer(1, ANOTHER, ANOTHER))
    assert not asyncio.run(run()).exists()


@needs_root
def test_a_door_is_the_user_s_who_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        knocker = Knocker(tmp_path, SOMEBODY)
        assert owner_and_mode(knocker.path) == (SOMEBODY, 0o600)
        assert await knocker.knock() == b"x"

    monkeypatch.setattr(debugging, "peer_credentials", lambda _: Peer(1, SOMEBODY, SOMEBODY))
    asyncio.run(run())


def test_a_door_shuts_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        Knocker(tmp_path, os.getuid())
        await asyncio.sleep(0.05)

    monkeypatch.setattr(debugging, "SECONDS", 0.01)
    asyncio.run(run())
    assert list(tmp_path.iterdir()) == []


def test_a_door_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    async def run() -> None:
        with pytest.raises(ProblemError, match="expected to listen"):
            Knocker(tmp_path / "none", os.getuid())

    asyncio.run(run())
