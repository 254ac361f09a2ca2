"""What simulated endpoints do with their data: make it, or give back what came.

Invariant: an endpoint knows no device and no driver.
"""

from collections import deque
from collections.abc import Callable


class Source:
    """An IN endpoint whose n-th packet (n from 0) a function makes."""

    halted = False

    def __init__(self, make: Callable[[int], bytes]) -> None:
        self._make = make
        self._sent = 0

    def produce(self, length: int) -> bytes:
        """The next packet, cut as a short buffer would."""
        number = self._sent
        self._sent = number + 1
        return self._make(number)[:length]

    def consume(self, data: bytes) -> None:
        """Nobody can send to it."""


class Echo:
    """Both endpoints of a pair: what is sent to the one is read from the other.

    Args:
        packet: Bytes of a packet; a shorter one ends a transfer.
    """

    halted = False

    def __init__(self, packet: int) -> None:
        self._packet = packet
        self._packets: deque[bytes] = deque()
        self.resume: Callable[[], None] = lambda: None

    def produce(self, length: int) -> bytes | None:
        """Packets until one is short or `length` is reached; None: there is none."""
        if not self._packets:
            return None
        read = b""
        while self._packets and len(read) < length:
            packet = self._packets.popleft()
            read += packet
            if len(packet) < self._packet:
                break
        return read[:length]

    def consume(self, data: bytes) -> None:
        """Keep it in packets; a transfer of none is an empty one."""
        starts = range(0, len(data), self._packet) if data else (0,)
        self._packets += [data[at : at + self._packet] for at in starts]
        self.resume()
