"""What a client is sent always adds up to what is there, however slowly it reads."""

from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.engine.outbox import Outbox, Source
from runtime.model import properties
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry
from runtime.model.events import Event, Noted
from runtime.model.identity import BundleId, ContentHash, DriverId, EntryId
from runtime.model.records import Driver, LogLine, Mode, Status
from runtime.wire import codec, limits
from runtime.wire.client import Delta, Part, SnapshotBegin, SnapshotEnd
from runtime.wire.commands.registry import ALL_TOPICS, Topic

STATUS = Status("run", Mode.ALONE, 0, "root", 1, "0")


class _World:
    """The present state, an outbox of it, and a reader that believes only messages."""

    def __init__(self) -> None:
        self.entries: dict[EntryId, Entry] = {}
        self.source = Source("run", lambda key: self.entries.get(EntryId(key)))
        self.source.entry_ids = lambda: list(self.entries)
        self.outbox: Outbox | None = None
        self.seen: dict[EntryId, Entry] = {}
        self.drivers: dict[DriverId, Driver] = {}
        self.sequence = 0
        self.next_id = 1

    def subscribe(self) -> None:
        self.outbox = Outbox(self.source, ALL_TOPICS, STATUS)

    def add(self) -> None:
        key = EntryId(self.next_id)
        self.next_id += 1
        self.entries[key] = Entry(key, 0, f"entry {key}", "IOService")
        if self.outbox:
            self.outbox.entry_changed(key)

    def change(self, pick: int) -> None:
        if self.entries:
            key = list(self.entries)[pick % len(self.entries)]
            self.entries[key] = Entry(key, 0, f"changed {pick}", "IOService")
            if self.outbox:
                self.outbox.entry_changed(key)

    def remove(self, pick: int) -> None:
        if self.entries:
            key = list(self.entries)[pick % len(self.entries)]
            del self.entries[key]
            if self.outbox:
                self.outbox.entry_gone(key, STATUS)

    def set_driver(self, pick: int) -> None:
        key = DriverId(pick % 4)
        if pick % 3 == 0:
            self.source.drivers.pop(key, None)
        else:
            self.source.drivers[key] = _driver(key, str(pick))
        if self.outbox:
            self.outbox.driver_changed(key)

    def read(self, messages: int) -> None:
        for _ in range(messages):
            message = self.outbox.next_message() if self.outbox else None
            if message is None:
                return
            self._apply(message)

    def _apply(self, message: SnapshotBegin | Part | SnapshotEnd | Delta) -> None:
        assert len(codec.encode(message)) <= limits.FRAME
        if isinstance(message, SnapshotBegin):
            self.seen, self.drivers, self.sequence = {}, {}, message.sequence - 1
            return
        if isinstance(message, SnapshotEnd):
            return
        if isinstance(message, Delta):
            self.sequence += 1
            assert message.sequence == self.sequence
            for gone in message.gone_entries:
                self.seen.pop(gone, None)
            for driver in message.gone_drivers:
                self.drivers.pop(driver, None)
        self.seen |= {entry.id: entry for entry in message.entries}
        self.drivers |= {driver.id: driver for driver in message.drivers}


def _driver(key: DriverId, note: str) -> Driver:
    return Driver(
        key,
        "Trial",
        BundleId("com.example"),
        ContentHash("0"),
        "P",
        EntryId(1),
        "IOService:/",
        state=DriverState.RUNNING,
        note=note,
    )


_STEPS = st.one_of(
    st.just(("add", 0)),
    st.tuples(st.sampled_from(["change", "remove", "set_driver"]), st.integers(0, 999)),
    st.tuples(st.just("read"), st.integers(1, 4)),
)


def test_a_record_that_goes_while_the_snapshot_is_read_is_gone() -> None:
    world = _World()
    world.subscribe()
    world.set_driver(1)
    world.read(2)  # the beginning, and the part that has it
    assert set(world.drivers) == {1}
    world.set_driver(9)  # removes it
    world.read(100)
    assert world.drivers == world.source.drivers == {}


@settings(max_examples=200)
@given(st.lists(_STEPS, max_size=60), st.integers(0, 30))
def test_a_slow_reader_ends_with_the_present_state(
    steps: list[tuple[str, int]], subscribe_at: int
) -> None:
    """Any interleaving of changes and reads; the subscription may come at any time."""
    world = _World()
    for number, (name, argument) in enumerate(steps):
        if number == subscribe_at:
            world.subscribe()
        if name == "add":
            world.add()
        else:
            getattr(world, name)(argument)
    if world.outbox is None:
        world.subscribe()
    world.read(10_000)
    assert world.seen == world.entries
    assert world.drivers == world.source.drivers


def test_waiting_changes_are_bounded_by_the_entries() -> None:
    """A million changes of ten entries wait as ten."""
    world = _World()
    for _ in range(10):
        world.add()
    world.subscribe()
    world.read(100)
    for number in range(10_000):
        world.change(number)
    assert world.outbox is not None
    message = world.outbox.next_message()
    assert isinstance(message, Delta)
    assert len(message.entries) == 10
    assert world.outbox.next_message() is None


def test_parts_keep_to_their_size() -> None:
    """Entries with large properties are spread over parts."""
    world = _World()
    for _ in range(40):
        world.add()
    large = properties.encode({"data": b"x" * 20_000})
    for key, entry in world.entries.items():
        world.entries[key] = Entry(key, 0, entry.name, entry.cls, props=large)
    world.subscribe()
    assert world.outbox is not None
    sizes = []
    while (message := world.outbox.next_message()) is not None:
        sizes.append(len(codec.encode(message)))
    assert max(sizes) <= limits.PART + 25_000
    assert len(sizes) > 10


def test_dropped_events_and_lines_are_counted() -> None:
    """A reader that does not read loses the oldest, and is told how many."""
    world = _World()
    world.subscribe()
    world.read(10)
    assert world.outbox is not None
    for number in range(limits.WAITING_EVENTS + 7):
        world.outbox.event(Event(number, 0, Noted("x")))
        world.outbox.log(LogLine(DriverId(1), number, 0, 1, "log", "x"))
    message = world.outbox.next_message()
    assert isinstance(message, Delta)
    assert (message.lost_events, message.lost_logs) == (7, 7)
    assert message.events[0].number == 7


def test_only_what_was_asked_for() -> None:
    """A subscription to requests hears nothing of entries."""
    world = _World()
    world.add()
    world.outbox = Outbox(world.source, (Topic.REQUESTS,), STATUS)
    world.read(10)
    world.add()
    assert world.outbox.next_message() is None
    assert world.seen == {}
