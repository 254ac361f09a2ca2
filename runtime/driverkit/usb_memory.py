"""The memory that a driver shares with its device's broker: where the bytes of long transfers lie.

Invariant: a part of it is one transfer's at a time.
"""

import os
import threading

from runtime.driverkit.kern_return import IOReturnError
from runtime.driverkit.transport import Memory, Transport, borrow, process
from runtime.wire import usb
from runtime.wire.limits import TRANSFER

LONG = 4 << 10  # bytes from which on messages take longer to carry them than memory


class TransferMemory:
    """Parts of `TRANSFER` bytes; the broker is asked for them with the first long transfer."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._memory: Memory | None = None
        self._asked = False
        self._free: list[int] = []

    def take(self, length: int) -> int | None:
        """Where a transfer's bytes can be; None: in its message, as it is short or no part free."""
        if length < LONG:
            return None
        with self._lock:
            if not self._asked:
                self._asked = True
                self._ask()
            return self._free.pop() if self._free else None

    def give(self, at: int) -> None:
        """A part is free again."""
        self._free.append(at)

    def part(self, at: int, length: int) -> memoryview:
        """The bytes of one that was taken."""
        assert self._memory is not None
        return self._memory.mapped[at : at + length]

    def _ask(self) -> None:
        try:
            size, descriptor = borrow(self._transport, usb.ShareMemory(), int)
            try:
                self._memory = process().join([(descriptor, 0, size)])
            finally:
                os.close(descriptor)  # what is mapped stays
        except (IOReturnError, OSError):
            return  # there is none to be had: messages carry everything
        self._free = list(range(0, size, TRANSFER))
