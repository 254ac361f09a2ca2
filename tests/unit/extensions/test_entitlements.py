"""Entitlements: what a launch needs, and what the words say."""

import plistlib
from pathlib import Path

import pytest

from runtime.extensions import plist
from runtime.extensions.entitlement_words import described
from runtime.extensions.entitlements import TRANSPORT_USB, check
from runtime.model.errors import BundleError
from runtime.model.properties import Properties

USB = ("IOUSBHostInterface", "IOService")
INTERFACE: Properties = {"idVendor": 0x1209, "idProduct": 1, "bInterfaceNumber": 0}
DRIVERKIT = "com.apple.developer.driverkit"


def declared(*dictionaries: Properties) -> Properties:
    return {DRIVERKIT: True, TRANSPORT_USB: list(dictionaries)}


@pytest.mark.parametrize(
    ("dictionary", "allowed"),
    [
        ({"idVendor": 0x1209}, True),
        ({"idVendor": "0x1209"}, True),
        ({"idVendor": "*"}, True),
        ({"idVendor": 0x1209, "idProduct": 1}, True),
        ({"idVendor": 0x1209, "idProduct": 2}, False),
        ({"idVendor": 0x1209, "idProductArray": [3, 1]}, True),
        ({"idVendor": 0x1209, "idProductArray": [3, 4]}, False),
        ({"idVendor": 0x1209, "idProduct": 0xF1, "idProductMask": 0x0F}, True),
        ({"idVendor": 0x1209, "idProduct": 0xF2, "idProductMask": 0x0F}, False),
        ({"idVendor": 0x1209, "bInterfaceClass": 3}, False),
    ],
)
def test_a_usb_dictionary_covers_what_all_its_keys_match(
    dictionary: Properties, *, allowed: bool
) -> None:
    decision = check(declared(dictionary), USB, INTERFACE)
    assert decision.allowed is allowed
    assert decision.entitlement == ("" if allowed else TRANSPORT_USB)


def test_one_of_several_dictionaries_is_enough() -> None:
    assert check(declared({"idVendor": 1}, {"idVendor": 0x1209}), USB, INTERFACE).allowed


def test_a_denial_names_entitlement_wanted_and_found() -> None:
    decision = check({DRIVERKIT: True}, USB, INTERFACE)
    assert decision.wanted == "a dictionary that covers {idVendor: 4617 (0x1209), idProduct: 1}"
    assert decision.found == "nothing"
    assert check({}, USB, INTERFACE).entitlement == DRIVERKIT


def test_other_transports_need_theirs() -> None:
    hid = check({DRIVERKIT: True}, ("IOHIDDevice", "IOService"), {})
    assert (hid.allowed, hid.entitlement) == (False, "com.apple.developer.driverkit.transport.hid")
    assert check({DRIVERKIT: True}, ("IOService",), {}).allowed


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        ("a", True),
        ("c", False),
        (["c", "a"], True),
        ([["a", "c"], ["a", "b"]], True),
        ([["a", "c"]], False),
        ([], False),
    ],
)
def test_what_the_provider_asks_for(asked: list[object] | str, *, allowed: bool) -> None:
    provider: Properties = {"IOServiceDEXTEntitlements": asked}  # type: ignore[dict-item]  # varies
    decision = check({DRIVERKIT: True, "a": True, "b": True}, ("IOService",), provider)
    assert decision.allowed is allowed


def test_words_put_the_risky_first_and_leave_out_what_is_false() -> None:
    table: Properties = {
        DRIVERKIT: True,
        "com.apple.developer.driverkit.family.audio": False,
        TRANSPORT_USB: [{"idVendor": 0x1209}],
        "com.apple.developer.driverkit.transport.hid": True,
        "com.example.unheard-of": True,
    }
    assert [(item.words, item.risky) for item in described(table)] == [
        ("talks to keyboards, mice and other input devices", True),
        ("not known to this version", True),
        ("runs as a driver, in a process of its own", False),
        ("talks to USB devices of vendor 4617 (0x1209)", False),
    ]


def test_usb_devices_are_named_by_vendor_and_product() -> None:
    (item,) = described(
        {
            TRANSPORT_USB: [
                {"idVendor": 0x1209, "idProduct": 1},
                {"idVendor": 0x1209, "idProduct": 2, "idProductMask": 2},
            ]
        }
    )
    words = "talks to USB devices of vendor 4617 (0x1209), product 1; 4617 (0x1209)"
    assert item.words == words


@pytest.mark.parametrize("value", [[{"idVendor": "*"}], [{}], [], True])
def test_every_usb_device_is_worth_a_second_look(value: list[Properties] | bool) -> None:
    (item,) = described({TRANSPORT_USB: value})  # type: ignore[dict-item]  # list is invariant
    assert (item.words, item.risky) == ("talks to USB devices of any maker", True)


def test_real_entitlements_have_words(corpora: Path) -> None:
    unknown: set[str] = set()
    for path in sorted((corpora / "entitlements").rglob("*.entitlements")):
        try:
            table = plist.read(path.read_bytes(), path.name)
        except BundleError:
            continue
        unknown |= {
            item.key
            for item in described(table)
            if item.words == "not known to this version" and "driverkit" in item.key
        }
    assert unknown == set(), plistlib.dumps(sorted(unknown)).decode()
