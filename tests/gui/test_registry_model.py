"""The registry model under Qt's model tester, through random storms, with and without filter."""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.mirror import Mirror
from ioregui.registry import marks
from ioregui.registry.cells import Column
from ioregui.registry.diff import Insert, Remove, steps
from ioregui.registry.model import RegistryModel
from ioregui.window.selection import Selection
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry, Kind
from runtime.model.identity import ROOT_ID, SERVICE_PLANE, EntryId
from runtime.wire.client import Delta, Part, SnapshotBegin, SnapshotEnd

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


def carried_out(old: list[int], new: list[int]) -> list[int]:
    """Carry the steps out as the model does."""
    rows = list(old)
    for step in steps(old, new):
        match step:
            case Remove(first, last):
                del rows[first : last + 1]
            case Insert(first, last):
                rows[first:first] = new[first : last + 1]
    return rows


def test_steps_turn_one_list_into_the_other() -> None:
    rng = random.Random(7)
    for _ in range(500):
        old = rng.sample(range(20), rng.randrange(15))
        new = rng.sample(range(20), rng.randrange(15))
        assert carried_out(old, new) == new


def test_rows_that_stay_are_not_touched() -> None:
    assert steps([1, 2, 3, 4, 5], [1, 5, 6]) == [Remove(1, 3), Insert(2, 2)]


class Storm:
    """A mirror that a random machine changes, kept as a plain forest beside it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.mirror = Mirror()
        self.mirror.apply(SnapshotBegin(1, "run"))
        self.mirror.apply(Part(entries=(Entry(ROOT_ID, 0, "Root", "IORegistryEntry"),)))
        self.mirror.apply(SnapshotEnd())
        self.next_id = ROOT_ID + 1
        self.sequence = 1

    def delta(self) -> Delta:
        """Some come, some change, some move, some go with all below them."""
        known = list(self.mirror.entries)
        added = []
        for _ in range(self.rng.randrange(6)):
            added.append(self.entry(self.next_id, self.rng.choice(known)))
            known.append(self.next_id)
            self.next_id += 1
        changed = []
        for _ in range(self.rng.randrange(3)):
            old = self.mirror.entries.get(self.rng.choice(known))
            if old is not None and old.parent:
                changed.append(self.entry(old.id, old.parent))
        gone: list[EntryId] = []
        if self.rng.random() < 0.4:
            victim = self.rng.choice(list(self.mirror.entries))
            if victim != ROOT_ID:
                doomed = list(self.mirror.tree(SERVICE_PLANE).subtree(victim))
                gone = [EntryId(entry_id) for entry_id in reversed(doomed)]
                added = [new for new in added if new.parent not in doomed]
                added = [new for new in added if new.parent in self.mirror.entries]
        self.sequence += 1
        return Delta(self.sequence - 1, entries=(*added, *changed), gone_entries=tuple(gone))

    def entry(self, entry_id: int, parent: int) -> Entry:
        name = f"{self.rng.choice('abc')}{self.rng.randrange(30)}"
        return Entry(EntryId(entry_id), parent, name, "IOService", kind=int(Kind.DEVICE))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("tombstones", [0.0, 0.01])
def test_random_storms(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, seed: int, tombstones: float
) -> None:
    monkeypatch.setattr(marks, "GONE_S", tombstones)
    storm = Storm(seed)
    model = RegistryModel(storm.mirror, Selection())
    tester = QAbstractItemModelTester(model, FATAL)
    model.reset()
    for turn in range(40):
        model.apply(storm.mirror.apply(storm.delta()))
        if model.rowCount() and storm.rng.random() < 0.5:
            row = storm.rng.randrange(model.rowCount())
            model.set_expanded(row, expanded=storm.rng.random() < 0.6)
        if turn % 10 == 5:
            model.set_filter(storm.rng.choice(["a", "b1", "state:no", "", "c2"]))
        if (query := model.query) is not None:
            assert model.rows._finder.hits == model.rows.find(query), (
                "found bit by bit as all at once"
            )
        ids, depths, _ = model.rows.flatten()
        assert [model.id_at(row) for row in range(model.rowCount())] == ids
        assert [model.depth_at(row) for row in range(model.rowCount())] == depths
    del tester


def shown(model: RegistryModel) -> list[str]:
    return [model.text(row, Column.NAME) for row in range(model.rowCount())]


@pytest.fixture
def model(bridge: Bridge) -> RegistryModel:
    made = RegistryModel(bridge.mirror, Selection(), bridge)
    bridge.reset.connect(made.reset)
    bridge.changing.connect(made.apply)
    made.reset()
    return made


def test_filter_keeps_what_is_above_and_counts(qtbot: QtBot, model: RegistryModel) -> None:
    with qtbot.waitSignal(model.counted) as counted:
        model.set_filter("class:IOUSBHostInterface")
    assert counted.args == [8, 2]
    assert shown(model) == [
        "Root",
        "Machine",
        "pci0000:00",
        "Sample Device@14100000",
        "Interface@0",
        "Interface@1",
    ]
    model.set_filter("")
    assert len(shown(model)) == 8


def test_a_wrong_search_keeps_the_last_good_result(qtbot: QtBot, model: RegistryModel) -> None:
    model.set_filter("class:IOUSBHostInterface")
    good = shown(model)
    with qtbot.waitSignal(model.refused) as refused:
        model.set_filter("class:IOUSBHostInterface vid:xyz")
    assert refused.args == ["expected a vendor as 046d or 046d:c31c, found “xyz”", 29, 32]
    assert shown(model) == good
    with qtbot.waitSignal(model.refused) as refused:
        model.set_filter("prop.idVendor=0x1234")
    assert refused.args == ["", 0, 0]
    assert shown(model)[-1] == "Sample Device@14100000"


def test_a_path_is_searched_below_too(model: RegistryModel) -> None:
    model.set_filter("under:/Machine/pci0000:00/sample* -name:Sample*")
    assert [name for name in shown(model) if "nterface" in name] == [
        "Interface@0",
        "MyUserUSBInterfaceDriver",
        "Interface@1",
    ]


def test_finding_goes_on_without_hiding(qtbot: QtBot, model: RegistryModel) -> None:
    model.set_filtering(on=False)
    with qtbot.waitSignal(model.counted) as counted:
        model.set_filter("class:IOUSBHostInterface")
    assert counted.args == [8, 2]
    assert len(shown(model)) == 8
    steps = []
    for backwards in (False, False, False, True, True):
        found = model.next_hit(backwards=backwards)
        steps.append(found - ROOT_ID)
        model._selection.select(found)
    assert steps == [5, 7, 5, 7, 5]
    model.set_filter("nothing has this name")
    assert model.next_hit() == 0


def test_state_words(model: RegistryModel) -> None:
    words = {
        model.text(row, Column.NAME): model.text(row, Column.STATE)
        for row in range(model.rowCount())
    }
    assert words["Sample Device@14100000"] == "kernel driver"
    assert words["Interface@0"] == "extension"
    assert words["Interface@1"] == "no driver"
    assert words["MyUserUSBInterfaceDriver"] == "running"
    assert words["Root"] == ""


def test_driver_state_repaints_its_row(
    qtbot: QtBot,
    model: RegistryModel,
    fake_runtime: "FakeRuntime",
    make_driver: Callable[..., object],
) -> None:
    row = model.row_of(ROOT_ID + 6)
    with qtbot.waitSignal(model.dataChanged) as changed:
        fake_runtime.delta(drivers=(make_driver(DriverState.RESTARTING, 0),))
    first, last = changed.args[0], changed.args[1]
    assert first.row() <= row <= last.row()
    assert model.text(row, Column.STATE) == "restarting"


def test_gone_stays_as_a_tombstone_in_words(
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    model: RegistryModel,
    fake_runtime: "FakeRuntime",
) -> None:
    monkeypatch.setattr(marks, "GONE_S", 0.2)
    with qtbot.waitSignal(model.dataChanged):
        fake_runtime.delta(gone_entries=(EntryId(ROOT_ID + 7),))
    row = model.row_of(ROOT_ID + 7)
    assert model.text(row, Column.STATE) == "gone"
    qtbot.waitUntil(lambda: model.row_of(ROOT_ID + 7) < 0)


def test_new_entries_come_into_view_and_say_so(
    qtbot: QtBot,
    model: RegistryModel,
    fake_runtime: "FakeRuntime",
    make_entry: Callable[..., Entry],
) -> None:
    model.set_expanded(model.row_of(ROOT_ID + 2), expanded=False)
    assert model.row_of(ROOT_ID + 4) < 0
    with qtbot.waitSignal(model.rowsInserted):
        fake_runtime.delta(entries=(make_entry(50, 4, "Stick", kind=Kind.DEVICE),))
    row = model.row_of(ROOT_ID + 50)
    assert row > 0
    description = model.data(model.index(row, 0), int(Qt.ItemDataRole.AccessibleDescriptionRole))
    assert description == "level 5, new, no driver"


def test_expansion_survives_another_run(
    qtbot: QtBot, bridge: Bridge, model: RegistryModel, fake_runtime: "FakeRuntime"
) -> None:
    model.set_expanded(model.row_of(ROOT_ID + 4), expanded=False)
    before = shown(model)
    moved = tuple(
        Entry(
            EntryId(old.id + 1000),
            old.parent + 1000 if old.parent else 0,
            old.name,
            old.cls,
            old.location,
        )
        for old in bridge.mirror.entries.values()
    )
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot(moved)
    assert shown(model) == before


def test_all_is_opened_and_closed(model: RegistryModel) -> None:
    model.collapse_all()
    assert shown(model) == ["Root", "IOResources", "Machine"]
    model.expand_all()
    assert len(shown(model)) == 8
    model._selection.select(ROOT_ID + 4)
    model.collapse_all()
    assert shown(model)[-1] == "Sample Device@14100000"
