"""A process that records how it ends, and what it leaves behind."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from runtime.linux import fault, memfd


class Left(NamedTuple):
    """What a process that ended left: its crash file, its output, its exit code."""

    file: bytes
    output: str
    code: int


def left_by(script: str) -> Left:
    """Run a script, whose argument is the descriptor of its crash file."""
    file = memfd.blank("crash")
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, str(file)],
            pass_fds=[file],
            stdout=subprocess.PIPE,
            check=False,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(fault.__file__).parents[2])},
        )
        return Left(memfd.read_whole(file), done.stdout, done.returncode)
    finally:
        os.close(file)
