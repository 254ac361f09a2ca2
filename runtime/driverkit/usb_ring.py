"""Bundled I/O of a pipe: a ring of memory, of which several parts move with one call.

Source: USBDriverKit's IOUSBHostPipe.iig (CreateMemoryDescriptorRing, AsyncIOBundled).
Invariant: a bundle completes once, on its action's queue, when all of it that was queued has ended.
"""

import threading
from collections.abc import Sequence

from runtime.driverkit.action import OSAction
from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnBadArgument,
    kIOReturnNotReady,
)
from runtime.driverkit.memory import IOBufferMemoryDescriptor
from runtime.driverkit.usb_node import Ended
from runtime.driverkit.usb_paths import Path

kIOUSBHostPipeBundlingMax = 16
"""Transfers of one bundle at most."""

_MOST = 1024  # elements of a ring: as many transfers as a driver may have outstanding


class Ring:
    """The memory of one pipe's bundles, by index."""

    def __init__(self, size: int) -> None:
        """A ring of `size` (1 to 1024) elements without memory; kIOReturnBadArgument."""
        if not 0 < size <= _MOST:
            raise IOReturnError(
                kIOReturnBadArgument, f"ring: expected 1 to {_MOST} elements, found {size}"
            )
        self._memory: list[IOBufferMemoryDescriptor | None] = [None] * size

    def set(self, memory: IOBufferMemoryDescriptor, index: int) -> None:
        """Give an element its memory; kIOReturnBadArgument."""
        self._require(index)
        self._memory[index] = memory

    def queue(
        self, path: Path, index: int, lengths: Sequence[int], action: OSAction, timeout_ms: int
    ) -> int:
        """Queue a transfer for each length, from the element of an index on, around the end.

        Returns:
            How many were queued, which `action` tells of; the pipe refused the others.

        Raises:
            IOReturnError: Nothing was queued.
        """
        self._require(index)
        if not 0 < len(lengths) <= min(kIOUSBHostPipeBundlingMax, len(self._memory)):
            text = f"bundle: expected 1 to {kIOUSBHostPipeBundlingMax} transfers within the ring"
            raise IOReturnError(kIOReturnBadArgument, f"{text}, found {len(lengths)}")
        parts = [self._part(index + step, length) for step, length in enumerate(lengths)]
        bundle = _Bundle(index, action)
        for part in parts:
            try:
                path.queue(part, action, bundle.ended, timeout_ms)
            except IOReturnError:
                if not bundle.queued:
                    raise
                break
            bundle.queued += 1
        bundle.close()
        return bundle.queued

    def _part(self, index: int, length: int) -> memoryview:
        memory = self._memory[index % len(self._memory)]
        if memory is None:
            text = f"ring: expected memory in element {index % len(self._memory)}, found none"
            raise IOReturnError(kIOReturnNotReady, text)
        if not 0 <= length <= memory.GetLength():
            text = f"length: expected at most the buffer's {memory.GetLength()}, found {length}"
            raise IOReturnError(kIOReturnBadArgument, text)
        return memory.GetAddressRange()[:length]

    def _require(self, index: int) -> None:
        if not 0 <= index < len(self._memory):
            text = f"ring: expected an index below {len(self._memory)}, found {index}"
            raise IOReturnError(kIOReturnBadArgument, text)


class _Bundle:
    """Transfers that were queued together; some may end before the last is queued."""

    def __init__(self, index: int, action: OSAction) -> None:
        self.queued = 0
        self._index = index
        self._action = action
        self._lock = threading.Lock()
        self._closed = False
        self._ends: list[Ended] = []

    def ended(self, end: Ended, _when_ns: int) -> None:
        """One has; on the action's queue."""
        with self._lock:
            self._ends.append(end)
            over = self._closed and len(self._ends) == self.queued
        if over:
            self._complete()

    def close(self) -> None:
        """No more will be queued."""
        with self._lock:
            self._closed = True
            over = len(self._ends) == self.queued
        if over:
            self._action.queue.post(self._action.name, self._complete)

    def _complete(self) -> None:
        counts = [end.count for end in self._ends]
        statuses = [end.status for end in self._ends]
        self._action.complete(self._index, len(counts), counts, statuses)
