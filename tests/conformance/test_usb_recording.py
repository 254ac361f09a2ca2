"""A recorded camera, through a driver's session on its usbfs node: real system calls, no kernel."""

from collections.abc import Callable
from pathlib import Path

from tests.conformance import umockdev
from tests.conformance.replay_usbfs import conversation

CAMERA = "recordings/umockdev/martinpitt+umockdev/devices/cameras/canon-powershot-sx200"
NODE = "/dev/bus/usb/001/011"
PROGRAM = Path(__file__).with_name("replay_usbfs.py")


def test_a_recorded_conversation_replays(corpora: Path, measured: Callable[[str], None]) -> None:
    described, recording = (corpora / f"{CAMERA}.{kind}" for kind in ("umockdev", "ioctl"))
    options = ("--device", described, "--ioctl", f"{NODE}={recording}")
    said = umockdev.run(PROGRAM, options, NODE, recording)
    whole = len(list(conversation(recording)))
    measured(f"recorded USB conversation (camera): {said} of {whole} transfers replayed")
    assert int(said) == whole == 521
