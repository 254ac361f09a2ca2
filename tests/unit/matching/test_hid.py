"""The HID scores, row by row, with the gates."""

import msgspec
import pytest

from runtime.matching.hid import match_hid
from runtime.matching.provider import Provider
from runtime.matching.verdict import Mismatch
from runtime.model.identity import EntryId
from runtime.model.properties import Properties

TABLET: Properties = {
    "Transport": "USB",
    "LocationID": 0x01100000,
    "VendorID": 0x056A,
    "ProductID": 0x0374,
    "ModelNumber": 7,
    "VersionNumber": 0x100,
    "Manufacturer": "Wacom",
    "SerialNumber": "1",
    "PhysicalDeviceUniqueID": "u",
    "PrimaryUsagePage": 0x0D,
    "PrimaryUsage": 1,
    "BootProtocol": 0,
    "DeviceUsagePairs": [
        {"DeviceUsagePage": 0x0D, "DeviceUsage": 1},
        {"DeviceUsagePage": 0x01, "DeviceUsage": 2},
    ],
}


def total(table: Properties, has: Properties = TABLET) -> int | str:
    """The score, or the key that failed."""
    found = match_hid(Provider(EntryId(1), "Tablet", ("IOHIDDevice",), has), table)
    return found.key if isinstance(found, Mismatch) else found.total


@pytest.mark.parametrize(
    ("table", "score"),
    [
        ({}, 0),
        ({"Transport": "USB"}, 1000),
        ({"Transport": "USB", "LocationID": 0x01100000}, 3000),
        ({"LocationID": 0x01100000}, 0),
        ({"VendorID": 0x056A}, 5000),
        ({"VendorID": "0x056a"}, 5000),
        ({"VendorID": 0x056A, "ProductID": 0x0374}, 6000),
        ({"VendorID": 0x056A, "ProductID": "*"}, 6000),
        ({"VendorID": 0x056A, "ProductIDArray": [1, 0x0374]}, 5975),
        ({"VendorID": 0x056A, "ProductID": 0x0370, "ProductIDMask": 0xFFF0}, 5950),
        ({"VendorID": 0x056A, "ProductIDArray": [1, 0x0370], "ProductIDMask": 0xFFF0}, 5925),
        ({"VendorID": 0x056A, "ModelNumber": 7}, 6000),
        ({"VendorID": 0x056A, "VersionNumber": 0x100}, 5100),
        ({"VendorID": 0x056A, "Manufacturer": "Wacom"}, 5100),
        ({"VendorID": 0x056A, "SerialNumber": "1"}, 5100),
        ({"VendorID": 0x056A, "PhysicalDeviceUniqueID": "u"}, 5100),
        ({"ProductID": 0x0374, "Manufacturer": "Wacom"}, 0),
        ({"DeviceUsagePage": 0x0D, "DeviceUsage": 1}, 1200),
        ({"DeviceUsagePage": 0x01}, 1150),
        ({"DeviceUsage": 2}, 0),
        ({"DeviceUsage": 99}, 0),
        ({"DeviceUsagePairs": [{"DeviceUsagePage": 9}, {"DeviceUsagePage": 1}]}, 1150),
        (
            {
                "DeviceUsagePairs": [
                    {"DeviceUsagePage": 1, "DeviceUsage": 2},
                    {"DeviceUsagePage": 13, "DeviceUsage": 1},
                ]
            },
            1200,
        ),
        ({"PrimaryUsagePage": 0x0D}, 1100),
        ({"PrimaryUsagePage": 0x0D, "PrimaryUsage": 1}, 1200),
        ({"DeviceUsagePage": 0x0D, "PrimaryUsagePage": 0x0D}, 1150),
        ({"DeviceUsagePage": 0x0D, "DeviceUsagePairs": [{"DeviceUsagePage": 1}]}, 1200),
        ({"DeviceUsagePairs": []}, 0),
        ({"ProductIDMask": 0xFFF0}, 0),
        ({"BootProtocol": 0}, 0),
        ({"Transport": "USB", "VendorID": 0x056A, "PrimaryUsagePage": 0x0D}, 7100),
    ],
)
def test_each_key_adds_its_part(table: Properties, score: int) -> None:
    assert total(table) == score


@pytest.mark.parametrize(
    "table",
    [
        {"Transport": "Bluetooth"},
        {"Transport": "USB", "LocationID": 5},
        {"VendorID": 5},
        {"VendorID": "*"},
        {"ProductID": 5},
        {"VendorID": 0x056A, "ProductIDArray": [1, 2]},
        {"VendorID": 0x056A, "VersionNumber": 5},
        {"DeviceUsagePage": 5},
        {"DeviceUsagePairs": [{"DeviceUsagePage": 5}]},
        {"PrimaryUsagePage": 5},
        {"DeviceUsagePairs": [{"DeviceUsagePage": 0x0D}], "PrimaryUsagePage": 5},
        {"DeviceUsagePage": 0x0D, "PrimaryUsage": 9},
        {"BootProtocol": 1},
        {"HIDDefaultBehavior": ""},
    ],
)
def test_every_key_that_is_there_has_to_match(table: Properties) -> None:
    assert total(table) == list(table)[-1]


def test_a_device_that_publishes_no_usage_pairs_matches_no_usage() -> None:
    bare = {key: value for key, value in TABLET.items() if key != "DeviceUsagePairs"}
    assert total({"DeviceUsagePage": 0x0D}, bare) == "DeviceUsagePage"


def test_a_vendor_defined_page_needs_the_vendor_when_it_is_for_usb_or_bluetooth() -> None:
    pages: list[Properties] = [
        {"PrimaryUsagePage": 0xFF0D},
        {"DeviceUsagePairs": [{"DeviceUsagePage": 0xFF0D}]},
    ]
    for vendor_page in pages:
        has: Properties = {**TABLET, **vendor_page}
        score = 1100 if "PrimaryUsagePage" in vendor_page else 1150
        assert total(vendor_page, has) == score
        for transport in ("USB", "Bluetooth", "Bluetooth Low Energy", "SPI"):
            table: Properties = {"Transport": transport, **vendor_page}
            there: Properties = {**has, "Transport": transport}
            assert total(table, there) == (score + 1000 if transport == "SPI" else "VendorID")
            assert total({**table, "VendorID": 0x056A}, there) == score + 6000


def test_an_interface_is_compared_by_its_device_unless_that_has_several() -> None:
    device = Provider(EntryId(1), "D", ("IOHIDDevice",), TABLET)
    pen: Properties = {"PrimaryUsagePage": 0x0D}

    def score(several: object) -> int | str:
        has: Properties = {**TABLET, "MultipleInterfaceEnabled": several is True}
        above = msgspec.structs.replace(device, properties=has)
        own: Properties = {"PrimaryUsagePage": 1}
        one = Provider(EntryId(2), "I", ("IOHIDInterface",), own, ancestors=(above,))
        found = match_hid(one, pen)
        return found.key if isinstance(found, Mismatch) else found.total

    assert score(several=False) == 1100
    assert score(several=True) == "PrimaryUsagePage"
