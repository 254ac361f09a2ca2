"""The search grammar."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.model import properties
from runtime.query.search import Facts, SearchError, parse

KEYBOARD = Facts(
    "USB Keyboard@1",
    "IOUSBHostDevice",
    "usbhid",
    "kernel driver",
    "2572",
    0x1_0000_0105,
    properties.encode(
        {
            "idVendor": 0x046D,
            "idProduct": 0xC31C,
            "USB Product Name": "USB Keyboard",
            "devices": ["event3", "mouse0"],
            "descriptor": b"\x05\x01\xff",
            "removable": True,
            "nested": {"depth": 7},
        }
    ),
    lambda: "IOService:/Machine/pci0000:00/USB Keyboard@1",
)


def found(text: str) -> bool:
    query = parse(text)
    assert query is not None
    return query.matches(KEYBOARD)


@pytest.mark.parametrize(
    "text",
    [
        "keyboard",
        "USB hid",
        "class:IOUSB*",
        "class:usbhost",
        "driver:usbhid state:kernel",
        'state:"kernel driver"',
        "pid:2572",
        "id:0x100000105",
        "key?oard",
        "mouse or keyboard",
        "mouse OR class:IOUSB* driver:usbhid",
        "usb -mouse -class:IOHID*",
        "-m?use",
        "vid:046d",
        "vid:0x046D:c31c",
        "prop.idVendor",
        "prop.IDVENDOR=0x046d",
        "prop.idVendor=1133",
        'prop."USB Product Name"="usb keyboard"',
        "prop.devices=event3",
        "prop.descriptor=0501ff",
        "prop.removable=yes",
        "prop.nested=7",
        "-prop.absent",
        "under:/Machine/pci0000:00",
        "under:IOService:/Machine",
        "under:/mach*/pci*",
        "under:/",
    ],
)
def test_found(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize(
    "text",
    [
        "mouse",
        "pid:257",
        "class:IOHID*",
        "keyboard state:gone",
        "name:key*",  # a pattern has to match the whole name
        "-keyboard",
        "-key?oard",
        "keyboard -prop.idVendor",
        "vid:046e",
        "vid:046d:0001",
        "prop.idVendor=0x46e",
        "prop.absent",
        "prop.devices=event",
        "under:/Machine/pci0000:0",  # no step's beginning is the step
        "under:/*/other",
        "mouse or tablet",
    ],
)
def test_not_found(text: str) -> None:
    assert not found(text)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("driver:", "driver:"),
        ("usb class:", "class:"),
        ('usb "key', '"key'),
        ("or usb", "or"),
        ("usb or", "or"),
        ("usb or or mouse", "or"),
        ("usb -", "-"),
        ("vid:xyz", "xyz"),
        ("pid:abc", "abc"),
        ("id:abc", "abc"),
        ("a prop.", "prop."),
        ("prop.a=", "prop.a="),
    ],
)
def test_an_error_says_where_it_is(text: str, where: str) -> None:
    with pytest.raises(SearchError, match="expected") as raised:
        parse(text)
    assert text[raised.value.start : raised.value.end] == where


@pytest.mark.parametrize("text", ["", "  ", '""', '"" -""'])
def test_nothing_is_asked_for(text: str) -> None:
    assert parse(text) is None


def test_a_pci_vendor_is_little_endian_data() -> None:
    props = properties.encode({"vendor-id": bytes.fromhex("86800000")})
    query = parse("vid:8086")
    assert query is not None
    assert query.matches(Facts("bridge", "IOPCIDevice", "", "", "", props=props))


def test_damaged_properties_are_not_found() -> None:
    query = parse("prop.idVendor")
    assert query is not None
    assert not query.matches(Facts("x", "y", "", "", "", props=msgspec.Raw(b"\xa8idVendor")))


def test_unknown_field_is_plain_text() -> None:
    query = parse("pci0000:00")
    assert query is not None
    assert query.matches(Facts("pci0000:00", "IOPCIBridge", "", "", ""))


@given(st.text() | st.text(alphabet='ab-":.*=o r/'))
def test_any_text_is_a_query_or_says_where_it_is_wrong(text: str) -> None:
    where = range(len(text) + 1)
    query = None
    try:
        query = parse(text)
    except SearchError as error:
        where = range(error.start, error.end)
    if query is not None:
        query.matches(KEYBOARD)
    assert where
    assert where.stop <= len(text) + 1
