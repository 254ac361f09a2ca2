"""Memory that I/O reads into and writes from.

Invariant: a descriptor's capacity never changes; its length is at most that.
"""

from runtime.driverkit.kern_return import IOReturnError, kIOReturnBadArgument
from runtime.wire.limits import TRANSFER


class IOMemoryDescriptor:
    """Memory for I/O, of a fixed capacity. Made by `IOBufferMemoryDescriptor.Create`."""

    def __init__(self, capacity: int) -> None:
        self._bytes = bytearray(capacity)
        self._length = capacity

    def GetLength(self) -> int:
        """Bytes that are valid."""
        return self._length


class IOBufferMemoryDescriptor(IOMemoryDescriptor):
    """Memory for I/O that the driver itself can see."""

    @staticmethod
    def Create(capacity: int) -> "IOBufferMemoryDescriptor":
        """Allocate `capacity` bytes (1 to 65,536), zeroed; the length is the capacity.

        Raises:
            IOReturnError: kIOReturnBadArgument when the capacity is out of range.
        """
        if not 0 < capacity <= TRANSFER:
            raise IOReturnError(
                kIOReturnBadArgument, f"capacity: expected 1 to {TRANSFER} bytes, found {capacity}"
            )
        return IOBufferMemoryDescriptor(capacity)

    def GetAddressRange(self) -> memoryview:
        """The valid bytes, readable and writable, without a copy."""
        return memoryview(self._bytes)[: self._length]

    def SetLength(self, length: int) -> None:
        """Set how many bytes are valid.

        Raises:
            IOReturnError: kIOReturnBadArgument when it is beyond the capacity.
        """
        if not 0 <= length <= len(self._bytes):
            raise IOReturnError(
                kIOReturnBadArgument,
                f"length: expected 0 to {len(self._bytes)} bytes, found {length}",
            )
        self._length = length

    def __bytes__(self) -> bytes:
        return bytes(self.GetAddressRange())
