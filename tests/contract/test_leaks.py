"""The guard against leaks sees each kind of leak, and lets a clean test pass."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A process that is just becoming `sleep` has no environment to be known by: it is waited for.
ORPHAN = "sleep 60 & until grep -q ^sleep /proc/$!/cmdline; do :; done"
LEAKS = {
    "process": f"subprocess.run(['sh', '-c', {ORPHAN!r}], check=True)",
    "child": "if os.fork() == 0: os._exit(0)",
    "thread": "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "descriptor": "os.pipe()",
    "never retrieved": "asyncio.run(forget())",
}
MODULE = """
import asyncio, os, subprocess, threading, time

async def fail():
    raise LookupError

async def forget():
    task = asyncio.get_running_loop().create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)

def test_it():
    {leak}
"""


def run_test(tmp_path: Path, leak: str) -> tuple[int, str]:
    """Run one test under the guard, in a pytest of its own; return its exit code and output."""
    module = tmp_path / "test_leak.py"
    module.write_text(MODULE.format(leak=leak))
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*command, "-p", "tests.conftest", str(module)],
        cwd=ROOT,
        env=os.environ | {"IOREGISTRY_GRACE": "0.3"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("kind", LEAKS)
def test_a_leak_fails(tmp_path: Path, kind: str) -> None:
    code, said = run_test(tmp_path, LEAKS[kind])
    assert code == 1, said
    assert "left behind" in said
    assert kind in said


def test_a_clean_test_passes(tmp_path: Path) -> None:
    code, said = run_test(tmp_path, "subprocess.run(['true'], check=True)")
    assert code == 0, said
