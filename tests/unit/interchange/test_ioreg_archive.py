"""`ioreg -a` against the structure of ioreg.c."""

import plistlib
from typing import Any

from runtime.interchange.ioreg_archive import archive
from runtime.interchange.ioreg_text import Options
from runtime.model import properties
from runtime.model.entry import READY, Entry, State
from runtime.model.identity import ROOT_ID, EntryId

BOX, KEY, LEAF = (EntryId(ROOT_ID + n) for n in (1, 2, 3))
TREE = [
    Entry(ROOT_ID, 0, "Root", "IORegistryEntry", state=int(State.PLAIN), retain=2),
    Entry(BOX, ROOT_ID, "Box", "IOPlatformExpertDevice", busy_ms=3),
    Entry(
        KEY,
        BOX,
        "Key\x1b",
        "IOUSBHostDevice",
        "01100000",
        props=properties.encode({"idVendor": 1, "raw": b"\0\xff", "list": [True, {"a": -1}]}),
    ),
    Entry(LEAF, KEY, "leaf", "IOUSBHostInterface"),
]


def _array(options: Options) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = plistlib.loads(archive(TREE, options))
    return read


def test_whole_tree_is_one_dictionary() -> None:
    root = plistlib.loads(archive(TREE, Options()))
    assert root["IORegistryEntryName"] == "Root"
    assert "IOServiceState" not in root
    (box,) = root["IORegistryEntryChildren"]
    assert box["IOServiceBusyTime"] == 3_000_000
    assert box["IOServiceState"] == int(READY)
    assert "idVendor" not in box["IORegistryEntryChildren"][0]


def test_found_subtrees_are_an_array_with_properties() -> None:
    (key,) = _array(Options(roots=True, cls="IOUSBHostDevice", inheritance=True))
    assert (key["IORegistryEntryName"], key["IORegistryEntryLocation"]) == ("Key", "01100000")
    assert (key["idVendor"], key["raw"], key["list"]) == (1, b"\0\xff", [True, {"a": -1}])
    assert key["IORegistryEntryID"] == KEY
    assert key["IOObjectInheritance"] == ["IORegistryEntry", "IOService", "IOUSBHostDevice"]
    assert [child["IORegistryEntryName"] for child in key["IORegistryEntryChildren"]] == ["leaf"]


def test_depth_cuts_and_ancestors_wrap() -> None:
    (key,) = _array(Options(roots=True, key="idVendor", depth=1))
    assert "IORegistryEntryChildren" not in key
    (root,) = _array(Options(roots=True, key="idVendor", ancestors=True))
    key = root["IORegistryEntryChildren"]["IORegistryEntryChildren"]
    assert key["idVendor"] == 1


def test_nothing_found_writes_nothing() -> None:
    assert archive(TREE, Options(roots=True, name="absent")) == b""
