"""The process that parses recordings: whatever it makes of a file, the worker goes on alone."""

import os
from pathlib import Path
from typing import Any

import pytest

from runtime.engine import recorded
from runtime.model.errors import ProblemError


def test_a_recording_that_is_too_large_is_refused_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, own = tmp_path / "device", os.getpid()
    device.touch()
    large: Any = bytes(1 << 20)  # more than a pipe holds
    monkeypatch.setattr(recorded, "read", lambda *_: large)
    monkeypatch.setattr(recorded, "_OUTPUT", 1000)
    try:
        with pytest.raises(ProblemError, match="expected a recording that fits in memory"):
            recorded.read_recording(str(device), "", 0)
    finally:
        if os.getpid() != own:
            os._exit(1)  # a second worker
