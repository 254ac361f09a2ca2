"""Processes of brokers and openers: one that was forked in advance, or a new one from the zygote.

The spare one learns what it becomes when it is taken; until then it waits as the zygote does,
without a device and before its lock-down. Runs in the event loop.
Invariant: at most one spare; a process is handed out once, and a spare that nobody takes is reaped.
"""

import asyncio
import os
import socket
from collections.abc import Sequence

from runtime.linux import memory, sockets, spawn
from runtime.model.errors import SpawnError
from runtime.supervisor.launcher import REFILL_SECONDS, RETRY_SECONDS, SPARE_BYTES
from runtime.supervisor.zygote import Child, Zygote
from runtime.wire import codec, zygote


class Spare:
    """Hands out processes; the first is a new one."""

    def __init__(self, zygote_: Zygote) -> None:
        self._zygote = zygote_
        self._waiting: tuple[Child, socket.socket] | None = None
        self._refilling: asyncio.TimerHandle | None = None
        self._making: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()  # the spare, if there was one
        self._closed = False

    @property
    def pid(self) -> int:
        """The process that waits, 0 for none."""
        return 0 if self._waiting is None else self._waiting[0].pid

    async def spawn(self, request: zygote.Spawn, descriptors: Sequence[int]) -> Child:
        """Have a process become what is asked for. Descriptors stay the caller's.

        Raises:
            SpawnError: There was none, and none could be created.
        """
        taken = self._take(request, descriptors)
        self._refill(REFILL_SECONDS)
        return taken or await self._zygote.spawn(request, descriptors)

    async def close(self) -> None:
        """End and reap what waits; idempotent."""
        self._closed = True
        if self._refilling is not None:
            self._refilling.cancel()
        if self._making is not None:
            await asyncio.gather(self._making)
        if self._waiting is not None:
            self._waiting[1].close()
            await self._gone.wait()

    def _take(self, request: zygote.Spawn, descriptors: Sequence[int]) -> Child | None:
        if self._waiting is None or self._closed:
            return None
        child, control = self._waiting
        try:
            sockets.send_packet(control, codec.encode(request), descriptors)
        except OSError:
            return None  # it is gone, which its pidfd says soon
        control.close()
        asyncio.get_running_loop().remove_reader(child.pidfd)
        self._waiting = None
        return child

    def _refill(self, seconds: float) -> None:
        if self._refilling is None and not self._closed:
            self._refilling = asyncio.get_running_loop().call_later(seconds, self._make)

    def _make(self) -> None:
        self._refilling = None
        busy = self._making is not None and not self._making.done()
        if self._waiting is None and not busy and memory.available() > SPARE_BYTES:
            self._making = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        """Make one and let it wait."""
        request = zygote.Spawn(0, "spare broker", 0, dumpable=False, role=zygote.Role.SPARE)
        try:
            ours, theirs = sockets.seqpacket_pair()
        except OSError:
            self._refill(RETRY_SECONDS)
            return
        try:
            with theirs:
                child = await self._zygote.spawn(request, (theirs.fileno(),))
        except SpawnError:
            ours.close()
            self._refill(RETRY_SECONDS)
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
        self._refill(RETRY_SECONDS)
