"""Memory that I/O reads into and writes from, and that a driver shares with its clients.

Every buffer is a memfd of a fixed size: whoever gets it maps the same pages, and nothing is copied.
Source: DriverKit's IOMemoryDescriptor.iig, IOBufferMemoryDescriptor.iig, IOMemoryMap.iig.
Invariant: a descriptor's memory never moves and never changes its size; its length is at most that.
"""

from collections.abc import Sequence

from runtime.driverkit.kern_return import (
    IOReturnError,
    kIOReturnBadArgument,
    kIOReturnNoMemory,
    kIOReturnNotAligned,
    kIOReturnUnsupported,
)
from runtime.driverkit.object import OSObject
from runtime.driverkit.transport import Memory, process
from runtime.wire.limits import MEMORY

kIOMemoryMapReadOnly = 2
"""Option of mappings: the bytes can be read only."""
_PAGE = 4096
_MOST_PARTS = 32


class IOMemoryDescriptor(OSObject):
    """A range of memory. Made by `IOBufferMemoryDescriptor.Create`, or come from a client.

    It is let go with the last object and view of it.
    """

    def __init__(self, memory: Memory, offset: int, length: int) -> None:
        self._memory = memory
        self._offset = offset
        self._length = length

    def GetLength(self) -> int:
        """Bytes that are valid."""
        return self._length

    def CreateMapping(self, options: int = 0, offset: int = 0, length: int = 0) -> "IOMemoryMap":
        """See a part of the memory.

        Args:
            options: 0 or `kIOMemoryMapReadOnly`.
            offset: Of the first byte.
            length: Bytes; 0: all that follow.

        Raises:
            IOReturnError: kIOReturnBadArgument when that is not within it.
        """
        return IOMemoryMap(self, options, *self._within(offset, length or self._length - offset))

    @staticmethod
    def CreateWithMemoryDescriptors(
        withDescriptors: "Sequence[IOMemoryDescriptor]",
    ) -> "IOMemoryDescriptor":
        """Up to 32 descriptors as one: the bytes are the same, one range behind the other.

        As only whole pages can be mapped so, each begins at a page of its memory and, but for the
        last, ends at one (4,096 bytes). Clients cannot be given it.

        Raises:
            IOReturnError: kIOReturnBadArgument for another number, kIOReturnNotAligned,
                kIOReturnNoMemory.
        """
        count = len(withDescriptors)
        if not 0 < count <= _MOST_PARTS:
            raise IOReturnError(
                kIOReturnBadArgument, f"descriptors: expected 1 to {_MOST_PARTS}, found {count}"
            )
        ranges = [each.share(0) for each in withDescriptors]
        edges = [offset for _, offset, _ in ranges] + [length for *_, length in ranges[:-1]]
        if any(edge % _PAGE for edge in edges):
            raise IOReturnError(
                kIOReturnNotAligned, f"descriptors: expected whole pages of {_PAGE} bytes"
            )
        try:
            memory = process().join(ranges)
        except OSError as error:
            raise IOReturnError(kIOReturnNoMemory, f"descriptors: {error.strerror}") from error
        return _Joined(memory, tuple(withDescriptors))

    def CreateSubMemoryDescriptor(self, offset: int, length: int) -> "IOMemoryDescriptor":
        """A part of the memory as a descriptor of its own; the bytes are the same.

        A client that is given it can see the whole memory all the same.

        Raises:
            IOReturnError: kIOReturnBadArgument when that is not within it.
        """
        offset, length = self._within(offset, length)
        return IOMemoryDescriptor(self._memory, self._offset + offset, length)

    def share(self, options: int) -> tuple[int, int, int]:
        """What another process needs: a descriptor (of this object's), offset and length.

        With `kIOMemoryMapReadOnly` nobody can map it for writing from now on.

        Raises:
            IOReturnError: kIOReturnUnsupported: it is a client's and cannot be made read-only, or
                it is several descriptors as one.
        """
        try:
            if options & kIOMemoryMapReadOnly:
                self._memory.keep_for_reading()
            return self._memory.fileno(), self._offset, self._length
        except OSError as error:
            raise IOReturnError(kIOReturnUnsupported, f"memory: {error.strerror}") from error

    def bytes_at(self, offset: int, length: int) -> memoryview:
        """Bytes of it, readable and writable, without a copy."""
        start = self._offset + offset
        return self._memory.mapped[start : start + length]

    def _within(self, offset: int, length: int) -> tuple[int, int]:
        if offset < 0 or length <= 0 or offset + length > self._length:
            raise IOReturnError(
                kIOReturnBadArgument,
                f"range: expected it within {self._length} bytes, found {length} at {offset}",
            )
        return offset, length


class _Joined(IOMemoryDescriptor):
    """Several descriptors as one, which stay as long as it does."""

    def __init__(self, memory: Memory, parts: tuple[IOMemoryDescriptor, ...]) -> None:
        super().__init__(memory, 0, len(memory.mapped))
        self._parts = parts


class IOBufferMemoryDescriptor(IOMemoryDescriptor):
    """Memory that the driver has allocated."""

    @staticmethod
    def Create(capacity: int) -> "IOBufferMemoryDescriptor":
        """Allocate `capacity` bytes (1 to 16,777,216), zeroed; the length is the capacity.

        Each takes a descriptor of the process.

        Raises:
            IOReturnError: kIOReturnBadArgument when the capacity is out of range,
                kIOReturnNoMemory when there is no memory or no descriptor left.
        """
        if not 0 < capacity <= MEMORY:
            raise IOReturnError(
                kIOReturnBadArgument, f"capacity: expected 1 to {MEMORY} bytes, found {capacity}"
            )
        try:
            memory = process().allocate(capacity)
        except OSError as error:
            raise IOReturnError(kIOReturnNoMemory, f"{capacity} bytes: {error.strerror}") from error
        return IOBufferMemoryDescriptor(memory, 0, capacity)

    def GetAddressRange(self) -> memoryview:
        """The valid bytes, readable and writable, without a copy."""
        return self.bytes_at(0, self._length)

    def SetLength(self, length: int) -> None:
        """Set how many bytes are valid.

        Raises:
            IOReturnError: kIOReturnBadArgument when it is beyond the capacity.
        """
        capacity = len(self._memory.mapped)
        if not 0 <= length <= capacity:
            raise IOReturnError(
                kIOReturnBadArgument, f"length: expected 0 to {capacity} bytes, found {length}"
            )
        self._length = length

    def __bytes__(self) -> bytes:
        return bytes(self.GetAddressRange())


class IOMemoryMap(OSObject):
    """A part of a descriptor's memory, seen."""

    def __init__(self, memory: IOMemoryDescriptor, options: int, offset: int, length: int) -> None:
        view = memory.bytes_at(offset, length)
        self._view = view.toreadonly() if options & kIOMemoryMapReadOnly else view
        self._offset = offset

    def GetAddress(self) -> memoryview:
        """The bytes, without a copy. What a client shares, it can change at any time."""
        return self._view

    def GetLength(self) -> int:
        """How many bytes are mapped."""
        return len(self._view)

    def GetOffset(self) -> int:
        """Where in its descriptor the mapping begins."""
        return self._offset
