"""What every process of the runtime uses, read when a client asks.

Runs in the event loop; of many processes a turn reads only some.
Invariant: reads nothing unasked, and names no process that the runtime did not make.
"""

import asyncio
import itertools
import os
import time
from collections.abc import Iterator
from typing import Protocol

import msgspec

from runtime.linux import usage
from runtime.model.processes import Process, Role
from runtime.wire.commands.drivers import Processes

A_TURN = 64  # processes: about 1 ms


class Maker(Protocol):
    """Who has processes of the runtime."""

    def processes(self) -> Iterator[Process]:
        """Each of them; what it uses is not read. They may come and go between two."""


class ProcessReader:
    """Reads the processes of one runtime."""

    def __init__(self, *makers: Maker) -> None:
        """`makers` have made them, but for the runtime itself."""
        self._makers = makers

    async def read(self) -> Processes:
        """Read all, the runtime's own first."""
        own = Process(Role.RUNTIME, "runtime", os.getpid())
        known = itertools.chain((own,), *(maker.processes() for maker in self._makers))
        found: list[Process] = []
        for process in known:
            found.append(_read(process))
            if len(found) % A_TURN == 0:
                await asyncio.sleep(0)
        return Processes(time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000, tuple(found))


def _read(process: Process) -> Process:
    used = usage.read(process.pid)
    return process if used is None else msgspec.structs.replace(process, **used._asdict())
