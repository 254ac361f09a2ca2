"""A client that leaves counts among the clients until all that it asked for is done."""

import asyncio
import os
import socket
from pathlib import Path

from runtime.engine.connection import ClientConnection
from runtime.engine.hub import Hub
from runtime.linux.sockets import Peer
from runtime.model.records import Mode, Status
from runtime.registry.history import History
from runtime.registry.journal import Journal
from runtime.wire import client as wire
from runtime.wire import codec, framing, limits
from runtime.wire.commands.registry import GetRecords

SECONDS = 5.0


async def _counts(hub: Hub) -> list[int]:
    """The clients while one is there, when it has left, and when its command is done."""
    ours, theirs = socket.socketpair()
    asked, left, finish = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def handle(_client: ClientConnection, _command: object) -> None:
        asked.set()
        await finish.wait()

    def gone(client: ClientConnection) -> None:
        hub.disconnected(client)
        left.set()

    peer = Peer(os.getpid(), os.getuid(), os.getgid())
    hub.connected(ClientConnection(theirs, peer, handle, gone))
    messages = (wire.Hello(limits.CLIENT_VERSION, "test"), wire.Ask(1, GetRecords()))
    with ours:
        ours.sendall(b"".join(framing.frame(codec.encode(message)) for message in messages))
        await asyncio.wait_for(asked.wait(), SECONDS)
        counts = [hub.clients()]
    await asyncio.wait_for(left.wait(), SECONDS)
    counts.append(hub.clients())
    finish.set()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        await task
    return [*counts, hub.clients()]


def test_a_client_that_left_counts_until_its_commands_are_done(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db")
    status = Status("run", Mode.ALONE, 0, "root", 1, "1")
    hub = Hub(status, journal, History(journal.segments(), "run"), socket_approval=False)
    assert asyncio.run(_counts(hub)) == [1, 1, 0]
    journal.close()
