"""Values of `ioreg`'s text, and what is not one."""

import pytest

from runtime.interchange.text_values import parse
from runtime.model.properties import Value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'"plain"', "plain"),
        (b'"with "quotes" inside"', 'with "quotes" inside'),
        (b'""', ""),
        (b"0", 0),
        (b"18446744073709551615", (1 << 64) - 1),
        (b"-1", -1),
        (b"0x1f", 31),
        (b"Yes", True),
        (b"No", False),
        (b"<>", b""),
        (b"<0001ff>", b"\x00\x01\xff"),
        (b'<"a","b">', b"a\0b\0"),
        (b"()", []),
        (b"{}", {}),
        (b"(1,2)", [1, 2]),
        (b"[1,2]", [1, 2]),
        (b'("a","b,c",<00>)', ["a", "b,c", b"\0"]),
        (b'{"a"=1,"b"={"c"=(Yes,No)},"d"=<"x">}', {"a": 1, "b": {"c": [True, False]}, "d": b"x\0"}),
        (b'{"a"="say "hi" now","b"=2}', {"a": 'say "hi" now', "b": 2}),
        (b'({},(),{"k"=()})', [{}, [], {"k": []}]),
        (b'"\xff"', b"\xff"),
    ],
)
def test_values(text: bytes, value: Value) -> None:
    found, complaint = parse(text)
    assert (found, complaint) == (value, "")
    assert type(found) is type(value)


def test_what_a_dictionary_lacks_is_empty_and_counted() -> None:
    value, complaint = parse(b'{"a"=,"b"=1}')
    assert value == {"a": "", "b": 1}
    assert complaint == "expected a value at byte 5, found nothing"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<0g>",
        b"<012>",
        b"(1,2",
        b"(1 2)",
        b"{1=2}",
        b"maybe",
        b"99999999999999999999",
        b"(1)(2)",
        b"(" * 65 + b")" * 65,
        b'<"a>',
    ],
)
def test_what_is_no_value_stays_text(text: bytes) -> None:
    value, complaint = parse(text)
    assert value == text.decode()
    assert complaint.startswith("expected a value, found ")
