"""Processes of brokers and openers: one that was forked in advance, or a new one from the zygote.

The spare one learns what it becomes when it is taken; until then it waits as the zygote does,
without a device and before its lock-down. Runs in the event loop.
Invariant: at most one spare; a process is handed out once, and a spare that nobody takes is reaped.
"""

import asyncio
import os
import socket
from collections.abc import Sequence

import msgspec

from runtime.linux import sockets, spawn
from runtime.model.errors import SpawnError
from runtime.supervisor.pace import Pace
from runtime.supervisor.refill import Refill
from runtime.supervisor.zygote import Child, Zygote
from runtime.wire import codec, zygote


class Spare:
    """Hands out processes; the first is a new one."""

    def __init__(self, zygote_: Zygote, pace: Pace) -> None:
        self._zygote = zygote_
        self._pace = pace
        self._waiting: tuple[Child, socket.socket] | None = None
        self._refill = Refill(lambda: self._waiting is None, self._make)
        self._gone = asyncio.Event()  # the spare, if there was one

    @property
    def pid(self) -> int:
        """The process that waits, 0 for none."""
        return 0 if self._waiting is None else self._waiting[0].pid

    async def spawn(self, request: zygote.Spawn, descriptors: Sequence[int]) -> Child:
        """Have a process become what is asked for. Descriptors stay the caller's.

        Raises:
            SpawnError: There was none, and none could be created.
        """
        taken = self.take(request, descriptors)
        return taken or self._elevated(await self._zygote.spawn(request, descriptors))

    async def close(self) -> None:
        """End and reap what waits; idempotent."""
        await self._refill.close()
        if self._waiting is not None:
            self._waiting[1].close()
            await self._gone.wait()

    def take(self, request: zygote.Spawn, descriptors: Sequence[int]) -> Child | None:
        """As `spawn`, at once, by the spare; None if there is none. Another is made soon."""
        self._refill.soon()
        if self._waiting is None:
            return None
        child, control = self._waiting
        try:
            sockets.send_packet(control, codec.encode(request), descriptors)
        except OSError:
            return None  # it is gone, which its pidfd says soon
        control.close()
        asyncio.get_running_loop().remove_reader(child.pidfd)
        self._waiting = None
        return self._elevated(child)

    def _elevated(self, child: Child) -> Child:
        """A driver that goes before others waits for it: so it does, too, where that can be."""
        elevated = self._zygote.elevated and self._pace.elevate(child.pid)
        return msgspec.structs.replace(child, elevated=elevated)

    async def _make(self) -> None:
        """Make one and let it wait."""
        request = zygote.Spawn(0, "spare broker", 0, dumpable=False, role=zygote.Role.SPARE)
        try:
            ours, theirs = sockets.seqpacket_pair()
        except OSError:
            self._refill.later()
            return
        try:
            with theirs:
                child = await self._zygote.spawn(request, (theirs.fileno(),))
        except SpawnError:
            ours.close()
            self._refill.later()
            return
        self._gone.clear()
        self._waiting = child, ours
        asyncio.get_running_loop().add_reader(child.pidfd, self._ended, child, ours)

    def _ended(self, child: Child, control: socket.socket) -> None:
        """It is gone, and nobody has taken it."""
        if spawn.wait_exit(child.pidfd) is None:
            return
        asyncio.get_running_loop().remove_reader(child.pidfd)
        os.close(child.pidfd)
        control.close()
        self._waiting = None
        self._gone.set()
        self._refill.later()
