"""Telling systemd that the service is ready."""

import os
import socket
from pathlib import Path

import pytest

from runtime.linux import notify


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told_once_and_children_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool
) -> None:
    address = f"@{tmp_path}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address.replace("@", "\0"))
        systemd.settimeout(5)
        monkeypatch.setenv(notify.VARIABLE, address)
        notify.ready()
        assert systemd.recv(100) == b"READY=1"
    assert notify.VARIABLE not in os.environ


@pytest.mark.parametrize("address", ["", "relative", "/nonexistent/notify"])
def test_where_nobody_listens_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv(notify.VARIABLE, address)
    notify.ready()
    assert notify.VARIABLE not in os.environ
