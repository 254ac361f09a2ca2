"""Fresh descriptors of USB devices' nodes: one for each process that moves its own data.

Opening may take its time, so a short-lived child of the zygote does it, and gives the descriptor
to the device's broker. Runs in the event loop.
Invariant: every such child is reaped, and killed when it takes too long.
"""

import asyncio
import os
import signal
import socket

from runtime.linux import sockets, spawn
from runtime.model.errors import SpawnError
from runtime.supervisor.broker import named
from runtime.supervisor.spare import Spare
from runtime.supervisor.zygote import Child
from runtime.wire import zygote

SECONDS = 8.0  # until a child that hangs in opening is killed: the kernel's own limit is 5
MEMORY_BYTES = 1 << 30  # of address space
OPEN_FILES = 64


class Openings:
    """Opens nodes once more, until it is closed."""

    def __init__(self, spare: Spare) -> None:
        self._spare = spare
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, node: str) -> socket.socket:
        """Have a node opened; the descriptor comes over the socket, the caller's, or its end.

        Raises:
            OSError: No descriptor is left.
        """
        theirs, ours = sockets.seqpacket_pair()
        task = asyncio.get_running_loop().create_task(self._open(node, ours))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return theirs

    async def close(self) -> None:
        """Wait until no child is left."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _open(self, path: str, theirs: socket.socket) -> None:
        request = zygote.Spawn(
            number=0,
            name="opener",
            uid=0,
            dumpable=False,
            memory_bytes=MEMORY_BYTES,
            open_files=OPEN_FILES,
            role=zygote.Role.USB_OPENER,
        )
        output = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            with named((path,)) as node:
                child = await self._spare.spawn(request, (theirs.fileno(), output, *node))
        except SpawnError:
            return  # the broker sees the end of the socket
        finally:
            os.close(output)
            theirs.close()
        await _reap(child)


async def _reap(child: Child) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(child.pidfd, ended.set)
    try:
        await asyncio.wait_for(ended.wait(), SECONDS)
    except TimeoutError:
        signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
        await ended.wait()
    finally:
        loop.remove_reader(child.pidfd)
    spawn.wait_exit(child.pidfd)
    os.close(child.pidfd)
