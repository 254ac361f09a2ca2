"""Driver processes: one that waits in advance, or a new one from the zygote.

The standby is forked, locked down and waits for its `Load`: a driver that takes it saves the
fork and the lock-down. It is as generic as a process can be, with a user of its own like every
other, and nothing of any driver has been in it. Runs in the event loop.
Invariant: at most one standby; a process is handed out once.
"""

import asyncio
import contextlib
import itertools
import os
import signal

import msgspec

from runtime.linux import memory, spawn
from runtime.model.errors import SpawnError
from runtime.supervisor.channels import Channels
from runtime.supervisor.zygote import Child, Zygote
from runtime.wire import zygote as wire

MEMORY_BYTES = 2 << 30  # of address space
OPEN_FILES = 64
FIRST_UID = 61184  # a range that neither Debian's adduser nor systemd hands out (61184-65519)
UIDS = 4096
REFILL_SECONDS = 0.01  # after a standby was taken: the driver that took it starts first
RETRY_SECONDS = 5.0  # after a standby could not be made, or died
SPARE_BYTES = 256 << 20  # a standby is made only while this much memory is available


class Launched(msgspec.Struct, frozen=True):
    """A process nobody else has; the receiver owns the channels and the pidfd."""

    child: Child
    channels: Channels
    missing: tuple[str, ...] = ()  # what this machine cannot give to any driver


class _Standby(msgspec.Struct, frozen=True):
    launched: Launched
    dumpable: bool


class Launcher:
    """Hands out driver processes."""

    def __init__(self, zygote: Zygote) -> None:
        self._zygote = zygote
        self._numbers = itertools.count()
        self._standby: _Standby | None = None
        self._discarded: dict[int, asyncio.Event] = {}
        self._refilling: asyncio.TimerHandle | None = None
        self._making: asyncio.Task[None] | None = None
        self._dumpable = False  # as the last driver was launched, and so probably the next
        self._closed = False

    def take(self, *, dumpable: bool) -> Launched | None:
        """The standby, if there is one of this kind; another is made soon."""
        standby = self._standby
        self._dumpable = dumpable
        self._refill(REFILL_SECONDS)
        if standby is None:
            return None
        self._standby = None
        asyncio.get_running_loop().remove_reader(standby.launched.child.pidfd)
        if standby.dumpable is dumpable:
            return standby.launched
        self._discard(standby.launched)
        return None

    async def create(self, name: str, *, dumpable: bool) -> Launched:
        """Make a new process; ps shows `name`.

        Raises:
            SpawnError: It could not be created.
        """
        try:
            channels = Channels()
        except OSError as error:
            raise SpawnError(
                f"descriptors for a driver: expected enough, found: {error.strerror}"
            ) from error
        request = wire.Spawn(
            number=0,
            name=name[:200],
            uid=FIRST_UID + next(self._numbers) % UIDS,
            dumpable=dumpable,
            memory_bytes=MEMORY_BYTES,
            open_files=OPEN_FILES,
        )
        try:
            child = await self._zygote.spawn(request, channels.theirs())
        except (SpawnError, asyncio.CancelledError):
            channels.close_ours()
            raise
        finally:
            channels.close_theirs()
        return Launched(child, channels, self._zygote.missing)

    async def close(self) -> None:
        """End and reap the standby; idempotent."""
        self._closed = True
        if self._refilling is not None:
            self._refilling.cancel()
        if self._making is not None:
            await asyncio.gather(self._making, return_exceptions=True)
        if self._standby is not None:
            asyncio.get_running_loop().remove_reader(self._standby.launched.child.pidfd)
            self._discard(self._standby.launched)
            self._standby = None
        for gone in tuple(self._discarded.values()):
            await gone.wait()

    def _refill(self, seconds: float) -> None:
        if self._refilling is None and not self._closed:
            self._refilling = asyncio.get_running_loop().call_later(seconds, self._make)

    def _make(self) -> None:
        self._refilling = None
        busy = self._making is not None and not self._making.done()
        if self._standby is None and not busy and memory.available() > SPARE_BYTES:
            self._making = asyncio.get_running_loop().create_task(self._stand_by(self._dumpable))

    async def _stand_by(self, dumpable: bool) -> None:
        try:
            launched = await self.create("standby", dumpable=dumpable)
        except SpawnError:
            self._refill(RETRY_SECONDS)
            return
        self._standby = _Standby(launched, dumpable)
        loop = asyncio.get_running_loop()
        loop.add_reader(launched.child.pidfd, self._died, launched)

    def _died(self, launched: Launched) -> None:
        self._standby = None
        asyncio.get_running_loop().remove_reader(launched.child.pidfd)
        self._discard(launched)
        self._refill(RETRY_SECONDS)

    def _discard(self, launched: Launched) -> None:
        """Kill a process that nobody will have, and reap it when it is gone."""
        pidfd = launched.child.pidfd
        launched.channels.close_ours()
        with contextlib.suppress(ProcessLookupError):  # it died by itself
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        self._discarded[pidfd] = asyncio.Event()
        asyncio.get_running_loop().add_reader(pidfd, self._reap, pidfd)

    def _reap(self, pidfd: int) -> None:
        if spawn.wait_exit(pidfd) is not None:
            asyncio.get_running_loop().remove_reader(pidfd)
            os.close(pidfd)
            self._discarded.pop(pidfd).set()
