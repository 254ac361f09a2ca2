"""The registry model under Qt's model tester, through random storms, with and without filter."""

import random
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.mirror import Mirror
from ioregui.mirror.mirror import Past
from ioregui.registry import finder, flattening, marks, rows, turns
from ioregui.registry.cells import Column
from ioregui.registry.diff import Insert, Remove, steps
from ioregui.registry.flattening import REPEATS
from ioregui.registry.model import RegistryModel
from ioregui.registry.view import RegistryView
from ioregui.window.selection import Selection
from runtime.interchange.planes import project
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry, Kind, Place
from runtime.model.identity import ROOT_ID, SERVICE_PLANE, EntryId
from runtime.wire.client import Delta, Part, SnapshotBegin, SnapshotEnd
from runtime.wire.history import Moment

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

OTHER = "IOOther"
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
            victim = max(self.rng.choices(list(self.mirror.entries), k=3))  # little is below it
            if victim != ROOT_ID:
                doomed = self.doomed(victim)
                gone = [EntryId(entry_id) for entry_id in sorted(doomed, reverse=True)]
                added = [new for new in added if new.parent in self.mirror.entries]
                added = [new for new in added if not doomed.intersection(parents(new))]
                changed = [old for old in changed if not doomed.intersection(parents(old))]
        self.sequence += 1
        return Delta(self.sequence - 1, entries=(*added, *changed), gone_entries=tuple(gone))

    def doomed(self, victim: int) -> set[int]:
        """An entry and everything below it in any plane; parents are older."""
        doomed = {victim}
        for entry in sorted(self.mirror.entries.values(), key=lambda entry: entry.id):
            if doomed.intersection(parents(entry)):
                doomed.add(entry.id)
        return doomed

    def entry(self, entry_id: int, parent: int) -> Entry:
        name = f"{self.rng.choice('abc')}{self.rng.randrange(30)}"
        kind = int(Kind.DEVICE)
        places = self.places(entry_id, parent)
        return Entry(EntryId(entry_id), parent, name, "IOService", kind=kind, places=places)

    def places(self, entry_id: int, home: int) -> tuple[Place, ...]:
        """Often none, else below one or several older entries in either plane."""
        older = [known for known in self.mirror.entries if known < entry_id and known != home]
        count = self.rng.choice((0, 0, 1, 1, 2)) if older else 0
        return tuple(
            Place(
                plane,
                EntryId(parent),
                f"d{entry_id % 20}" if plane == OTHER else "",
                "4" if plane == OTHER and entry_id % 3 else "",
            )
            for parent in set(self.rng.choices(older, k=count))
            for plane in (self.rng.choice((SERVICE_PLANE, OTHER)),)
        )


def parents(entry: Entry) -> list[int]:
    """What an entry is below, in any plane."""
    return [entry.parent, *(place.parent for place in entry.places)]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("plane", [SERVICE_PLANE, OTHER])
def test_random_storms(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, seed: int, plane: str
) -> None:
    monkeypatch.setattr(marks, "GONE_S", 0.01 * (seed % 2))
    storm = Storm(seed)
    model = RegistryModel(storm.mirror, Selection())
    model.choose_plane(plane)
    tester = QAbstractItemModelTester(model, FATAL)
    model.reset()
    for turn in range(40):
        model.apply(storm.mirror.apply(storm.delta()))
        model.turns.finish()
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
    model.set_filter("")
    model.reset()
    model.expand_all()
    expected = project(list(storm.mirror.entries.values()), plane)
    assert positions(model) == {(entry.parent, entry.id, entry.title) for entry in expected}
    del tester


@pytest.mark.parametrize("seed", range(4))
def test_storms_that_take_many_turns(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The user goes on meanwhile; what then stands there is what one turn would have made."""
    monkeypatch.setattr(marks, "GONE_S", 0.01)
    monkeypatch.setattr(turns, "TURN_S", 0.0)
    for module in (rows, finder, flattening):
        monkeypatch.setattr(module, "PORTION", 1)
    storm = Storm(seed)
    model = RegistryModel(storm.mirror, Selection())
    view = RegistryView(model, Selection())
    qtbot.addWidget(view)
    view.show()
    tester = QAbstractItemModelTester(model, FATAL)
    model.reset()
    model.expand_all()
    going: list[bool] = []
    model.turns.going_on.connect(going.append)
    for turn in range(30):
        model.apply(storm.mirror.apply(storm.delta()))
        for _ in range(storm.rng.randrange(30)):
            QCoreApplication.processEvents()
            view.viewport().repaint()
        match turn % 6:
            case 1:
                model.set_expanded(storm.rng.randrange(model.rowCount()), expanded=turn % 4 == 1)
            case 3:
                model.set_filter(storm.rng.choice(["a", "b1", "", "c2"]))
            case 5:
                model.reset()
        qtbot.waitUntil(lambda: not (going and going[-1]))
        assert shown(model) == again(model)
    assert going.count(True) == going.count(False) >= 5
    assert tester.model() is model


def again(model: RegistryModel) -> list[str]:
    """Titles of the rows, made anew."""
    return [model.cells.text(entry_id, Column.NAME) for entry_id in model.rows.flatten().ids]


def positions(model: RegistryModel) -> set[tuple[int, int, str]]:
    """What is below what in the rows, with its title there."""
    found = set()
    for row in range(model.rowCount()):
        parent = model.parent_row(row)
        above = model.id_at(parent) if parent >= 0 else 0
        found.add((above, model.id_at(row), model.text(row, Column.NAME)))
    return found


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


def in_plane(entry_id: int, name: str, *places: Place, parent: int = 0) -> Entry:
    return Entry(EntryId(entry_id), parent, name, "IOService", places=places)


@pytest.fixture
def planes() -> RegistryModel:
    """A dimmer with two suppliers in IOPower, one of which is in that plane alone."""
    mirror = Mirror()
    mirror.apply(SnapshotBegin(1, "run"))
    mirror.apply(
        Part(
            entries=(
                in_plane(1, "Root"),
                in_plane(2, "bus", Place("IOPower", EntryId(1)), parent=1),
                in_plane(3, "rail", Place("IOPower", EntryId(1), "", "7")),
                in_plane(
                    4,
                    "lamp",
                    Place("IOPower", EntryId(2), "dimmer", "2"),
                    Place("IOPower", EntryId(3), "dimmer", "2"),
                    parent=2,
                ),
                in_plane(5, "bulb", Place("IOPower", EntryId(4)), parent=4),
            )
        )
    )
    mirror.apply(SnapshotEnd())
    made = RegistryModel(mirror, Selection())
    made.reset()
    made.expand_all()
    return made


def test_each_plane_has_its_entries_titles_and_places(planes: RegistryModel) -> None:
    tester = QAbstractItemModelTester(planes, FATAL)
    assert shown(planes) == ["Root", "bus", "lamp", "bulb"]
    planes.choose_plane("IOPower")
    planes.expand_all()
    both = ["Root", "bus", "dimmer@2", "bulb", "rail@7", "dimmer@2", "bulb"]
    assert shown(planes) == both
    assert [planes.depth_at(row) for row in range(7)] == [0, 1, 2, 3, 1, 2, 3]
    assert planes.parent_row(5) == 4, "the parent of this place, not of the first"
    assert planes.rows.path(5) == "IOPower:/bus/dimmer@2/bulb"
    planes.set_expanded(5, expanded=False)
    assert shown(planes) == ["Root", "bus", "dimmer@2", "rail@7", "dimmer@2"]
    planes.choose_plane(SERVICE_PLANE)
    assert shown(planes) == ["Root", "bus", "lamp", "bulb"]
    planes.choose_plane("IOPower")
    assert shown(planes) == ["Root", "bus", "dimmer@2", "rail@7", "dimmer@2"], "as it was left"
    planes.choose_plane("IOElsewhere")
    assert shown(planes) == []
    del tester


def test_a_plane_is_searched_by_its_own_titles_and_paths(
    qtbot: QtBot, planes: RegistryModel
) -> None:
    planes.choose_plane("IOPower")
    with qtbot.waitSignal(planes.counted) as counted:
        planes.set_filter("dimmer")
    assert counted.args == [5, 1]
    assert shown(planes) == ["Root", "bus", "dimmer@2", "rail@7", "dimmer@2"]
    planes.set_filter("under:/bus/dimmer@2 bulb")
    assert shown(planes).count("bulb") == 2
    planes.set_filter("lamp")
    assert shown(planes) == []
    planes.choose_plane(SERVICE_PLANE)
    assert shown(planes) == ["Root", "bus", "lamp"]


def test_another_moment_is_shown_in_the_same_plane(planes: RegistryModel) -> None:
    planes.choose_plane("IOPower")
    planes.expand_all()
    now = shown(planes)
    moment = Moment()
    earlier = (
        in_plane(1, "Root"),
        in_plane(4, "lamp", Place("IOPower", EntryId(1), "glow"), parent=1),
    )
    moment.entries = {entry.id: entry for entry in earlier}
    past = Past(moment)
    deque(past.steps(), maxlen=0)
    planes._mirror.show_past(past, 1)
    planes.travel()
    assert shown(planes) == ["Root", "glow"]
    planes._mirror.show_now()
    planes.travel()
    assert shown(planes) == now


def test_a_tombstone_stands_in_every_place(planes: RegistryModel) -> None:
    planes.choose_plane("IOPower")
    planes.expand_all()
    planes.apply(planes._mirror.apply(Delta(1, gone_entries=(EntryId(5), EntryId(4)))))
    planes.turns.finish()
    gone = [row for row in range(planes.rowCount()) if planes.text(row, Column.STATE) == "gone"]
    assert [planes.text(row, Column.NAME) for row in gone] == ["dimmer@2", "bulb"] * 2


def test_circles_and_floods_of_places_end() -> None:
    mirror = Mirror()
    mirror.apply(SnapshotBegin(1, "run"))
    circle = (
        in_plane(1, "Root"),
        in_plane(2, "a", Place(OTHER, EntryId(1)), Place(OTHER, EntryId(3))),
        in_plane(3, "b", Place(OTHER, EntryId(2))),
    )
    ladder = [  # each pair stands below both of the pair before: 2 to the 40th rows
        in_plane(10 + at, f"n{at}", *(Place("IOFlood", EntryId(up)) for up in above(at)))
        for at in range(80)
    ]
    mirror.apply(Part(entries=(*circle, *ladder)))
    mirror.apply(SnapshotEnd())
    model = RegistryModel(mirror, Selection())
    model.choose_plane(OTHER)
    model.expand_all()
    assert shown(model) == ["Root", "a", "b", "a"]
    assert [model.has_children(row) for row in range(4)] == [True, True, True, False]
    model.set_expanded(1, expanded=False)
    assert [model.has_children(row) for row in range(2)] == [True, True]
    model.choose_plane("IOFlood")
    model.expand_all()
    assert set(shown(model)) == {"Root", *(f"n{at}" for at in range(80))}
    assert model.rowCount() < 3 * REPEATS


def above(at: int) -> tuple[int, ...]:
    return (1,) if at < 2 else (10 + at - at % 2 - 2, 10 + at - at % 2 - 1)
