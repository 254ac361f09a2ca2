"""The inspector's rows from entries, well-formed and not."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ioregui.properties import rows
from ioregui.properties.text import entry_text
from runtime.interchange.registry_file import FIRST_FREE_ID
from runtime.model import properties
from runtime.model.entry import Entry, State
from runtime.model.identity import EntryId
from runtime.model.properties import Value
from runtime.wire.commands.registry import Details, Section

VALUES: st.SearchStrategy[Value] = st.recursive(
    st.text() | st.integers(-(2**63), 2**63) | st.booleans() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def entry(props: dict[str, Value]) -> Entry:
    return Entry(EntryId(7), 1, "Device", "IOUSBHostDevice", props=properties.encode(props))


def shown(props: dict[str, Value]) -> dict[str, tuple[int, str, str]]:
    made = rows.of_entry(entry(props), "IOService:/Device", "no driver")
    heading = next(at for at, row in enumerate(made) if row.heading)
    return {row.key: (row.depth, row.kind, row.value) for row in made[heading + 1 :]}


def test_identity_comes_first() -> None:
    made = rows.of_entry(entry({}), "IOService:/Device", "no driver")
    assert [row.key for row in made[:4]] == ["class", "id", "path", "state"]
    assert made[1].value == "0x7"
    assert made[3].value == "no driver, registered, matched"


def test_what_a_file_does_not_say_is_not_made_up() -> None:
    unsaid = Entry(EntryId(FIRST_FREE_ID), 1, "AppleARMPE", "IOService", state=int(State.PLAIN))
    keys = [row.key for row in rows.of_entry(msgspec.structs.replace(unsaid, retain=0), "p", "")]
    assert keys == ["class", "path", "Properties", "none"]
    said = rows.of_entry(msgspec.structs.replace(unsaid, retain=4, busy=1), "p", "")
    assert [row.key for row in said[:4]] == ["class", "path", "busy", "retain"]


def test_values_by_type() -> None:
    found = shown(
        {
            "number": 0x1234,
            "small": 3,
            "flag": True,
            "text": "a\nb",
            "data": b"\x01AB\xff",
            "list": [1, {"x": 2}],
        }
    )
    assert found["number"] == (0, "number", "4660 (0x1234)")
    assert found["small"] == (0, "number", "3")
    assert found["flag"] == (0, "boolean", "yes")
    assert found["text"] == (0, "text", "a b")
    assert found["data"] == (0, "data", "<014142ff>  ·AB·")
    assert found["list"] == (0, "array", "2 items")
    assert found["[1]"] == (1, "dictionary", "1 item")
    assert found["x"] == (2, "number", "2")


def test_long_data_is_cut_and_counted() -> None:
    assert shown({"data": bytes(5000)})["data"][2].endswith("… 5000 bytes")


def test_many_rows_are_cut_and_said() -> None:
    made = rows.of_entry(entry({str(n): n for n in range(rows.ROWS + 50)}), "", "")
    assert made[-1].value == f"more than {rows.ROWS} rows"


def test_broken_properties_are_one_sentence() -> None:
    broken = Entry(EntryId(7), 1, "Device", "IOService", props=msgspec.Raw(b"\xc1"))
    assert rows.of_entry(broken, "", "")[-1].value.startswith("properties: expected")


def test_details_become_headed_rows() -> None:
    details = Details((Section("Configuration 1", ((1, "bNumInterfaces", "2"),)),), "no access")
    made = rows.of_details(details)
    assert (made[0].key, made[0].heading) == ("Configuration 1", True)
    assert (made[1].depth, made[1].key, made[1].value) == (1, "bNumInterfaces", "2")
    assert made[2].value == "no access"


@given(st.dictionaries(st.text(), VALUES, max_size=6))
def test_any_property_is_one_plain_line(props: dict[str, Value]) -> None:
    for row in rows.of_entry(entry(props), "path", "state"):
        for text in (row.key, row.value):
            assert text.isprintable()
    assert entry_text(entry(props)).startswith("Device\n")
