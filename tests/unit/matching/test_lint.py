"""Lint: each complaint, and none about what is right."""

import pytest

from runtime.matching.lint import ERROR, WARNING, lint
from runtime.model.properties import Properties

GOOD: Properties = {
    "CFBundleIdentifier": "com.example.driver",
    "IOClass": "IOUserService",
    "IOProviderClass": "IOUSBHostInterface",
    "IOUserClass": "Driver",
    "IOUserServerName": "com.example.driver",
    "idVendor": 0x1209,
    "idProduct": 1,
    "bInterfaceNumber": 0,
    "bConfigurationValue": 1,
}
DEVICE: Properties = {
    "IOClass": "IOUserService",
    "IOProviderClass": "IOUSBHostDevice",
    "IOUserClass": "D",
    "IOUserServerName": "com.example.driver",
}
HID: Properties = {**DEVICE, "IOProviderClass": "IOHIDDevice"}
PCI: Properties = {**DEVICE, "IOProviderClass": "IOPCIDevice"}


def found(table: Properties, *, dext: bool = True) -> list[tuple[str, str]]:
    return [
        (each.severity, each.key) for each in lint({"P": table}, "com.example.driver", dext=dext)
    ]


def without(table: Properties, *keys: str) -> Properties:
    return {key: value for key, value in table.items() if key not in keys}


def test_a_right_personality_has_no_complaint() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (without(GOOD, "IOProviderClass"), (ERROR, "IOProviderClass")),
        ({**GOOD, "IOProviderClass": 5}, (ERROR, "IOProviderClass")),
        (without(GOOD, "IOUserClass"), (ERROR, "IOUserClass")),
        (without(GOOD, "IOClass"), (WARNING, "IOClass")),
        ({**GOOD, "IOClass": 5}, (ERROR, "IOClass")),
        ({**GOOD, "IOClass": "IOUSBHostDevice"}, (ERROR, "IOClass")),
        ({**GOOD, "IOClass": "IOUserServer"}, (ERROR, "IOClass")),
        ({**GOOD, "IOClass": "AcmeService"}, (WARNING, "IOClass")),
        ({**GOOD, "IOClass": "AppleUserHIDEventService"}, None),
        ({**GOOD, "IOClass": "$(SERVICE)"}, None),
        (without(GOOD, "IOUserServerName"), (WARNING, "IOUserServerName")),
        ({**GOOD, "CFBundleIdentifier": "com.other"}, (ERROR, "CFBundleIdentifier")),
        ({**GOOD, "IOProbeScore": "5"}, (ERROR, "IOProbeScore")),
        ({**GOOD, "IOProbeScore": 5}, (WARNING, "IOProbeScore")),
        ({**GOOD, "IOProbeScore": True}, (ERROR, "IOProbeScore")),
        ({**GOOD, "IOPropertyMatch": "x"}, (ERROR, "IOPropertyMatch")),
        ({**GOOD, "IOMatchCategry": "x"}, (WARNING, "IOMatchCategry")),
        ({**GOOD, "idVendor": "$(VENDOR)"}, (WARNING, "idVendor")),
        ({**GOOD, "idVendor": 0x12345}, (ERROR, "idVendor")),
        ({**GOOD, "idVendor": "Acme"}, (ERROR, "idVendor")),
        ({**GOOD, "bDeviceClass": 3}, (ERROR, "bDeviceClass")),
        (without(GOOD, "bInterfaceNumber"), (ERROR, "bInterfaceNumber")),
        (
            {**GOOD, "IOUserServerOneProcess": True, "IOUserServerName": "org.other.x"},
            (WARNING, "IOUserServerName"),
        ),
        ({**DEVICE, "bDeviceClass": 255, "bDeviceSubClass": 1}, (ERROR, "bDeviceClass")),
        (
            {**DEVICE, "idVendor": 5, "bDeviceClass": 3, "bDeviceSubClass": 1},
            (ERROR, "bDeviceClass"),
        ),
        ({**DEVICE, "IOProviderClass": "IOUSBDevice"}, (WARNING, "IOProviderClass")),
        ({**HID, "PrimaryUsagePage": 0xFF00, "Transport": "USB"}, (ERROR, "VendorID")),
        (
            {
                **HID,
                "DeviceUsagePairs": [{"DeviceUsagePage": 0xFF00}],
                "Transport": "Bluetooth Low Energy",
            },
            (ERROR, "VendorID"),
        ),
        ({**HID, "DeviceUsage": 1}, (WARNING, "DeviceUsage")),
        ({**HID, "DeviceUsage": 1, "DeviceUsagePage": 1}, None),
        ({**HID, "PrimaryUsagePage": 0xFF00}, (WARNING, "VendorID")),
        ({**HID, "ProductID": 1}, (WARNING, "ProductID")),
        ({**HID, "VendrID": 1}, (WARNING, "VendrID")),
        ({**PCI, "IOPCIMatch": "8086"}, None),
        ({**PCI, "IOPCIClassMatch": "08010200&0xfffffff00"}, None),
        ({**PCI, "IOPCIMatch": "any"}, (ERROR, "IOPCIMatch")),
        ({**HID, "PrimaryUsagePage": 0xFF00, "Transport": "SPI"}, None),
        ({**GOOD, "bInterfaceClass": 3}, None),
        ({**GOOD, "idVendor": "0x1209", "idProduct": "*"}, None),
        ({**GOOD, "AcmeSetting": 5, "locationID": 7, "Vendor_ID": 1}, None),
    ],
)
def test_each_complaint(table: Properties, complaint: tuple[str, str] | None) -> None:
    assert found(table) == ([complaint] if complaint else [])


def test_a_kext_needs_nothing_that_only_driver_extensions_do() -> None:
    bare = without({**GOOD, "IOClass": "IOUSBHostHub"}, "IOUserClass", "IOUserServerName")
    assert found(bare, dext=False) == []


def test_two_that_match_the_same_for_one_slot_collide() -> None:
    other = {**GOOD, "IOUserClass": "Other"}
    (complaint,) = lint({"P": GOOD, "Q": other}, "com.example.driver", dext=True)
    assert (complaint.severity, complaint.personality, complaint.key) == (
        WARNING,
        "Q",
        "IOMatchCategory",
    )
    aside = {**other, "IOMatchCategory": "com.example.aside"}
    assert lint({"P": GOOD, "Q": aside}, "com.example.driver", dext=True) == []
    assert lint({"P": GOOD, "Q": other}, "com.example.driver", dext=False) == []


def test_a_bundles_own_text_stays_on_one_line() -> None:
    table = {**without(GOOD, "IOUserServerName"), "CFBundleIdentifier": "com.other\n.driver"}
    other = {**GOOD, "IOUserServerName": "a\nb", "IOUserServerOneProcess": True}
    twice = {"P\n": GOOD, "Q": {**GOOD, "IOUserClass": "Other"}}
    told = [
        *lint({"P": table}, "com.example\n.driver", dext=True),
        *lint({"P": other}, "com.example\n.driver", dext=True),
        *lint(twice, "com.example.driver", dext=True),
    ]
    assert len(told) > 4
    assert all("\n" not in each.text for each in told)
