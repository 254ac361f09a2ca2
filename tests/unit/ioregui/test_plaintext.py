"""Untrusted text: bounded, one line, nothing invisible, whatever comes in."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioregui import plaintext


@given(st.text(max_size=400), st.integers(min_value=3, max_value=200))
def test_result_is_bounded_visible_and_one_line(text: str, limit: int) -> None:
    shown = plaintext.plain(text, limit)
    assert len(shown) <= limit
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}]


@given(st.text(max_size=200))
def test_showing_twice_changes_nothing(text: str) -> None:
    once = plaintext.plain(text)
    assert plaintext.plain(once) == once


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Acme Widget", "Acme Widget"),
        ("<b>Bold</b>", "<b>Bold</b>"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("two\nlines\r\n\there", "two lines here"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("nul\x00bell\x07", "nulbell"),
        ("half \ud800 pair", "half pair"),
        ("línea — ünïcode 日本", "línea — ünïcode 日本"),
        ("", ""),
    ],
)
def test_examples(raw: str, shown: str) -> None:
    assert plaintext.plain(raw) == shown
    assert plaintext.differs(raw) == (raw != shown)


def test_stacked_marks_are_cut() -> None:
    assert plaintext.plain("a" + "\u0301" * 50) == "a" + "\u0301" * 4


@pytest.mark.parametrize("size", [10_000, 100_000])
def test_long_text_keeps_both_ends(size: int) -> None:
    shown = plaintext.plain("begin" + "x" * size + "end", 40)
    assert shown.startswith("begin")
    assert shown.endswith("end")
    assert "…" in shown
    assert len(shown) <= 40
