"""A whole verdict: service keys, family, ancestors, probe score, in IOKit's order."""

import pytest

from runtime.matching.judgement import judge
from runtime.matching.provider import Provider
from runtime.matching.verdict import Mismatch
from runtime.model.identity import EntryId
from runtime.model.personality import Personality
from runtime.model.properties import Properties, Value

ROOT = Provider(EntryId(1), "Root", ("IORegistryEntry",), {"machine": "pc"})
BOARD = Provider(EntryId(2), "Board", ("IOPlatformDevice", "IOService"), {}, ancestors=(ROOT,))
HUB = Provider(
    EntryId(3),
    "Hub",
    ("IOUSBHostDevice", "IOService"),
    {"idVendor": 5, "idProduct": 6, "bDeviceClass": 9},
    ancestors=(BOARD, ROOT),
)
DISK = Provider(
    EntryId(4),
    "Disk",
    ("IOMedia", "IOStorage", "IOService"),
    {"Whole": True},
    ancestors=(HUB, BOARD, ROOT),
)
NUB = Provider(
    EntryId(5),
    "Nub",
    ("IOSCSIPeripheralDeviceNub", "IOService"),
    {
        "Peripheral Device Type": 0,
        "Vendor Identification": "ACME",
        "Product Identification": "Disk",
    },
)


def verdict(provider: Provider, table: Properties, probe: int = 0) -> int | str:
    """The score, or the key that failed."""
    one = Personality("P", "com.example.p", provider.classes[0], "P", table, probe_score=probe)
    found = judge(provider, one)
    return found.key if isinstance(found, Mismatch) else found.total


@pytest.mark.parametrize(
    ("parent", "failed"),
    [
        ({"IOProviderClass": "IOUSBHostDevice", "idVendor": 5, "idProduct": 6}, None),
        (
            {"IOProviderClass": "IOUSBHostDevice", "idVendor": 5, "idProduct": 7},
            "IOParentMatch.IOProviderClass",
        ),
        ({"IOProviderClass": "IOUSBHostDevice"}, "IOParentMatch.IOProviderClass"),
        ({"IOPropertyMatch": {"machine": "pc"}}, None),
        ({"IONameMatch": "Board", "IOParentMatch": {"IONameMatch": "Root"}}, None),
        (
            {"IONameMatch": "Root", "IOParentMatch": {"IONameMatch": "Board"}},
            "IOParentMatch.IOParentMatch",
        ),
        (
            {"IONameMatch": "Board", "IOParentMatch": {"IONameMatch": "Hub"}},
            "IOParentMatch.IOParentMatch.IONameMatch",
        ),
        ({"IONameMatch": "Disk"}, "IOParentMatch.IONameMatch"),
        ("Hub", "IOParentMatch"),
        ({"IONameMatch": "Board", "IOParentMatch": 5}, "IOParentMatch.IOParentMatch"),
    ],
)
def test_a_parent_match_goes_up_and_never_back(parent: Value, failed: str | None) -> None:
    assert verdict(DISK, {"IOParentMatch": parent}) == (failed or 0)


def test_without_ancestors_no_parent_matches() -> None:
    assert verdict(ROOT, {"IOParentMatch": {}}) == "IOParentMatch"


def test_service_keys_come_before_the_familys_and_these_before_the_parents() -> None:
    wrong: Properties = {"IONameMatch": "x", "Whole": False, "IOParentMatch": {"IONameMatch": "x"}}
    assert verdict(DISK, wrong) == "IONameMatch"
    assert verdict(DISK, {**wrong, "IONameMatch": "Disk"}) == "Whole"
    right: Properties = {**wrong, "IONameMatch": "Disk", "Whole": True}
    assert verdict(DISK, right) == "IOParentMatch.IONameMatch"


@pytest.mark.parametrize(
    ("table", "score"),
    [
        ({"Peripheral Device Type": 0}, 5000),
        ({"Peripheral Device Type": 5}, "Peripheral Device Type"),
        ({"Peripheral Device Type": 0, "Vendor Identification": "ACME"}, 10_000),
        (
            {"Peripheral Device Type": 0, "Vendor Identification": "APPLE"},
            "Vendor Identification",
        ),
        (
            {
                "Peripheral Device Type": 0,
                "Vendor Identification": "ACME",
                "Product Identification": "Disk",
            },
            15_000,
        ),
        (
            {
                "Peripheral Device Type": 0,
                "Vendor Identification": "ACME",
                "Product Identification": "Disk",
                "Product Revision Level": "1",
            },
            15_000,
        ),
        ({"Peripheral Device Type": 0, "Product Identification": "Tape"}, 5000),
        ({"Vendor Identification": "ACME"}, "Peripheral Device Type"),
        ({"IOMatchCategory": "com.example"}, 4900),
        ({"IOMatchCategory": "SCSITaskUserClientDevice"}, 0),
    ],
)
def test_scsi_scores_rise_with_every_step_that_is_named(
    table: Properties, score: int | str
) -> None:
    assert verdict(NUB, table) == score


def test_a_probe_score_is_clamped_as_the_family_does_it() -> None:
    assert verdict(NUB, {"Peripheral Device Type": 0}, 4999) == 9999
    assert verdict(NUB, {"Peripheral Device Type": 0}, 5000) == 9000
    assert verdict(HUB, {"idVendor": 5, "idProduct": 6}, 10_000) == 99_000
    assert verdict(DISK, {}, 50_000) == 50_000


@pytest.mark.parametrize(
    ("stream", "wanted", "matches"),
    [
        ("IOModemSerialStreamSync", "IOModemSerialStream", True),
        ("IORS232SerialStreamSync", "IOModemSerialStream", False),
        ("IORS232SerialStreamSync", "IORS232SerialStreamSync", True),
        ("IOPlatformDevice", "IOSerialStream", True),
        ("IOPlatformDevice", "IOModemSerialStream", False),
        ("IOModemSerialStreamSync", 5, False),
    ],
)
def test_a_serial_type_begins_a_class_of_the_stream_below(
    stream: str, wanted: Value, *, matches: bool
) -> None:
    below = Provider(EntryId(1), "S", (stream, "IOSerialStreamSync", "IOService"), {})
    if stream == "IOPlatformDevice":
        below = BOARD
    tty = Provider(EntryId(2), "T", ("IOSerialBSDClient", "IOService"), {}, ancestors=(below,))
    failed = verdict(tty, {"IOSerialBSDClientType": wanted})
    assert failed == (0 if matches else "IOSerialBSDClientType")
