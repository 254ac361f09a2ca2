"""A ring of entries in memory that two processes share: one puts, the other takes.

The memory is a header of 128 bytes and a multiple of 8 bytes for entries. The header has, each 8
bytes in the machine's order: at 0 the bytes ever put, at 8 whether the producer waits for room, at
64 the bytes ever taken. An entry is its length (8 bytes) and its data, filled up to a multiple of
8; it never wraps: a length of all ones says that the rest up to the end is unused. Each side keeps
its own count to itself, reads the other's once and checks it, so that a peer can send nonsense but
not lead this side out of the memory.
Whoever is told "empty" or "full" has to look once more behind a memory fence before it waits.
Invariant: no I/O; nothing that the peer writes is believed beyond the memory's own bounds.
"""

from runtime.model.errors import BreachError

HEADER = 128  # two cache lines, so that the sides do not slow each other down
ENTRY_HEADER = 8  # of each entry: its length
_PUT, _STARVED, _TAKEN = 0, 1, 8  # in 8-byte words
_UNUSED = (1 << 64) - 1


class _Side:
    """What both sides have of the memory; it has to stay mapped."""

    def __init__(self, memory: memoryview) -> None:
        self._capacity = len(memory) - HEADER
        if self._capacity < 16 or self._capacity % 8:
            raise BreachError(
                f"ring: expected {HEADER} bytes and a multiple of 8, found {len(memory)}"
            )
        self.largest = self._capacity // 2 - 8
        self._words = memory[:HEADER].cast("Q")
        self._data = memory[HEADER:]
        self._cells = self._data.cast("Q")

    def release(self) -> None:
        """Let go of the memory; nothing can be done with the ring afterwards."""
        for view in (self._words, self._cells, self._data):
            view.release()

    def _begin(self, word: int) -> int:
        """This side's own count, as whoever had the memory before left it."""
        count = self._words[word]
        if count % 8 or count >= _UNUSED >> 1:
            raise BreachError(f"ring: expected a count of bytes, found {count:#x}")
        return count

    def _filled(self, put: int, taken: int) -> int:
        filled = put - taken
        if not 0 <= filled <= self._capacity or filled % 8:
            raise BreachError(
                f"ring: expected at most {self._capacity} bytes in it, found {filled}"
            )
        return filled


class Producer(_Side):
    """The side that puts.

    Attributes:
        largest: Bytes that one entry can have.
    """

    def __init__(self, memory: memoryview) -> None:
        super().__init__(memory)
        self._put = self._before = self._begin(_PUT)

    def put(self, data: bytes | bytearray | memoryview) -> bool:
        """Copy an entry in; False where it is full, which the consumer then knows.

        Raises:
            BreachError: The consumer wrote nonsense.
            ValueError: The entry is larger than `largest`.
        """
        size = data.nbytes if isinstance(data, memoryview) else len(data)
        if size > self.largest:
            raise ValueError(f"entry: expected at most {self.largest} bytes, found {size}")
        put, capacity = self._put, self._capacity
        filled = self._filled(put, self._words[_TAKEN])
        need = 8 + (size + 7 & ~7)
        at = put % capacity
        unused = capacity - at if need > capacity - at else 0
        if filled + unused + need > capacity:
            self._words[_STARVED] = 1
            return False
        if unused:
            self._cells[at >> 3] = _UNUSED
            at = 0
        self._data[at + 8 : at + 8 + size] = data
        self._cells[at >> 3] = size
        self._before = put
        self._put = self._words[_PUT] = put + unused + need
        return True

    def has_room(self, size: int, count: int) -> bool:
        """Whether so many entries of a size fit; the consumer knows when they do not.

        Raises:
            BreachError: The consumer wrote nonsense.
        """
        put, capacity, need = self._put, self._capacity, 8 + (size + 7 & ~7)
        free = capacity - self._filled(put, self._words[_TAKEN])
        for _ in range(count):
            left = capacity - put % capacity
            taken = need + (left if need > left else 0)
            if size > self.largest or taken > free:
                self._words[_STARVED] = 1
                return False
            put, free = put + taken, free - taken
        return True

    @property
    def was_empty(self) -> bool:
        """Whether the consumer may have found it empty before the last `put`."""
        return self._words[_TAKEN] == self._before


class Consumer(_Side):
    """The side that takes."""

    def __init__(self, memory: memoryview) -> None:
        super().__init__(memory)
        self._taken = self._next = self._begin(_TAKEN)

    def peek(self) -> memoryview | None:
        """The next entry in place, until `drop`; None where it is empty.

        The producer could change it while it is read: copy first, and judge the copy.

        Raises:
            BreachError: The producer wrote nonsense.
        """
        taken, capacity = self._taken, self._capacity
        filled = self._filled(self._words[_PUT], taken)
        if not filled:
            return None
        at = taken % capacity
        size = self._cells[at >> 3]
        if size == _UNUSED:
            unused = capacity - at
            if unused >= filled:
                raise BreachError("ring: expected an entry after its unused end, found none")
            taken, filled, at = taken + unused, filled - unused, 0
            size = self._cells[0]
        need = 8 + (size + 7 & ~7)
        if need > filled or need > capacity - at:
            raise BreachError(f"ring: expected an entry of at most {filled} bytes, found {size}")
        self._next = taken + need
        return self._data[at + 8 : at + 8 + size]

    def drop(self) -> None:
        """Take what `peek` returned out of the ring."""
        self._taken = self._words[_TAKEN] = self._next

    def relieve(self) -> bool:
        """Whether the producer waits for room; it is taken to be told now."""
        starved = self._words[_STARVED] != 0
        if starved:
            self._words[_STARVED] = 0
        return starved
