"""A fresh descriptor of a device's node, on its way from who opened it to a driver.

Runs in the event loop of the device's broker. An interface that was lent is the driver's to move
data on, and the broker's to take away.
Invariant: the broker keeps no copy of a descriptor that it lent: claims end with the driver.
"""

import asyncio
import contextlib
import os
import socket
from typing import Protocol

from runtime.families.provider import Lent
from runtime.linux import sockets
from runtime.model.errors import BreachError

SECONDS = 8.0  # for the descriptor to come: the kernel opens a node within 5


class Lender(Protocol):
    """A device that can lend an interface."""

    def lend(self, number: int, node: int) -> None:
        """Let a fresh open of its node have an interface that was taken, and nothing else.

        ReturnError: it stays taken.
        """


class Lending:
    """Lends one driver process the interface that it has open, once.

    Args:
        opening: Over which a fresh descriptor of the node comes; owned from now on.
        lender: The device.
    """

    def __init__(self, opening: socket.socket, lender: Lender) -> None:
        opening.setblocking(False)
        self._opening = opening
        self._lender = lender

    async def lend(self, number: int) -> Lent | bool:
        """Lend an interface that was taken; False when no descriptor came.

        Raises:
            ReturnError: The kernel refused.
        """
        node = await self._receive()
        if node < 0:
            return False
        with contextlib.ExitStack() as undo:
            undo.callback(os.close, node)
            self._lender.lend(number, node)
            undo.pop_all()
        return Lent(True, node)

    def close(self) -> None:
        """Nobody waits for the descriptor any more; idempotent."""
        if self._opening.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._opening)
            self._opening.close()

    async def _receive(self) -> int:
        if self._opening.fileno() < 0:
            return -1
        readable = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._opening, readable.set)
        try:
            await asyncio.wait_for(readable.wait(), SECONDS)
            _, descriptors = sockets.receive_packet(self._opening, max_fds=1)
        except (TimeoutError, OSError, BreachError):
            descriptors = []
        finally:
            self.close()
        return descriptors[0] if descriptors else -1
