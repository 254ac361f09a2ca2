"""What a driver writes to its debugger is a view, text, or a breach; however it comes in pieces."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioregui.debugger.talk import Talk
from runtime.model.errors import BreachError
from runtime.wire.debugger import (
    LINE,
    MARK,
    PROMPT,
    CodeFrame,
    DebuggedThread,
    Variable,
    View,
    decode,
    encode,
)

VIEW = View(
    (
        DebuggedThread("Spinner", (CodeFrame("spin", "/d/T.py", 9),), "spin", 7_000_000),
        DebuggedThread("Default", (), stopped=True),
    ),
    "Default",
    0,
    (Variable("rounds", "int", "12"),),
)


@given(st.lists(st.integers(1, 40)))
def test_text_and_views_come_whole_from_any_pieces(cuts: list[int]) -> None:
    stream = f"Stopped\n{PROMPT}{encode(VIEW)}\n{PROMPT}  -> while x:\n{PROMPT}".encode()
    talk = Talk()
    found: list[str | View] = []
    for cut in [*cuts, len(stream)]:
        found += talk.feed(stream[:cut])
        stream = stream[cut:]
    assert found == ["Stopped", VIEW, "  -> while x:"]


@given(st.binary(max_size=200))
def test_whatever_a_driver_writes_is_a_view_or_a_breach(noise: bytes) -> None:
    with contextlib.suppress(BreachError):
        assert isinstance(decode(noise), View)


def test_bad_views_and_endless_lines_are_breaches() -> None:
    with pytest.raises(BreachError, match="debugger's view"):
        list(Talk().feed(f"{MARK}[]\n".encode()))
    with pytest.raises(BreachError, match="expected a line of at most"):
        list(Talk().feed(b"x" * (LINE + 1)))
