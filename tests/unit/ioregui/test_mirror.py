"""The mirror against a plain model, through random deltas."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ioregui.mirror import Changes, Mirror
from ioregui.window.status import summary
from runtime.model.entry import Entry, Place
from runtime.model.identity import ROOT_ID, BundleId, ContentHash, DriverId, EntryId
from runtime.model.records import Driver, LogLine
from runtime.wire.client import Delta, Part, SnapshotBegin, SnapshotEnd


def entry(number: int, parent: int, name: str) -> Entry:
    return Entry(EntryId(number), parent, name, "IOService")


def filled(*entries: Entry) -> Mirror:
    mirror = Mirror()
    mirror.apply(SnapshotBegin(7, "run"))
    mirror.apply(Part(entries=entries))
    assert mirror.apply(SnapshotEnd()).reset
    return mirror


def test_children_are_sorted_with_numbers_as_numbers() -> None:
    root = entry(ROOT_ID, 0, "Root")
    mirror = filled(root, *(entry(n, ROOT_ID, f"port{n}") for n in (10, 9, 2, 1)))
    assert mirror.children[ROOT_ID] == [1, 2, 9, 10]


def test_children_of_one_name_are_sorted_by_their_locations_which_are_hexadecimal() -> None:
    root = entry(ROOT_ID, 0, "Root")
    places = ["1d", "e", "1,a", "1,9", "odd"]
    named = [
        msgspec.structs.replace(entry(n, ROOT_ID, "port"), location=place)
        for n, place in enumerate(places, 1)
    ]
    mirror = filled(root, *named, entry(9, ROOT_ID, "9" * 9000))
    shown = [mirror.entries[child].location for child in mirror.children[ROOT_ID]]
    assert shown == ["", "odd", "1,9", "1,a", "e", "1d"]


def test_a_device_stands_for_the_one_driver_of_its_interfaces() -> None:
    def driver(number: int, provider: int) -> Driver:
        name = BundleId("org.example"), ContentHash("ab"), "Sample", EntryId(provider)
        return Driver(DriverId(number), "Sample", *name, "IOService:/")

    port, device, driven, bare = 1, 2, 3, 4
    interface = msgspec.structs.replace(entry(driven, device, "0"), cls="IOUSBHostInterface")
    other = msgspec.structs.replace(interface, id=EntryId(bare), name="1")
    mirror = filled(entry(port, 0, "Port"), entry(device, port, "Device"), interface, other)
    first, second = driver(1, driven), driver(2, bare)
    mirror.apply(Delta(7, drivers=(first,)))
    found = [mirror.driver_of(one) for one in (port, device, driven, bare)]
    assert found == [None, first, first, None]
    mirror.apply(Delta(8, drivers=(second,)))
    found = [mirror.driver_of(one) for one in (port, device, driven, bare)]
    assert found == [None, None, first, second]


def test_incomplete_snapshot_is_not_shown() -> None:
    mirror = filled(entry(ROOT_ID, 0, "Root"))
    mirror.apply(SnapshotBegin(1, "other"))
    mirror.apply(Part(entries=(entry(5, 0, "Half"),)))
    assert list(mirror.entries) == [ROOT_ID]
    mirror.apply(SnapshotEnd())
    assert list(mirror.entries) == [5]
    assert mirror.run == "other"


def test_gap_stops_until_a_new_snapshot() -> None:
    mirror = filled(entry(ROOT_ID, 0, "Root"))
    assert not mirror.apply(Delta(7)).resync_needed
    assert mirror.apply(Delta(9)).resync_needed
    assert mirror.apply(Delta(8)).resync_needed


def test_log_lines_are_kept_once_and_bounded() -> None:
    mirror = filled(entry(ROOT_ID, 0, "Root"))
    lines = tuple(LogLine(DriverId(1), n, 0, 1, "log", "x") for n in range(1, 2500))
    assert len(mirror.apply(Delta(7, logs=lines)).logs) == 2499
    assert not mirror.apply(Delta(8, logs=lines[-1:])).logs
    assert len(mirror.logs[DriverId(1)]) == 2000


def test_entry_that_came_and_went_is_in_no_set() -> None:
    batch = Changes()
    batch.merge(Changes(added={1}))
    batch.merge(Changes(changed={1}, moved={1}))
    batch.merge(Changes(removed={1: entry(1, 0, "x")}))
    assert not batch


Operation = tuple[str, int, int, int]


@given(
    st.lists(
        st.tuples(st.sampled_from("pr"), st.integers(1, 8), st.integers(0, 8), st.integers(0, 3))
    )
)
def test_random_deltas_equal_a_plain_model(operations: list[Operation]) -> None:
    mirror = filled(entry(ROOT_ID, 0, "Root"))
    plain: dict[int, Entry] = {ROOT_ID: entry(ROOT_ID, 0, "Root")}
    for sequence, (kind, number, parent, name) in enumerate(operations, 7):
        if kind == "p":
            made = entry(number, parent or ROOT_ID, f"n{name}")
            mirror.apply(Delta(sequence, entries=(made,)))
            plain[number] = made
        else:
            mirror.apply(Delta(sequence, gone_entries=(EntryId(number),)))
            plain.pop(number, None)
    assert mirror.entries == plain
    children: dict[int, list[int]] = {}
    for found in sorted(plain.values(), key=lambda e: (e.title, e.id)):
        children.setdefault(found.parent, []).append(found.id)
    assert mirror.children == children


def test_planes_are_named_and_their_paths_lead_back() -> None:
    tree = "IODeviceTree"
    mirror = filled(
        entry(1, 0, "Root"),
        Entry(EntryId(2), 1, "Machine", "A", places=(Place(tree, EntryId(1), "/"),)),
        Entry(EntryId(3), 0, "soc", "A", places=(Place(tree, EntryId(2), "", "7e"),)),
        Entry(EntryId(4), 2, "uart", "A", places=(Place(tree, EntryId(3), "serial"),)),
    )
    assert mirror.plane_names == ["IOService", tree]
    assert mirror.path(4) == "IOService:/Machine/uart"
    assert mirror.path(3) == f"{tree}:/soc@7e", "it is in no other plane"
    assert mirror.tree(tree).path(4) == f"{tree}:/soc@7e/serial"
    for entry_id in (3, 4):
        assert mirror.nearest(mirror.tree(tree).path(entry_id)) == entry_id
    assert mirror.nearest(f"{tree}:/soc@7e/gone") == 3
    assert (mirror.tree(tree).size, mirror.tree("IOService").size) == (4, 3)
    mirror.apply(Delta(7, gone_entries=(EntryId(4), EntryId(3), EntryId(2))))
    assert mirror.plane_names == ["IOService"]
    assert mirror.tree(tree).tops == []


def test_the_status_line_counts_the_entries_of_the_plane_that_is_shown() -> None:
    root = entry(ROOT_ID, 0, "Root")
    below = (Place("IOUSB", EntryId(ROOT_ID)),)
    device = msgspec.structs.replace(entry(1, ROOT_ID, "Device"), places=below)
    mirror = filled(root, device, entry(2, ROOT_ID, "Other"))
    assert summary(mirror).startswith("3 entries  ·")
    assert summary(mirror, "IOUSB").startswith("2 of 3 entries in IOUSB  ·")
