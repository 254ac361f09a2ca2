"""A zygote for each test; skipped where the machine allows no sandbox at all.

Invariant: what the fixture started is gone when it returns.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.host.stage import NOBODY, Zygote, private_copy

SYSTEM_PYTHON = "/usr/bin/python3"


@pytest.fixture
def zygote() -> Iterator[Zygote]:
    stage = Zygote()
    try:
        if stage.ready.missing and "sandbox" in stage.ready.missing[0]:
            pytest.skip(stage.ready.missing[0])
        yield stage
    finally:
        stage.close()


@pytest.fixture
def users_copy() -> Iterator[Path]:
    """A copy of the runtime in a folder that is closed to everybody but an ordinary user."""
    home = private_copy(NOBODY)
    yield home
    shutil.rmtree(home)


@pytest.fixture
def users_zygote(users_copy: Path) -> Iterator[Zygote]:
    """A zygote of an ordinary user; skipped where there can be none."""
    if os.geteuid() != 0:
        pytest.skip("only root can become an ordinary user")
    if not Path(SYSTEM_PYTHON).exists() or shutil.which("setpriv") is None:
        pytest.skip("needs /usr/bin/python3 (the user cannot reach this interpreter) and setpriv")
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    command += [SYSTEM_PYTHON, "-m", "runtime.host.zygote"]
    stage = Zygote(command, {"PYTHONPATH": str(users_copy), "PATH": os.environ["PATH"]})
    try:
        if stage.ready.missing and stage.ready.missing[0].startswith("sandbox"):
            pytest.skip(stage.ready.missing[0])
        yield stage
    finally:
        stage.close()
