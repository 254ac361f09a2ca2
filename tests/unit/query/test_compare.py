"""Pairs of registries: what a comparison calls added, removed, changed and moved."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from runtime.model import properties
from runtime.model.entry import Entry, State
from runtime.model.identity import SERVICE_PLANE, EntryId
from runtime.model.properties import Properties
from runtime.query.compare import Comparison, PropertyChange, compare


def _entry(number: int, parent: int, name: str, cls: str = "IOService", **props: object) -> Entry:
    table: Properties = dict(props)  # type: ignore[arg-type]
    return Entry(EntryId(number), parent, name, cls, props=properties.encode(table))


def _compare(before: list[Entry], after: list[Entry]) -> Comparison:
    return compare(before, after, SERVICE_PLANE, lambda entry: properties.decode(entry.props))


BEFORE = [
    _entry(1, 0, "Root", "IORegistryEntry"),
    _entry(2, 1, "hub"),
    _entry(3, 2, "mouse", "IOUSBHostDevice", idVendor=1, idProduct=2, SerialNumber="A"),
    _entry(4, 3, "interface", "IOUSBHostInterface", n=1),
    _entry(5, 1, "disk", "IOMedia", Size=10),
]


def test_equal_but_for_the_ids() -> None:
    after = [
        msgspec.structs.replace(entry, id=entry.id + 50, parent=entry.parent and entry.parent + 50)
        for entry in BEFORE
    ]
    found = _compare(BEFORE, after)
    assert found.is_equal
    assert found.same == len(BEFORE)


def test_a_property_that_came_went_and_changed() -> None:
    after = [*BEFORE[:4], _entry(5, 1, "disk", "IOMedia", Size=11, New=True)]
    (pair,) = _compare(BEFORE, after).changed
    assert pair.path_after == "IOService:/disk"
    assert pair.changes == (PropertyChange("Size", 10, 11), PropertyChange("New", None, True))


def test_true_is_not_one() -> None:
    after = [*BEFORE[:4], _entry(5, 1, "disk", "IOMedia", Size=True)]
    before = [*BEFORE[:4], _entry(5, 1, "disk", "IOMedia", Size=1)]
    (pair,) = _compare(before, after).changed
    assert pair.changes == (PropertyChange("Size", 1, True),)


def test_a_number_is_the_same_with_and_without_its_sign() -> None:
    before = [_entry(1, 0, "Root", node=-1, places=[-1], one={"a": -1})]
    after = [_entry(1, 0, "Root", node=2**64 - 1, places=[2**64 - 1], one={"a": 2**64 - 1})]
    assert _compare(before, after).is_equal


def test_what_is_within_a_value_is_compared_by_kind_too() -> None:
    before = [_entry(1, 0, "Root", places=[True], one={"a": 1})]
    after = [_entry(1, 0, "Root", places=[1], one={"a": 2})]
    (pair,) = _compare(before, after).changed
    assert [change.key for change in pair.changes] == ["places", "one"]


def test_the_machine_may_be_called_otherwise() -> None:
    machines = [
        [_entry(1, 0, "Root"), _entry(2, 1, name, "IOPlatformExpertDevice"), _entry(3, 2, "usb")]
        for name in ("Linux", "ThinkPad X1")
    ]
    found = _compare(*machines)
    assert found.is_equal
    assert found.same == 3


def test_a_state_is_compared() -> None:
    after = [*BEFORE[:4], msgspec.structs.replace(BEFORE[4], state=int(State.INACTIVE))]
    (pair,) = _compare(BEFORE, after).changed
    assert pair.changes == (
        PropertyChange(
            "IOServiceState",
            "registered, matched, active",
            "!registered, !matched, inactive",
        ),
    )


def test_a_device_in_another_port_has_moved_with_what_is_below() -> None:
    after = [
        BEFORE[0],
        BEFORE[1],
        BEFORE[4],
        msgspec.structs.replace(BEFORE[2], parent=1),
        BEFORE[3],
    ]
    found = _compare(BEFORE, after)
    assert [(pair.path_before, pair.path_after) for pair in found.moved] == [
        ("IOService:/hub/mouse", "IOService:/mouse")
    ]
    assert not found.added
    assert not found.removed
    assert not found.changed
    assert found.same == 4


def test_another_of_its_kind_at_the_same_place_is_another() -> None:
    other = _entry(3, 2, "mouse", "IOUSBHostDevice", idVendor=1, idProduct=2, SerialNumber="B")
    found = _compare(BEFORE, [*BEFORE[:2], other, *BEFORE[3:]])
    assert [side.path for side in found.removed] == ["IOService:/hub/mouse"]
    assert [side.path for side in found.added] == ["IOService:/hub/mouse"]


def test_twins_at_one_path_are_told_apart_by_their_serial_numbers() -> None:
    root = BEFORE[0]
    one = _entry(2, 1, "d", SerialNumber="1", n=1)
    two = _entry(3, 1, "d", SerialNumber="2", n=2)
    found = _compare([root, one, two], [root, two, one])
    assert found.is_equal


def test_two_that_could_have_moved_have_not() -> None:
    before = [BEFORE[0], _entry(2, 1, "a", "X", idVendor=1), _entry(3, 1, "b", "X", idVendor=1)]
    after = [BEFORE[0], _entry(2, 1, "c", "X", idVendor=1), _entry(3, 1, "d", "X", idVendor=1)]
    found = _compare(before, after)
    assert (len(found.added), len(found.removed), len(found.moved)) == (2, 2, 0)


@st.composite
def _trees(draw: st.DrawFn) -> list[Entry]:
    made = [_entry(1, 0, "Root", "IORegistryEntry")]
    for number in range(2, draw(st.integers(2, 9))):
        made.append(
            _entry(
                number,
                draw(st.sampled_from(made)).id,
                draw(st.sampled_from("ab")),
                draw(st.sampled_from(["X", "Y"])),
                **draw(
                    st.dictionaries(
                        st.sampled_from(["SerialNumber", "idVendor", "n"]),
                        st.integers(0, 2),
                        max_size=2,
                    )
                ),
            )
        )
    return made


@given(_trees(), _trees())
def test_every_entry_is_counted_once(before: list[Entry], after: list[Entry]) -> None:
    found = _compare(before, after)
    both = {id(pair.after) for pair in (*found.changed, *found.moved)}
    assert found.same + len(both) + len(found.added) == len(after)
    assert found.same + len(both) + len(found.removed) == len(before)
    assert _compare(before, before).is_equal
