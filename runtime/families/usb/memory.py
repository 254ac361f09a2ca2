"""Memory that a broker shares with a driver process, so that no message carries long transfers.

The broker makes it when it is asked to; which part a transfer has is the driver's to say.
Invariant: a transfer reads and writes within this memory alone, whatever the driver says.
"""

import os

from runtime.families.provider import Lent
from runtime.linux.shared_memory import SharedMemory
from runtime.model.errors import ReturnError
from runtime.model.kern_return import IOReturn
from runtime.wire import limits


class TransferMemory:
    """That of one driver process at a device; none until it is lent."""

    def __init__(self) -> None:
        self._mapped: memoryview | None = None

    def lend(self) -> Lent:
        """Make it: its size, with a descriptor of it.

        Raises:
            ReturnError: BUSY, it was lent before; NO_MEMORY.
        """
        if self._mapped is not None:
            raise ReturnError(IOReturn.BUSY, "memory: expected to share none, found that it was")
        try:
            memory = SharedMemory.create(limits.TRANSFER_MEMORY)
            descriptor = os.dup(memory.fileno())
        except OSError as error:
            raise ReturnError(IOReturn.NO_MEMORY, f"memory: {error.strerror}") from error
        self._mapped = memory.mapped
        return Lent(len(memory.mapped), descriptor)

    def part(self, at: int, length: int) -> memoryview:
        """The bytes of one transfer; ReturnError: they are not within it."""
        size = 0 if self._mapped is None else len(self._mapped)
        if self._mapped is None or at + length > size:
            text = f"memory: expected a part of the {size} bytes, found {length} at {at}"
            raise ReturnError(IOReturn.BAD_ARGUMENT, text)
        return self._mapped[at : at + length]
