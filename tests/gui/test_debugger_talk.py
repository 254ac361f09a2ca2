"""What a driver writes to its debugger is a view, text, or a breach; however it comes in pieces."""

import contextlib
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from ioregui.debugger.connection import Connection
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


def test_what_cannot_be_reached_is_said_once(qtbot: QtBot, tmp_path: Path) -> None:
    parent = QObject()
    connection = Connection(parent)
    ends: list[str] = []
    connection.ended.connect(ends.append)
    connection.open(str(tmp_path / "none"))
    assert not connection.is_open
    assert ["expected it at" in each for each in ends] == [True]
    connection.say("nobody hears it")
    connection.close()
    assert len(ends) == 1


def test_a_driver_that_reads_nothing_or_talks_rubbish_is_left(qtbot: QtBot, tmp_path: Path) -> None:
    parent = QObject()
    connection = Connection(parent)
    ends: list[str] = []
    connection.ended.connect(ends.append)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "door"))
        door.listen()
        connection.open(str(tmp_path / "door"))
        with door.accept()[0] as driver:
            driver.sendall(f"{MARK}rubbish\n".encode())
            qtbot.waitUntil(lambda: len(ends) == 1)
            assert "debugger's view" in ends[0]
        connection.open(str(tmp_path / "door"))
        with door.accept()[0] as driver:
            connection.say("half a character: \ud800, and\ntwo lines")
            assert driver.recv(100) == b"view\nhalf a character: ?, and two lines\n"
            while connection.is_open:
                connection.say("x" * 2000)
            assert "reads nothing" in ends[1]
