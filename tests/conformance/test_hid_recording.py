"""A recorded security key, through a driver's session on its hidraw node."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.conformance.replay_hidraw import conversation

ROOT = Path(__file__).resolve().parents[2]
FIDO = "recordings/umockdev/martinpitt+umockdev/devices/hidraw/fido2"
PROGRAM = Path(__file__).with_name("replay_hidraw.py")


def test_a_recorded_conversation_replays(
    corpora: Path, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    recorded = {kind: corpora / f"{FIDO}.{kind}" for kind in ("umockdev", "ioctl", "script")}
    script = tmp_path / "script"
    # As it was, but for the seconds in which somebody had to touch the key.
    text = re.sub(rb"(?m)^([rw]) \d+ ", rb"\1 1 ", recorded["script"].read_bytes())
    script.write_bytes(text)
    done = subprocess.run(
        [
            *("umockdev-run", "--device", recorded["umockdev"]),
            *("--ioctl", f"/dev/hidraw5={recorded['ioctl']}"),
            *("--script", f"/dev/hidraw5={script}"),
            *("--", sys.executable, PROGRAM, "/dev/hidraw5", script),
        ],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    whole = len(list(conversation(script)))
    measured(f"recorded HID conversation (security key): {done.stdout} of {whole} reports replayed")
    assert int(done.stdout) == whole == 18
