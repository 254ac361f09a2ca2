"""The state folder and who has it."""

import os
from pathlib import Path

import pytest

from runtime.linux import places
from runtime.model.errors import UnavailableError


def test_a_full_disk_is_said_and_the_folder_stays_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(
            UnavailableError,
            match=f"^state folder {tmp_path}: expected a folder that can be written, found: No spa",
        ):
            places.claim(tmp_path)
    os.close(places.claim(tmp_path))  # nobody has it


def test_one_at_a_time(tmp_path: Path) -> None:
    first = places.claim(tmp_path)
    try:
        with pytest.raises(UnavailableError, match=rf"found another runtime \(pid {os.getpid()}\)"):
            places.claim(tmp_path)
    finally:
        os.close(first)
