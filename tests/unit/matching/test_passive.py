"""Passive matching, key by key, in IOKit's order."""

import pytest

from runtime.matching.passive import match_parent, match_service
from runtime.matching.provider import Provider
from runtime.model.identity import EntryId
from runtime.model.properties import Properties

ROOT = Provider(EntryId(1), "Root", ("IORegistryEntry",), {"machine": "pc"})
HUB = Provider(
    EntryId(2), "Hub", ("IOUSBHostDevice", "IOService"), {"idVendor": 5}, ancestors=(ROOT,)
)
DISK = Provider(
    EntryId(3),
    "Disk",
    ("IOMedia", "IOStorage", "IOService"),
    {"BSD Name": "sda", "Whole": True, "Size": 512, "compatible": ["acme,disk", "disk"]},
    location="1,0",
    path="IOService:/Hub/Disk@1,0",
    ancestors=(HUB, ROOT),
)


@pytest.mark.parametrize(
    ("table", "failed"),
    [
        ({}, None),
        ({"IOProviderClass": "IOStorage"}, None),
        ({"IOProviderClass": "IOPCIDevice"}, "IOProviderClass"),
        ({"IOProviderClass": 5}, "IOProviderClass"),
        ({"IONameMatch": "Disk"}, None),
        ({"IONameMatch": ["x", "acme,disk"]}, None),
        ({"IONameMatch": ["x", "y"]}, "IONameMatch"),
        ({"IOLocationMatch": "1,0"}, None),
        ({"IOLocationMatch": "1"}, "IOLocationMatch"),
        ({"IOPropertyMatch": {"Whole": True, "Size": "0x200"}}, None),
        ({"IOPropertyMatch": {"Whole": 1}}, "IOPropertyMatch.Whole"),
        ({"IOPropertyMatch": [{"Size": 1}, {"Whole": True}]}, None),
        ({"IOPropertyMatch": [{"Size": 1}, {"Size": 2}]}, "IOPropertyMatch.Size"),
        ({"IOPropertyMatch": "Whole"}, "IOPropertyMatch"),
        ({"IOPropertyExistsMatch": ["none", "Whole"]}, None),
        ({"IOPropertyExistsMatch": "none"}, "IOPropertyExistsMatch"),
        ({"IOPathMatch": "IOService:/Hub/Disk@1,0"}, None),
        ({"IOPathMatch": "IOService:/"}, "IOPathMatch"),
        ({"IORegistryEntryID": 3}, None),
        ({"IORegistryEntryID": 4}, "IORegistryEntryID"),
        ({"BSD Name": "sda"}, None),
        ({"BSD Name": "sdb"}, "BSD Name"),
        ({"IOResourceMatch": "IOKit"}, None),
        ({"KeyThatNobodyKnows": 1}, None),
        ({"BSD Name": "sdb", "IONameMatch": "x"}, "IONameMatch"),
    ],
)
def test_each_key(table: Properties, failed: str | None) -> None:
    found = match_service(DISK, table)
    assert (found.key if found else None) == failed


def test_resources_are_waited_for_on_resource_nubs_only() -> None:
    nub = Provider(EntryId(4), "IOResources", ("IOResources", "IOService"), {"IOKit": "IOService"})
    assert match_service(nub, {"IOResourceMatch": "IOKit"}) is None
    failed = match_service(nub, {"IOResourceMatch": ["IOKit", "IOBSD"]})
    assert failed is not None
    assert (failed.key, failed.wanted, failed.found) == ("IOResourceMatch", "IOBSD", "nothing")


@pytest.mark.parametrize(
    ("parent", "matches"),
    [
        ({"IOProviderClass": "IOUSBHostDevice"}, True),
        ({"IOPropertyMatch": {"machine": "pc"}}, True),
        ({"IOProviderClass": "IOUSBHostDevice", "IOPropertyMatch": {"machine": "pc"}}, False),
        ({"IONameMatch": "Disk"}, False),
        ("Hub", False),
    ],
)
def test_a_parent_match_needs_one_ancestor(parent: Properties | str, *, matches: bool) -> None:
    assert (match_parent(DISK, {"IOParentMatch": parent}) is None) is matches
