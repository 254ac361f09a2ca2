"""A recorded security key, through a driver's session on its hidraw node."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.conformance import umockdev
from tests.conformance.replay_hidraw import conversation

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
    options = (
        *("--device", recorded["umockdev"]),
        *("--ioctl", f"/dev/hidraw5={recorded['ioctl']}"),
        *("--script", f"/dev/hidraw5={script}"),
    )
    said = umockdev.run(PROGRAM, options, "/dev/hidraw5", script)
    whole = len(list(conversation(script)))
    measured(f"recorded HID conversation (security key): {said} of {whole} reports replayed")
    assert int(said) == whole == 18
