"""Entries from one process to another: a ring in shared memory, and a socket to wake the peer.

A wake-up is sent only when the peer may be waiting. Each side has an end of a socket pair of its
own, so that a hostile peer can at most wake this side too often; it cannot block it.
Invariant: nothing here blocks but `wait`; the peer may be anybody.
"""

import contextlib
import select
import socket
import threading

from runtime.linux.shared_memory import SharedMemory
from runtime.wire import ring

_NOW = int(socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)  # enums are slow
_fence = threading.Lock()  # taking it orders this thread's memory accesses before and after it


class DataQueue:
    """One process's side of a queue: the producer's when it puts, the consumer's when it takes.

    Args:
        memory: Holds the ring; owned from now on.
        sock: This side's end; owned from now on.
        theirs: The other's, until `share`; owned from now on.
    """

    def __init__(
        self, memory: SharedMemory, sock: socket.socket, theirs: socket.socket | None = None
    ) -> None:
        self._memory = memory
        self._sock = sock
        self._theirs = theirs
        self._producer: ring.Producer | None = None
        self._consumer: ring.Consumer | None = None

    @staticmethod
    def create(size: int) -> "DataQueue":
        """A queue with `size` bytes for entries; one takes 8 more than it has.

        Raises:
            OSError: No memory or no descriptor left.
        """
        memory = SharedMemory.create(ring.HEADER + (size + 7 & ~7))
        return DataQueue(memory, *socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM))

    @property
    def consumes(self) -> bool:
        """Whether this side takes."""
        return self._consumer is not None

    def share(self) -> tuple[int, int]:
        """Descriptors for the other side: of the memory, and of its end, the caller's to close.

        Raises:
            ValueError: Another has had it.
        """
        if self._theirs is None:
            raise ValueError("queue: expected to be shared once, found it shared")
        theirs, self._theirs = self._theirs, None
        return self._memory.fileno(), theirs.detach()

    # --- the peer --------------------------------------------------------------------------------

    def fileno(self) -> int:
        """Readable when the peer has something to tell; then `settle`."""
        return self._sock.fileno()

    def settle(self) -> bool:
        """Take the wake-ups that came; False when the peer is gone."""
        return self._told(_NOW)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for a wake-up and take it; False when none came in time or the peer is gone."""
        if seconds is not None and not select.select([self._sock], [], [], seconds)[0]:
            return False
        return self._told(0)

    def wake(self) -> None:
        """Wake the peer; one that has not read the last one is awake already."""
        with contextlib.suppress(OSError):
            self._sock.send(b"\0", _NOW)

    # --- as producer -----------------------------------------------------------------------------

    def put(self, data: bytes | bytearray | memoryview, *, wake: bool = True) -> bool | None:
        """Copy an entry in; None where it is full: `fileno` is readable when there is room.

        Returns:
            Whether the consumer may wait for a wake-up; with `wake` it has had one.

        Raises:
            BreachError: The consumer wrote nonsense.
            ValueError: The entry is larger than half of the ring.
        """
        producer = self._producer or self._putter()
        if not producer.put(data):
            with _fence:
                pass
            if not producer.put(data):
                return None
        with _fence:
            pass
        waits = producer.was_empty
        if waits and wake:
            self.wake()
        return waits

    def has_room(self, size: int, count: int) -> bool:
        """Whether so many entries of a size fit; else `fileno` is readable when there is room.

        Raises:
            BreachError: The consumer wrote nonsense.
        """
        producer = self._producer or self._putter()
        if producer.has_room(size, count):
            return True
        with _fence:
            pass
        return producer.has_room(size, count)

    # --- as consumer -----------------------------------------------------------------------------

    def peek(self) -> memoryview | None:
        """The next entry in place, until `drop`; None where there is none. Release it.

        The producer could change it while it is read.

        Raises:
            BreachError: The producer wrote nonsense.
        """
        consumer = self._consumer or self._taker()
        entry = consumer.peek()
        if entry is None:
            with _fence:
                pass
            entry = consumer.peek()
        return entry

    def drop(self, *, wake: bool = True) -> bool:
        """Take out what `peek` returned; whether the producer waits, and with `wake` is woken."""
        consumer = self._consumer or self._taker()
        consumer.drop()
        with _fence:
            pass
        waits = consumer.relieve()
        if waits and wake:
            self.wake()
        return waits

    def take(self) -> bytes | None:
        """A copy of the next entry, taken out; None where there is none."""
        entry = self.peek()
        if entry is None:
            return None
        with entry:
            data = bytes(entry)
        self.drop()
        return data

    def close(self) -> None:
        """Let go of everything."""
        for side in (self._producer, self._consumer):
            if side is not None:
                side.release()
        for sock in (self._sock, self._theirs):
            if sock is not None:
                sock.close()
        self._memory.close()

    def _told(self, flags: int) -> bool:
        try:
            return bool(self._sock.recv(4096, flags))
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False

    def _putter(self) -> ring.Producer:
        self._producer = ring.Producer(self._memory.mapped)
        return self._producer

    def _taker(self) -> ring.Consumer:
        self._consumer = ring.Consumer(self._memory.mapped)
        return self._consumer
