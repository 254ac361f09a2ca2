"""Driver processes: one that waits in advance, or a new one from the zygote.

The standby is forked, locked down and waits for its `Load`: a driver that takes it saves the
fork and the lock-down. It is as generic as a process can be, with a user of its own like every
other, and nothing of any driver has been in it. Runs in the event loop.
Invariant: at most one standby; a process is handed out once.
"""

import asyncio
import itertools

import msgspec

from runtime.model.errors import SpawnError
from runtime.model.outcome import Exit
from runtime.supervisor.channels import Channels
from runtime.supervisor.groups import Groups
from runtime.supervisor.pace import Pace
from runtime.supervisor.refill import Refill
from runtime.supervisor.standby import Standby
from runtime.supervisor.zygote import Zygote
from runtime.wire import zygote as wire

MEMORY_BYTES = 2 << 30  # of address space
OPEN_FILES = 64
FIRST_UID = 61184  # a range that neither Debian's adduser nor systemd hands out (61184-65519)
UIDS = 4096


class Launcher:
    """Hands out driver processes."""

    def __init__(self, zygote: Zygote, groups: Groups, pace: Pace) -> None:
        self._zygote = zygote
        self._groups = groups
        self._numbers = itertools.count()
        self._pace = pace
        self._standby: Standby | None = None
        self._discarded: set[Standby] = set()
        self._refill = Refill(lambda: self._standby is None, self._stand_by)
        self._dumpable = False  # as the last driver was launched, and so probably the next

    @property
    def standby_pid(self) -> int:
        """The process that waits in advance, 0 for none."""
        return 0 if self._standby is None else self._standby.process.pid

    def take(self, *, dumpable: bool) -> Standby | None:
        """The standby, if there is one of this kind; another is made soon."""
        standby = self._standby
        if standby is not None:
            standby.watch(None)
            if dumpable is not self._dumpable:
                self.discard(standby)
                standby = None
        self._standby, self._dumpable = None, dumpable
        self._refill.soon()
        return standby

    async def create(self, name: str, *, dumpable: bool, in_advance: bool = False) -> Standby:
        """Make a new process; ps shows `name`. `in_advance`: nobody waits for it yet.

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
            in_advance=in_advance,
        )
        try:
            child = await self._zygote.spawn(request, channels.theirs())
        except (SpawnError, asyncio.CancelledError):
            channels.close_ours()
            raise
        finally:
            channels.close_theirs()
        group, applied, missing = self._groups.put(child.pid)
        child = msgspec.structs.replace(child, group=group)
        return Standby(child, channels, applied, (*missing, *self._zygote.missing))

    def elevate(self, standby: Standby) -> None:
        """A driver has the process, or will: it goes before ordinary ones, where that can be."""
        if self._zygote.elevated and not standby.elevated:
            standby.elevated = self._pace.elevate(standby.process.pid)

    def discard(self, standby: Standby) -> None:
        """Kill a process that nobody will have; `close` waits until it is reaped."""
        self._discarded.add(standby)
        standby.watch(lambda _exit: self._discarded.discard(standby))
        standby.kill()

    async def close(self) -> None:
        """End and reap what waits; idempotent."""
        self._pace.close()
        await self._refill.close()
        if self._standby is not None:
            self.discard(self._standby)
            self._standby = None
        for standby in tuple(self._discarded):
            await standby.over.wait()

    async def _stand_by(self) -> None:
        dumpable = self._dumpable
        try:
            standby = await self.create("standby", dumpable=dumpable, in_advance=True)
        except SpawnError:
            self._refill.later()
            return
        if dumpable is not self._dumpable:  # another kind was asked for meanwhile
            self.discard(standby)
            return
        self._standby = standby
        standby.watch(self._died)

    def _died(self, _exit: Exit) -> None:
        self._standby = None
        self._refill.later()
