"""The registry's past: any moment is read back as it was, in little room."""

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.model.entry import Kind
from runtime.model.errors import BreachError, ProblemError, UnavailableError
from runtime.model.identity import ROOT_ID, BundleId, ContentHash, DriverId
from runtime.model.properties import Properties
from runtime.model.records import Driver
from runtime.registry import history as recorder
from runtime.registry import segments
from runtime.wire.history import Reader
from tests.unit.registry.machine import Machine, keyboard


@pytest.mark.parametrize("seed", range(4))
def test_any_moment_of_a_storm(
    start: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(recorder, "SHORTEST", 600)  # many segments, begun in the midst of changes
    monkeypatch.setattr(recorder, "ENTRY_BYTES", 0)
    monkeypatch.setattr(recorder, "SLICE", 300)
    machine, rng = start(), random.Random(seed)
    states = {}
    for _ in range(400):
        known = [entry.id for entry in machine.registry.walk()]
        match rng.randrange(5):
            case 0 | 1:
                props: Properties = {
                    rng.choice("abc"): rng.randrange(9),
                    "name": "x" * rng.randrange(30),
                }
                machine.registry.attach(rng.choice(known), "n", "IOService", props=props)
            case 2:
                entry_id = rng.choice(known)
                machine.registry.merge_properties(entry_id, {rng.choice("abcd"): b"data"})
            case 3:
                machine.registry.update(rng.choice(known), state=rng.randrange(16))
            case 4:
                machine.registry.terminate(rng.choice(known))
        states[machine.ms] = machine.state()
        if rng.random() < 0.4:
            machine.history.pump()
            machine.history.flush()
        machine.ms += rng.randrange(1, 50)
    machine.settle()
    for ms, state in states.items():
        assert machine.moment(ms).entries == state
    assert machine.moment(machine.ms).whole


def test_segments_are_begun_anew(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "SHORTEST", 1000)
    for number in range(100):
        machine.registry.terminate(keyboard(machine.registry, number))
        machine.ms += 10
        machine.settle()
    assert machine.history.page(machine.ms, 0, 0).segment > 1


def test_parents_come_before_their_children(machine: Machine) -> None:
    keyboard(machine.registry, 1)
    machine.settle()
    ordered = machine.moment(machine.ms).ordered()
    assert [entry.title for entry in ordered] == [
        "Root",
        "USB Keyboard",
        "Interface@0",
        "Interface@1",
    ]


def test_drivers_are_remembered(machine: Machine) -> None:
    driver = Driver(DriverId(1), "D", BundleId("b"), ContentHash("c"), "p", ROOT_ID, "IOService:/")
    machine.history.driver(driver)
    machine.ms += 10
    machine.history.driver_gone(1)
    machine.settle()
    assert machine.moment(machine.ms - 1).drivers == {1: driver}
    assert machine.moment(machine.ms).drivers == {}


def test_history_goes_on_across_restarts(start: Callable[..., Machine]) -> None:
    first = start("first")
    keyboard(first.registry, 1)
    before = first.state()
    first.close()
    second = start("second", ms=first.ms + 1000)
    second.settle()
    assert second.moment(first.ms).entries == before
    assert second.moment(first.ms).run == "first"
    assert second.moment(second.ms).run == "second"
    second.close()


def test_a_moment_before_everything_is_refused(machine: Machine) -> None:
    machine.settle()
    with pytest.raises(ProblemError, match="expected one that history knows") as refused:
        machine.moment(machine.ms - 1)
    assert refused.value.code == "not-found"


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_journal_gets_what_it_lacks(
    start: Callable[..., Machine], tmp_path: Path, version: int
) -> None:
    database = sqlite3.connect(tmp_path / "journal.db")
    database.execute("CREATE TABLE events (number INTEGER PRIMARY KEY, event BLOB NOT NULL)")
    for table in segments.CREATE if version == 2 else ():
        database.execute(table)
    database.execute(f"PRAGMA user_version = {version}")
    database.commit()
    database.close()
    machine = start()
    assert machine.journal.repaired == ""
    machine.settle()
    assert len(machine.moment(machine.ms).entries) == 1


def test_a_thousand_plugs_take_little_room(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "SHORTEST", 4000)  # many beginnings, as on a small machine
    monkeypatch.setattr(recorder, "ENTRY_BYTES", 0)
    for number in range(1000):
        machine.registry.attach(
            ROOT_ID, f"device{number}", "IOService", kind=Kind.DEVICE, props={"number": number}
        )
    machine.settle()
    changes, size = machine.changes, machine.segments.size
    for number in range(1000):
        machine.registry.terminate(keyboard(machine.registry, number))
        machine.ms += 700
        machine.settle()
    each = (machine.segments.size - size) / (machine.changes - changes)
    assert machine.history.page(machine.ms, 0, 0).segment > 5, "beginnings are counted"
    assert each <= 200, f"{each:.0f} bytes a change"


def test_room_is_bounded_and_the_newest_stays(
    start: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "SHORTEST", 2000)
    machine = start(keep=40_000)
    begin = machine.ms
    for number in range(600):
        machine.registry.terminate(keyboard(machine.registry, number))
        machine.ms += 700
        machine.settle()
        machine.make_room()
    assert machine.segments.size <= 40_000
    assert machine.moment(machine.ms).entries == machine.state()
    with pytest.raises(ProblemError):
        machine.moment(begin)


def test_changes_wait_while_the_disk_refuses(machine: Machine, tmp_path: Path) -> None:
    machine.settle()
    blocker = sqlite3.connect(tmp_path / "journal.db")
    blocker.execute("BEGIN IMMEDIATE")
    keyboard(machine.registry, 1)
    machine.history.pump()
    with pytest.raises(UnavailableError, match="expected to write changes"):
        machine.history.flush()
    blocker.rollback()
    blocker.close()
    machine.settle()
    assert machine.moment(machine.ms).entries == machine.state()


def test_history_begins_anew_when_too_much_waits(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "WAITING", 100)
    machine.settle()
    blocker = sqlite3.connect(tmp_path / "journal.db")
    blocker.execute("BEGIN IMMEDIATE")
    keyboard(machine.registry, 1)
    machine.history.pump()
    with pytest.raises(UnavailableError):
        machine.history.flush()
    blocker.rollback()
    blocker.close()
    machine.ms += 1
    keyboard(machine.registry, 2)
    machine.settle()
    assert machine.moment(machine.ms).entries == machine.state()


@pytest.mark.parametrize("chunk", [b"", b"\x00", b"noise", b"x\x9c" + b"\x00" * 40])
def test_what_is_no_chunk_is_a_breach(chunk: bytes) -> None:
    with pytest.raises(BreachError, match="history: expected"):
        Reader().records(chunk)
