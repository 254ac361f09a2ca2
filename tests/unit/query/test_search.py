"""The search grammar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.query.search import Facts, parse

KEYBOARD = Facts("USB Keyboard@1", "IOUSBHostDevice", "usbhid", "kernel driver", "2572")


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
        "name:key*",
        "key?oard",
        "driver:",
    ],
)
def test_found(text: str) -> None:
    query = parse(text)
    expected = text != "driver:"
    assert (query is not None) == expected
    if text == "name:key*":
        assert query is not None
        assert not query.matches(KEYBOARD)  # a pattern has to match the whole name
    elif query is not None:
        assert query.matches(KEYBOARD)


@pytest.mark.parametrize("text", ["mouse", "pid:257", "class:IOHID*", "keyboard state:gone"])
def test_not_found(text: str) -> None:
    query = parse(text)
    assert query is not None
    assert not query.matches(KEYBOARD)


def test_unknown_field_is_plain_text() -> None:
    query = parse("pci0000:00")
    assert query is not None
    assert query.matches(Facts("pci0000:00", "IOPCIBridge", "", "", ""))


@given(st.text())
def test_any_text_is_a_query(text: str) -> None:
    query = parse(text)
    if query is not None:
        query.matches(KEYBOARD)
