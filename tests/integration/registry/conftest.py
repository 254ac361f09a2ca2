"""What the tests on recorded devices share."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 60.0

Run = Callable[..., str]


def _run(*command: str) -> str:
    """Run a child in the checkout; its standard output."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def recordings(corpora: Path) -> Path:
    """The folder of umockdev recordings; skips where umockdev is missing."""
    if shutil.which("umockdev-run") is None:
        pytest.skip("no umockdev-run: install umockdev to test recorded devices")
    return corpora / "recordings" / "umockdev"


@pytest.fixture
def under(recordings: Path) -> Run:
    """Run `python ARGUMENTS…` in a fake sysfs with one recording plugged in."""

    def run(recording: str, *arguments: str) -> str:
        device = str(recordings / recording)
        return _run("umockdev-run", "--device", device, "--", sys.executable, *arguments)

    return run


@pytest.fixture
def plug(recordings: Path) -> Callable[[str, str], dict[str, Any]]:
    """Plug a recording in and out; what `plug_recorded` printed."""

    def run(recording: str, syspath: str) -> dict[str, Any]:
        script = str(Path(__file__).with_name("plug_recorded.py"))
        device = str(recordings / recording)
        text = _run("umockdev-wrapper", sys.executable, script, device, syspath)
        result: dict[str, Any] = json.loads(text)
        return result

    return run
