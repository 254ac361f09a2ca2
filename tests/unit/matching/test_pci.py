"""PCI match strings, and the families that compare for equality."""

import pytest

from runtime.matching.compared import match_compared
from runtime.matching.pci import match_pci, terms
from runtime.matching.provider import Provider
from runtime.matching.rank import score
from runtime.matching.verdict import Mismatch
from runtime.model.identity import EntryId
from runtime.model.personality import Personality
from runtime.model.properties import Properties

CARD: Properties = {
    "vendor-id": bytes.fromhex("86800000"),
    "device-id": bytes.fromhex("33150000"),
    "subsystem-vendor-id": bytes.fromhex("86800000"),
    "subsystem-id": bytes.fromhex("01000000"),
    "class-code": bytes.fromhex("00000200"),
    "revision-id": bytes.fromhex("03000000"),
}
ETHERNET = Provider(EntryId(1), "pci8086,1533", ("IOPCIDevice", "IOService"), CARD)


@pytest.mark.parametrize(
    ("table", "failed"),
    [
        ({}, None),
        ({"IOPCIMatch": "0x15338086"}, None),
        ({"IOPCIMatch": "0x00018086"}, None),  # the subsystem's register
        ({"IOPCIMatch": "15338086"}, None),
        ({"IOPCIMatch": "0x10008086 0x15338086"}, None),
        ({"IOPCIMatch": "0x15008086&0xff00ffff"}, None),
        ({"IOPCIMatch": "0x153f8086&0xfff0ffff"}, None),
        ({"IOPCIMatch": "0x10008086"}, "IOPCIMatch"),
        ({"IOPCIMatch": "nonsense"}, "IOPCIMatch"),
        ({"IOPCIMatch": 0x15338086}, "IOPCIMatch"),
        ({"IOPCIPrimaryMatch": "0x15338086"}, None),
        ({"IOPCIPrimaryMatch": "0x00018086"}, "IOPCIPrimaryMatch"),
        ({"IOPCISecondaryMatch": "0x00018086"}, None),
        ({"IOPCISecondaryMatch": "0x15338086"}, "IOPCISecondaryMatch"),
        ({"IOPCIClassMatch": "0x02000000"}, None),  # the revision is outside the default mask
        ({"IOPCIClassMatch": "0x02000000&0xff000000"}, None),
        ({"IOPCIClassMatch": "0x02000004&0xffffffff"}, "IOPCIClassMatch"),
        ({"IOPCIMatch": "0x15338086", "IOPCIClassMatch": "0x01000000"}, "IOPCIClassMatch"),
    ],
)
def test_each_string_is_compared_with_its_registers(table: Properties, failed: str | None) -> None:
    found = match_pci(ETHERNET, table)
    assert (found.key if isinstance(found, Mismatch) else None) == failed


def test_terms_end_at_what_is_none() -> None:
    assert terms("0x1&0xff 0X2 junk 0x3", 0xF) == [(1, 0xFF), (2, 0xF)]


def test_the_score_of_a_pci_personality_is_its_probe_score() -> None:
    table: Properties = {"IOProviderClass": "IOPCIDevice", "IOPCIMatch": "0x15338086"}
    assert score(ETHERNET, Personality("p", "b", "IOPCIDevice", "p", table, probe_score=7)) == 7


@pytest.mark.parametrize(
    ("cls", "has", "table", "failed"),
    [
        ("IOMedia", {"Content Hint": "A", "Whole": True}, {"Content Hint": "A"}, None),
        ("IOMedia", {"Whole": True}, {"Whole": False}, "Whole"),
        ("IOMedia", {}, {"Leaf": True}, "Leaf"),
        ("IOMedia", {}, {"IOTTYBaseName": "usb"}, None),
        ("IOSerialBSDClient", {"IOTTYBaseName": "usb"}, {"IOTTYBaseName": "usb"}, None),
        ("IOSerialBSDClient", {"IOTTYBaseName": "usb"}, {"IOTTYBaseName": "s"}, "IOTTYBaseName"),
        ("IOSerialBSDClient", {}, {"IOSerialBSDClientType": "IOSerialStream"}, None),
        (
            "IOSerialBSDClient",
            {},
            {"IOSerialBSDClientType": "IOModemSerialStream"},
            "IOSerialBSDClientType",
        ),
        ("IONetworkInterface", {}, {"Leaf": True}, None),
    ],
)
def test_families_that_compare_for_equality(
    cls: str, has: Properties, table: Properties, failed: str | None
) -> None:
    found = match_compared(Provider(EntryId(1), "x", (cls, "IOService"), has), table)
    assert (found.key if isinstance(found, Mismatch) else None) == failed
