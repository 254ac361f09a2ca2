"""Finding out whether a window can be opened, before Qt would abort."""

import socket
from pathlib import Path

import pytest

from ioregui.display import why_none


def test_nothing_set() -> None:
    assert "neither WAYLAND_DISPLAY nor DISPLAY" in why_none({})


def test_platform_chosen_by_hand_is_believed() -> None:
    assert why_none({"QT_QPA_PLATFORM": "offscreen"}) == ""


def test_display_of_another_machine_is_believed() -> None:
    assert why_none({"DISPLAY": "elsewhere:10.0"}) == ""


def test_wayland_that_answers(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "wayland-7"))
        listening.listen()
        there = {"WAYLAND_DISPLAY": "wayland-7", "XDG_RUNTIME_DIR": str(tmp_path)}
        assert why_none(there) == ""
        assert why_none(there | {"DISPLAY": ":4711"}) == ""
    assert "nobody answers" in why_none(there)


@pytest.mark.parametrize("name", [":4711", "unix:4711", ":4711.0"])
def test_x_server_that_is_gone(name: str) -> None:
    assert why_none({"DISPLAY": name}) == f"no display: nobody answers at {name}"
