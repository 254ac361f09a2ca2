"""The driver of the fault campaign: works, answers, and breaks itself when it is told to.

It is packed as the executable of a bundle, with `faults.py` beside it, and runs in the sandbox
like every other driver. What it can do to itself is imported when the order comes, so that a
successor starts as fast as any driver of its size.
Invariant: the answer to an order depends on nothing but the order.
"""

import importlib
import random
import struct

from runtime.driverkit import (
    IOBufferMemoryDescriptor,
    IOService,
    IOUSBHostInterface,
    IOUSBHostPipe,
    OSAction,
    callback,
    kIOReturnSuccess,
)

ORDER = struct.Struct("<BQ")  # class of the fault, 0 for none; its seed
ANSWER, ESCAPED = 1, 2  # bRequest of what it says


def work(seed: int) -> int:
    """The same number for the same seed, by loops, lists, dicts and arithmetic."""
    total = seed & 0xFFFF
    items = [seed >> shift & 255 for shift in range(0, 64, 8)]
    for index, item in enumerate(items):
        total = (total * 31 + item * index) & 0xFFFFFFFF
        if total & 1:
            total ^= 0x5BD1E995
    table = {str(item): item for item in items}
    return total + sum(table.values())


def answer(seed: int) -> bytes:
    """What an order is answered with."""
    return struct.pack("<q", work(seed))


class FaultDriver(IOService):
    """Reads orders, breaks, works, answers."""

    def Start(self, provider: IOService) -> None:  # noqa: N802 - DriverKit's name
        """Begin to read orders."""
        super().Start(provider)
        assert isinstance(provider, IOUSBHostInterface)
        provider.Open(self)
        self.interface = provider
        self.pipe = provider.CopyPipe(0x81)
        self.buffer = IOBufferMemoryDescriptor.Create(64)
        self.asked = self.CreateAction(self.Asked)
        self._read()

    @callback(IOUSBHostPipe.CompleteAsyncIO)
    def Asked(  # noqa: N802 - DriverKit's style
        self,
        action: OSAction,
        status: int,
        actualByteCount: int,  # noqa: N803 - DriverKit's name
        completionTimestamp: int,  # noqa: N803 - DriverKit's name
    ) -> None:
        """Carry an order out, and say what the work gives now."""
        del action, actualByteCount, completionTimestamp
        if status != kIOReturnSuccess:
            return
        kind, seed = ORDER.unpack(bytes(self.buffer.GetAddressRange()[: ORDER.size]))
        if kind:
            self._break(kind, random.Random(seed))  # noqa: S311 - reproducible, not secret
        self._say(ANSWER, answer(seed))
        self._read()

    def _break(self, kind: int, chance: random.Random) -> None:
        faults = importlib.import_module("faults")  # of the bundle
        escaped: str = faults.inject(kind, chance, work)
        if escaped:
            self._say(ESCAPED, escaped.encode())

    def _say(self, what: int, data: bytes) -> None:
        buffer = IOBufferMemoryDescriptor.Create(64)
        buffer.GetAddressRange()[: len(data)] = data
        self.interface.DeviceRequest(0x40, what, 0, 0, len(data), buffer)

    def _read(self) -> None:
        self.pipe.AsyncIO(self.buffer, ORDER.size, self.asked)
