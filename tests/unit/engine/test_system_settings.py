"""How the system service may be started: by root, and with no way around polkit."""

import os

import pytest

from runtime.engine import main
from runtime.engine.settings import Settings
from runtime.linux import places
from runtime.model.errors import UnavailableError
from runtime.model.records import Mode


def settings(*arguments: str) -> Settings:
    return main._settings(main._arguments(["--system", *arguments]))


def test_it_is_where_the_machine_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv(places.STATE_VARIABLE, "/tmp/elsewhere")
    monkeypatch.setenv(places.SOCKET_VARIABLE, "/tmp/elsewhere.sock")
    found = settings()
    assert (found.mode, found.state_dir) == (Mode.SYSTEM, places.SYSTEM_STATE)
    assert found.socket_path == places.SYSTEM_SOCKET


def test_nobody_else_starts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UnavailableError, match="expected to be started by root, found user 1000"):
        settings()


@pytest.mark.parametrize("way", [("--allow-socket-approval",), ("--owner", "3")])
def test_there_is_no_other_way_to_decide(
    monkeypatch: pytest.MonkeyPatch, way: tuple[str, ...]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(UnavailableError, match="expected polkit to say who may decide"):
        settings(*way)
