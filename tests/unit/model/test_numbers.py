"""Numbers as property lists spell them."""

import pytest

from runtime.model.numbers import number, same, shown
from runtime.model.properties import Value


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (5, 5),
        ("5", 5),
        (" 0x1F ", 31),
        ("0X1f", 31),
        ("-3", -3),
        ("1_0", None),
        ("x", None),
        ("", None),
        (True, None),
        (b"5", None),
        (["5"], None),
    ],
)
def test_a_number_in_any_spelling(value: Value, meant: int | None) -> None:
    assert number(value) == meant


@pytest.mark.parametrize(
    ("wanted", "found", "equal"),
    [
        (5, 5, True),
        ("0x5", 5, True),
        (5, "5", True),
        ("5", "0x5", False),
        (True, True, True),
        (True, 1, False),
        (1, True, False),
        (b"a", "a", False),
        ({"a": 1}, {"a": 1}, True),
        ("five", 5, False),
    ],
)
def test_values_are_equal_within_their_kind(wanted: Value, found: Value, *, equal: bool) -> None:
    assert same(wanted, found) is equal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (9, "9"),
        (4617, "4617 (0x1209)"),
        (True, "true"),
        (b"\x01", "<01>"),
        ([1, "a"], "[1, a]"),
        ({"k": False}, "{k: false}"),
        ("x" * 300, "x" * 119 + "…"),
    ],
)
def test_values_are_shown_short(value: Value | None, text: str) -> None:
    assert shown(value) == text
