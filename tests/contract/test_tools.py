"""The tools that read the code, as tests: style, types and the layers."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "types in an editor": ["basedpyright"],
    "imports": ["lint-imports"],
}


@pytest.mark.parametrize("name", TOOLS)
def test_has_nothing_to_complain_about(name: str) -> None:
    program, *arguments = TOOLS[name]
    path = Path(sys.executable).parent / program
    done = subprocess.run([path, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{program}:\n{done.stdout}\n{done.stderr}"
