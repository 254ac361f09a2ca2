"""The USB key sets, row by row, and what breaks them."""

import pytest

from runtime.matching.provider import Provider
from runtime.matching.usb import match_usb as scored_usb
from runtime.matching.verdict import Mismatch
from runtime.model.identity import EntryId
from runtime.model.properties import Properties

DEVICE: Properties = {
    "idVendor": 0x1209,
    "idProduct": 0x0001,
    "bcdDevice": 0x0100,
    "bDeviceClass": 0x02,
    "bDeviceSubClass": 0x03,
    "bDeviceProtocol": 0x04,
}
INTERFACE: Properties = {
    "idVendor": 0x1209,
    "idProduct": 0x0001,
    "bcdDevice": 0x0100,
    "bInterfaceNumber": 0,
    "bConfigurationValue": 1,
    "bInterfaceClass": 0x03,
    "bInterfaceSubClass": 0x01,
    "bInterfaceProtocol": 0x02,
}


def provider(properties: Properties) -> Provider:
    cls = "IOUSBHostInterface" if "bInterfaceNumber" in properties else "IOUSBHostDevice"
    return Provider(EntryId(1), cls, (cls, "IOService"), properties)


def match_usb(given: Provider, table: Properties) -> int | Mismatch:
    verdict = scored_usb(given, table)
    return verdict if isinstance(verdict, Mismatch) else verdict.total


def vendor_specific(properties: Properties) -> Properties:
    key = "bInterfaceClass" if "bInterfaceClass" in properties else "bDeviceClass"
    return {**properties, key: 0xFF}


ROWS = [
    (DEVICE, "idVendor idProduct bcdDevice", 100_000),
    (DEVICE, "idVendor idProduct", 90_000),
    (vendor_specific(DEVICE), "idVendor bDeviceSubClass bDeviceProtocol", 80_000),
    (vendor_specific(DEVICE), "idVendor bDeviceSubClass", 70_000),
    (DEVICE, "bDeviceClass bDeviceSubClass bDeviceProtocol", 60_000),
    (DEVICE, "bDeviceClass bDeviceSubClass", 50_000),
    (
        INTERFACE,
        "idVendor idProduct bInterfaceNumber bConfigurationValue bcdDevice",
        100_000,
    ),
    (INTERFACE, "idVendor idProduct bInterfaceNumber bConfigurationValue", 90_000),
    (vendor_specific(INTERFACE), "idVendor bInterfaceSubClass bInterfaceProtocol", 80_000),
    (vendor_specific(INTERFACE), "idVendor bInterfaceSubClass", 70_000),
    (INTERFACE, "bInterfaceClass bInterfaceSubClass bInterfaceProtocol", 60_000),
    (INTERFACE, "bInterfaceClass bInterfaceSubClass", 50_000),
]


@pytest.mark.parametrize(("properties", "keys", "score"), ROWS)
def test_each_key_set_has_its_score(properties: Properties, keys: str, score: int) -> None:
    table: Properties = {key: properties[key] for key in keys.split()}
    assert match_usb(provider(properties), table) == score


@pytest.mark.parametrize(("properties", "keys", "score"), ROWS)
def test_every_key_of_a_set_has_to_be_equal(properties: Properties, keys: str, score: int) -> None:
    for wrong in keys.split():
        table: Properties = {key: properties[key] for key in keys.split()}
        table[wrong] = 0x77
        failed = match_usb(provider(properties), table)
        assert isinstance(failed, Mismatch)
        assert failed.key == wrong
        assert failed.wanted == "119 (0x77)"


@pytest.mark.parametrize(
    ("properties", "keys", "blamed"),
    [
        (DEVICE, "idVendor", "idProduct"),
        (DEVICE, "bcdDevice bDeviceClass bDeviceSubClass", "bcdDevice"),
        (DEVICE, "bDeviceClass", "bDeviceSubClass"),
        (DEVICE, "", "idVendor"),
        (INTERFACE, "idVendor idProduct", "bConfigurationValue"),
        (INTERFACE, "idProduct bInterfaceClass bInterfaceSubClass", "idProduct"),
    ],
)
def test_keys_too_few_or_too_many_match_nothing(
    properties: Properties, keys: str, blamed: str
) -> None:
    table: Properties = {key: properties[key] for key in keys.split()}
    failed = match_usb(provider(properties), table)
    assert isinstance(failed, Mismatch)
    assert failed.key == blamed
    assert failed.wanted.startswith("one of the USB key sets of")


@pytest.mark.parametrize(
    ("properties", "keys", "score"),
    [
        (DEVICE, "idVendor idProduct bDeviceClass", 90_000),
        (DEVICE, "idVendor idProduct bcdDevice bDeviceClass bDeviceProtocol", 100_000),
        (vendor_specific(DEVICE), "idVendor bDeviceClass bDeviceSubClass", 70_000),
        (
            vendor_specific(INTERFACE),
            "idVendor bInterfaceClass bInterfaceSubClass bInterfaceProtocol",
            80_000,
        ),
        (
            INTERFACE,
            "idVendor idProduct bInterfaceNumber bConfigurationValue bInterfaceSubClass",
            90_000,
        ),
    ],
)
def test_the_class_may_stand_beside_a_vendors_set(
    properties: Properties, keys: str, score: int
) -> None:
    table: Properties = {key: properties[key] for key in keys.split()}
    assert match_usb(provider(properties), table) == score
    table[keys.rsplit(maxsplit=1)[-1]] = 0x77
    assert isinstance(match_usb(provider(properties), table), Mismatch)


@pytest.mark.parametrize(("base", "row"), [(DEVICE, 2), (DEVICE, 4), (INTERFACE, 8)])
def test_class_rows_look_at_the_vendor_specific_class(base: Properties, row: int) -> None:
    properties, keys, _ = ROWS[row]
    table: Properties = {key: properties[key] for key in keys.split()}
    other = base if row != 4 else vendor_specific(base)
    if row == 4:
        table["bDeviceClass"] = 0xFF
    failed = match_usb(provider(other), table)
    assert isinstance(failed, Mismatch)
    assert failed.key in ("bDeviceClass", "bInterfaceClass")
    assert "0xff" in failed.wanted


@pytest.mark.parametrize(
    ("product", "score"),
    [
        ({"idProduct": "0x0001"}, 90_000),
        ({"idProduct": "1"}, 90_000),
        ({"idProduct": "*"}, 89_000),
        ({"idProductArray": [7, 1]}, 90_000),
        ({"idProduct": 0x0F01, "idProductMask": 0x00FF}, 89_500),
        ({"idProductArray": [0x0F02, 0x0F01], "idProductMask": 0x00FF}, 89_500),
    ],
)
def test_products_by_text_wildcard_array_and_mask(product: Properties, score: int) -> None:
    assert match_usb(provider(DEVICE), {"idVendor": 0x1209, **product}) == score


@pytest.mark.parametrize(
    "product",
    [
        {"idProductArray": [7, 8]},
        {"idProduct": 0x0F02, "idProductMask": 0x00FF},
        {"idProductMask": 0x00FF},
        {"idProduct": True},
        {"idProduct": b"\x01"},
    ],
)
def test_products_that_are_others(product: Properties) -> None:
    failed = match_usb(provider(DEVICE), {"idVendor": 0x1209, **product})
    assert isinstance(failed, Mismatch)
    assert failed.key.startswith("idProduct")
