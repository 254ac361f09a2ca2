"""Room in history: what is thinned keeps what came and went, and a half-made copy is never seen."""

import random
import sqlite3
from collections.abc import Callable

import msgspec
import pytest

from runtime.model.entry import Entry
from runtime.model.errors import ProblemError, UnavailableError
from runtime.model.identity import ROOT_ID, BundleId, ContentHash, DriverId
from runtime.model.properties import NONE
from runtime.model.records import Driver
from runtime.registry import history as recorder
from runtime.registry import thinning
from runtime.wire.history import Moment
from tests.unit.registry.machine import Machine, keyboard

States = dict[int, tuple[dict[int, Entry], int]]


@pytest.fixture(autouse=True)
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "SHORTEST", 2000)
    monkeypatch.setattr(recorder, "ENTRY_BYTES", 0)
    monkeypatch.setattr(thinning, "SLICE", 300)


def storm(machine: Machine, seed: int, steps: int = 300) -> States:
    """Change a registry at random; return its states and the number of drivers by moment."""
    rng, states, drivers = random.Random(seed), {}, 0
    for step in range(steps):
        known = [entry.id for entry in machine.registry.walk()]
        match rng.randrange(6):
            case 0:
                machine.registry.attach(rng.choice(known), f"n{step}", "IOService", props={"a": 1})
            case 1 if rng.random() < 0.5:
                machine.registry.terminate(rng.choice(known))
            case 2:
                machine.registry.update(rng.choice(known), driver=f"d{step}", pid=step)
            case 3 if drivers < 9:
                drivers += 1
                machine.history.driver(driver(drivers))
            case _:
                props = {rng.choice("abcd"): rng.randbytes(20).hex()}
                machine.registry.merge_properties(rng.choice(known), props)
        states[machine.ms] = machine.state(), drivers
        machine.ms += rng.randrange(1, 50)
        machine.settle()
    return states


def driver(number: int) -> Driver:
    return Driver(
        DriverId(number), f"D{number}", BundleId("b"), ContentHash("c"), "p", ROOT_ID, "IOService:/"
    )


def bare(entries: dict[int, Entry]) -> dict[int, Entry]:
    """Entries without what thinning leaves out."""
    return {
        number: msgspec.structs.replace(entry, props=NONE, busy=0, busy_ms=0, retain=0)
        for number, entry in entries.items()
    }


def thinned(machine: Machine, ms: int) -> Moment | None:
    """A moment, None where it is no longer kept."""
    try:
        return machine.moment(ms)
    except ProblemError:
        return None


@pytest.mark.parametrize("seed", range(3))
def test_what_came_and_went_stays(start: Callable[..., Machine], seed: int) -> None:
    machine = start()
    states = storm(machine, seed)
    before = {ms: machine.moment(ms) for ms in states}
    machine.segments.keep = machine.segments.size * 3 // 4
    machine.make_room()
    assert machine.segments.size <= machine.segments.keep
    assert sum(found.values_ms > 0 for ms in states if (found := thinned(machine, ms))) > 20
    for ms, (state, drivers) in states.items():
        found = thinned(machine, ms)
        assert found is not None, "thinning was enough: nothing had to go"
        if found.values_ms:
            assert bare(found.entries) == bare(state)
            assert found.values_ms <= ms
            keyframe = machine.moment(found.values_ms).entries
            assert all(
                found.entries[number].props == entry.props
                for number, entry in keyframe.items()
                if number in found.entries
            )
        else:
            assert found.entries == state == before[ms].entries
        assert len(found.drivers) == drivers
    assert machine.moment(machine.ms).entries == machine.state()
    assert machine.moment(machine.ms).values_ms == 0, "the newest is never thinned"


def test_the_oldest_thinned_go_when_they_fill_half_the_room(start: Callable[..., Machine]) -> None:
    machine = start(keep=12_000)
    begin = machine.ms
    for number in range(400):
        machine.registry.terminate(keyboard(machine.registry, number))
        machine.ms += 700
        machine.settle()
        machine.make_room()
        assert machine.segments.size <= 12_000
    assert thinned(machine, begin) is None
    assert 0 < machine.segments.thin_size <= 12_000
    counted = sqlite3.connect(machine.path)
    sizes = counted.execute("SELECT total(length(data) + 16) FROM chunks").fetchone()
    counted.close()
    assert sizes == (machine.segments.size,), "nothing is left behind"


def test_a_copy_that_was_not_finished_is_swept_at_the_next_start(
    start: Callable[..., Machine],
) -> None:
    machine = start()
    states = storm(machine, 5)
    machine.segments.keep = machine.segments.size - 1
    for _ in range(8):
        assert machine.thinning.step()
    machine.close()
    again = start(ms=machine.ms + 10, keep=machine.segments.size * 3 // 4)
    for ms in list(states)[::10]:
        assert again.moment(ms).entries == states[ms][0], "nothing of the copy is seen"
    again.make_room()
    assert again.segments.size <= again.segments.keep
    assert all(thinned(again, ms) is not None for ms in states)


def test_a_disk_that_refuses_leaves_the_segment_as_it_was(start: Callable[..., Machine]) -> None:
    machine = start()
    states = storm(machine, 6)
    machine.segments.keep = machine.segments.size * 3 // 4
    blocker = sqlite3.connect(machine.path)
    for steps in (0, 7):
        for _ in range(steps):
            machine.thinning.step()
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnavailableError, match="expected to write changes"):
            machine.make_room()
        blocker.rollback()
    blocker.close()
    machine.make_room()
    for ms in states:
        found = thinned(machine, ms)
        assert found is not None
        assert bare(found.entries) == bare(states[ms][0])


def test_what_nobody_can_read_is_dropped(start: Callable[..., Machine]) -> None:
    machine = start()
    storm(machine, 7)
    first = machine.segments.oldest(thin=False)
    spoiler = sqlite3.connect(machine.path)
    spoiler.execute("UPDATE chunks SET data = x'00' WHERE segment = ?", (first,))
    spoiler.commit()
    spoiler.close()
    machine.segments.keep = machine.segments.size - 1
    machine.make_room()
    assert machine.segments.oldest(thin=False) > first
    assert machine.moment(machine.ms).entries == machine.state()


def test_a_client_in_the_midst_of_a_segment_is_told_to_begin_again(
    start: Callable[..., Machine],
) -> None:
    machine = start()
    states = storm(machine, 8)
    ms = list(states)[40]
    page = machine.history.page(ms, 0, 0)
    machine.segments.keep = machine.segments.size // 2
    machine.make_room()
    with pytest.raises(ProblemError, match="expected one that history knows"):
        machine.history.page(ms, page.segment, page.last)
