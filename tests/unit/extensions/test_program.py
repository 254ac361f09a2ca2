"""What a program that asks is called."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runtime.extensions.program import identify
from runtime.linux import usage


@contextmanager
def running(program: Path) -> Iterator[int]:
    """A script that waits until its input ends."""
    program.write_text("#!/bin/sh\necho up\nread end\n")
    program.chmod(0o755)
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process.pid


@pytest.mark.parametrize("name", ["short", "exactly-15-long", "longer-than-the-kernel-keeps"])
def test_a_program_has_its_whole_name(tmp_path: Path, name: str) -> None:
    with running(tmp_path / name) as pid:
        ticks = usage.started_ticks(pid)
        assert ticks is not None
        assert identify(pid, ticks, tmp_path, developer=True).name == name
