"""Passive matching, key by key, in IOKit's order."""

import pytest

from runtime.matching.passive import match_service
from runtime.matching.provider import Provider
from runtime.model.identity import EntryId
from runtime.model.properties import Properties

DISK = Provider(
    EntryId(3),
    "Disk",
    ("IOMedia", "IOStorage", "IOService"),
    {
        "BSD Name": "sda",
        "Whole": True,
        "Size": 512,
        "compatible": ["acme,disk", "disk"],
        "name": b"pci8086,a352\0pciclass,010601\0",
        "device_type": "block",
    },
    location="1,0",
    path="IOService:/Hub/Disk@1,0",
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
        ({"IONameMatch": "pci8086,a352"}, None),
        ({"IONameMatch": "block"}, None),
        ({"IONameMatch": "acme,*"}, None),
        ({"IONameMatch": "acme*d"}, "IONameMatch"),
        ({"IONameMatch": ["disk*", "Dis"]}, None),
        ({"IONameMatch": "emca*"}, "IONameMatch"),
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
