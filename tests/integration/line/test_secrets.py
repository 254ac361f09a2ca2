"""What the runtime was started with stays out of the memory that drivers are forked from."""

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import RuntimeProcess, wait_for

SECRET = "only-the-user-knows-this"


def _holds(pid: int, secret: bytes) -> bool:
    """Whether a process has these bytes in memory that it may write."""
    try:
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
                span, access = line.split()[:2]
                start, end = (int(part, 16) for part in span.split("-"))
                if access.startswith("rw"):
                    memory.seek(start)
                    if secret in memory.read(end - start):
                        return True
    except PermissionError:
        pytest.skip("this kernel does not let a user read the memory of his own processes")
    return False


def test_a_zygote_does_not_know_the_users_environment(
    running: RuntimeProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.kill()
    monkeypatch.setenv("SECRET", SECRET)
    running.start()
    assert not _holds(running.child("zygote"), SECRET.encode())


def test_the_search_would_find_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["sleep", "60"], env=os.environ | {"SECRET": SECRET}) as process:
        try:
            wait_for(lambda: _holds(process.pid, SECRET.encode()), "the secret")
        finally:
            process.kill()
