"""The ring: what goes in comes out, and no peer can lead this side out of the memory."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runtime.model.errors import BreachError
from runtime.wire.ring import HEADER, Consumer, Producer

CAPACITY = 64
WORD = st.integers(0, (1 << 64) - 1)


class Pair(RuleBasedStateMachine):
    """Both sides over one memory, against a list."""

    def __init__(self) -> None:
        super().__init__()
        self.memory = bytearray(HEADER + CAPACITY)
        self.producer = Producer(memoryview(self.memory))
        self.consumer = Consumer(memoryview(self.memory))
        self.inside: list[bytes] = []

    @rule(size=st.integers(0, 32), count=st.integers(0, 9))
    def ask_for_room(self, size: int, count: int) -> None:
        said = self.producer.has_room(size, count)
        other = Producer(memoryview(bytearray(self.memory)))
        fits = size <= other.largest and all(other.put(bytes(size)) for _ in range(count))
        assert said is (fits or not count)
        if not said:
            assert self.consumer.relieve()

    @rule(data=st.binary(max_size=24))
    def put(self, data: bytes) -> None:
        empty = not self.inside
        if self.producer.put(data):
            self.inside.append(data)
            assert self.producer.was_empty is empty
        else:
            assert self.inside, "an entry of half the ring fits an empty one"
            assert self.consumer.relieve()
            assert not self.consumer.relieve()

    @precondition(lambda self: self.inside)
    @rule()
    def take(self) -> None:
        entry = self.consumer.peek()
        assert entry is not None
        assert bytes(entry) == self.inside.pop(0)
        self.consumer.drop()

    @invariant()
    def is_empty_when_the_list_is(self) -> None:
        assert (self.consumer.peek() is None) is (not self.inside)


TestPair = Pair.TestCase
TestPair.settings = settings(max_examples=60, stateful_step_count=30)


@given(memory=st.binary(min_size=HEADER + CAPACITY, max_size=HEADER + CAPACITY))
def test_a_consumer_of_noise_gets_bytes_of_the_ring_or_a_breach(memory: bytes) -> None:
    try:
        consumer = Consumer(memoryview(bytearray(memory)))
        for _ in range(CAPACITY):
            entry = consumer.peek()
            assert entry is None or len(entry) <= CAPACITY - 8
            consumer.drop()
    except BreachError:
        pass


@given(
    words=st.lists(st.sampled_from([0, 8, 16, CAPACITY, (1 << 64) - 1]) | WORD, min_size=8,
                   max_size=8),
    put=st.integers(0, 4 * CAPACITY) | WORD,
)  # fmt: skip
def test_a_hostile_producer_is_found_out_or_harmless(words: list[int], put: int) -> None:
    memory = memoryview(bytearray(HEADER + CAPACITY))
    consumer = Consumer(memory)
    memory[HEADER:].cast("Q")[:] = memoryview(
        b"".join(w.to_bytes(8, "little") for w in words)
    ).cast("Q")
    memory[:HEADER].cast("Q")[0] = put
    try:
        for _ in range(CAPACITY):
            entry = consumer.peek()
            if entry is None:
                break
            assert len(entry) <= CAPACITY - 8
            consumer.drop()
    except BreachError:
        return
    assert put <= CAPACITY


@given(taken=st.integers(0, 4 * CAPACITY) | WORD)
def test_a_hostile_consumer_is_found_out_or_harmless(taken: int) -> None:
    memory = memoryview(bytearray(HEADER + CAPACITY))
    producer = Producer(memory)
    for number in range(3):
        assert producer.put(bytes([number]) * 8)
    memory[:HEADER].cast("Q")[8] = taken
    try:
        fits = producer.put(b"four" * 2)
    except BreachError as error:
        assert taken > 48 or taken % 8, error  # noqa: PT017 - it may or may not be raised
    else:
        assert fits
        assert taken <= 48


@pytest.mark.parametrize("size", [0, HEADER, HEADER + 8, HEADER + 20])
def test_memory_that_is_no_ring_is_refused(size: int) -> None:
    with pytest.raises(BreachError, match="ring: expected 128 bytes and a multiple of 8"):
        Producer(memoryview(bytearray(size)))


@pytest.mark.parametrize("count", [1, 1 << 63, (1 << 64) - 8])
def test_a_count_that_nobody_can_have_reached_is_refused(count: int) -> None:
    memory = memoryview(bytearray(HEADER + CAPACITY))
    memory[:HEADER].cast("Q")[0] = count
    with pytest.raises(BreachError, match="expected a count of bytes"):
        Producer(memory)


def test_an_entry_beyond_half_of_the_ring_is_refused() -> None:
    producer = Producer(memoryview(bytearray(HEADER + CAPACITY)))
    assert producer.largest == 24
    with pytest.raises(ValueError, match="expected at most 24 bytes, found 25"):
        producer.put(bytes(25))


def test_it_lets_go_of_its_memory() -> None:
    memory = bytearray(HEADER + CAPACITY)
    for side in (Producer(memoryview(memory)), Consumer(memoryview(memory))):
        side.release()
    memory.clear()  # a view of it would not allow that
