"""What a program is told: every change of state, once, in IOKit's order."""

from itertools import product

import msgspec
import pytest

from runtime.client.notifications import Kind, PropertyChange, gone_kinds, kinds
from runtime.client.registry import Registry
from runtime.model import properties
from runtime.model.entry import READY, Entry, Place, State
from runtime.model.errors import ProblemError
from runtime.model.identity import ROOT_ID, EntryId
from runtime.model.properties import Value
from runtime.wire import client as wire

ROOT = Entry(ROOT_ID, 0, "Root", "IORegistryEntry", state=int(State.PLAIN))
BUS = Entry(EntryId(ROOT_ID + 1), ROOT_ID, "bus", "IOPCIBridge")
KEY = Entry(
    EntryId(ROOT_ID + 2), ROOT_ID + 1, "a/key", "IOUSBHostDevice", "7",
    props=properties.encode({"idVendor": 0x46D, "old": 1}), user_classes=("MyDriver",),
    places=(Place("IOUSB", ROOT_ID),),
)  # fmt: skip
NEW = msgspec.structs.replace(KEY, state=0)
STATES = [State(bits) for bits in range(8)]


@pytest.mark.parametrize(("before", "after"), list(product(STATES, STATES)))
def test_every_step_from_state_to_state(before: State, after: State) -> None:
    old, new = (msgspec.structs.replace(KEY, state=int(state)) for state in (before, after))
    expected: list[Kind] = []
    if State.REGISTERED in after and State.REGISTERED not in before:
        expected += [Kind.FIRST_PUBLISH, Kind.PUBLISH]
    if State.MATCHED in after and State.MATCHED not in before:
        expected += [Kind.FIRST_MATCH, Kind.MATCHED]
    if State.INACTIVE in after and State.INACTIVE not in before:
        expected.append(Kind.WILL_TERMINATE)
    assert list(kinds(old, new)) == expected
    going = () if State.INACTIVE in before else (Kind.WILL_TERMINATE,)
    assert gone_kinds(old) == (*going, Kind.TERMINATE)


def test_what_is_no_service_is_neither_published_nor_terminated() -> None:
    assert kinds(None, ROOT) == gone_kinds(ROOT) == ()
    assert kinds(ROOT, msgspec.structs.replace(ROOT, name="x")) == (Kind.INTEREST,)
    assert kinds(KEY, msgspec.structs.replace(KEY, busy=1)) == (Kind.BUSY,)
    assert kinds(KEY, msgspec.structs.replace(KEY, retain=9)) == ()


def _filled(*entries: Entry) -> Registry:
    registry = Registry()
    assert _snapshot(registry, *entries) == []
    return registry


def _snapshot(registry: Registry, *entries: Entry) -> list[tuple[Kind, int]]:
    registry.apply(wire.SnapshotBegin(1, "run"))
    registry.apply(wire.Part(entries=entries))
    return [(note.kind, note.entry.id) for note in registry.apply(wire.SnapshotEnd())]


def _delta(registry: Registry, *entries: Entry, gone: tuple[EntryId, ...] = ()) -> list[Kind]:
    return [note.kind for note in registry.apply(wire.Delta(1, entries, gone))]


def test_a_life_from_publish_to_terminate() -> None:
    registry = _filled(ROOT, BUS)
    assert _delta(registry, NEW) == []
    ready = msgspec.structs.replace(KEY, state=int(READY))
    assert _delta(registry, ready) == [
        *(Kind.FIRST_PUBLISH, Kind.PUBLISH, Kind.FIRST_MATCH, Kind.MATCHED)
    ]
    _delta(registry, NEW)
    assert _delta(registry, ready) == [Kind.PUBLISH, Kind.MATCHED]
    (told,) = registry.apply(
        wire.Delta(2, (msgspec.structs.replace(ready, state=int(State.INACTIVE)),))
    )
    assert (told.kind, told.path) == (Kind.WILL_TERMINATE, "IOService:/bus/a!key@7")
    (told,) = registry.apply(wire.Delta(3, (), (KEY.id,)))
    assert (told.kind, told.path) == (Kind.TERMINATE, "IOService:/bus/a!key@7")
    assert registry.entry(KEY.id) is None
    assert _delta(registry, gone=(KEY.id,)) == []


def test_properties_come_with_their_old_and_new_values() -> None:
    registry = _filled(ROOT, BUS, KEY)
    props = properties.encode({"idVendor": 0x46D, "new": [b"x"]})
    (note,) = registry.apply(wire.Delta(1, (msgspec.structs.replace(KEY, props=props),)))
    assert (note.kind, note.before) == (Kind.INTEREST, KEY)
    assert note.changes == (PropertyChange("old", 1, None), PropertyChange("new", None, [b"x"]))


def test_a_second_snapshot_tells_what_differs_children_first() -> None:
    registry = _filled(ROOT, BUS, KEY)
    other = msgspec.structs.replace(KEY, id=EntryId(ROOT_ID + 9), parent=int(ROOT_ID))
    assert _snapshot(registry, ROOT, other) == [
        (Kind.WILL_TERMINATE, KEY.id),
        (Kind.TERMINATE, KEY.id),
        (Kind.WILL_TERMINATE, BUS.id),
        (Kind.TERMINATE, BUS.id),
        (Kind.FIRST_PUBLISH, other.id),
        (Kind.PUBLISH, other.id),
        (Kind.FIRST_MATCH, other.id),
        (Kind.MATCHED, other.id),
    ]
    assert _snapshot(registry, ROOT, other) == []


def test_quiet_is_the_roots_busy_count() -> None:
    registry = Registry()
    assert not registry.is_quiet
    registry = _filled(msgspec.structs.replace(ROOT, busy=1))
    assert not registry.is_quiet
    assert _delta(registry, ROOT) == [Kind.BUSY]
    assert registry.is_quiet


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ({}, [ROOT, BUS, KEY]),
        ({"IOProviderClass": "IOService"}, [BUS, KEY]),
        ({"IOProviderClass": "MyDriver"}, [KEY]),
        ({"IONameMatch": ["bus", "x"]}, [BUS]),
        ({"IOPropertyMatch": {"idVendor": 0x46D, "old": 1}}, [KEY]),
        ({"IOPropertyMatch": {"idVendor": 0x46D, "absent": 1}}, []),
        ({"IOPropertyMatch": [{"idVendor": 1}, {"old": 1}]}, [KEY]),
        ({"IOPropertyExistsMatch": ["x", "old"]}, [KEY]),
        ({"IORegistryEntryID": int(BUS.id)}, [BUS]),
        ({"IOLocationMatch": "7", "IOProviderClass": "IOPCIBridge"}, []),
        ({"IOPathMatch": "IOService:/bus/a!key@7"}, [KEY]),
    ],
)
def test_matching_dictionaries(table: dict[str, Value], found: list[Entry]) -> None:
    assert list(_filled(ROOT, BUS, KEY).matching(table)) == found


def test_an_unknown_key_is_one_sentence() -> None:
    with pytest.raises(ProblemError, match=r"keys of IOProviderClass.*, found IOMatch"):
        list(_filled(ROOT).matching({"IOMatch": 1}))


def test_children_are_those_of_a_plane() -> None:
    registry = _filled(ROOT, BUS, KEY)
    assert registry.children(ROOT_ID) == [BUS]
    assert registry.children(ROOT_ID, "IOUSB") == [KEY]
    assert registry.children(BUS.id) == [KEY]
