"""Programs that see a device of umockdev's instead of the machine's."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(program: Path, options: tuple[str | Path, ...], *arguments: str | Path) -> str:
    """What a program of this folder prints in a test bed that umockdev-run makes by its options."""
    done = subprocess.run(
        ["umockdev-run", *options, "--", sys.executable, program, *arguments],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
