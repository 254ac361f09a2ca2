"""`ioregui --open FILE`: a file in the window, read by a process of its own."""

import subprocess
import sys
from pathlib import Path

from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.household import Household
from runtime.model import properties
from runtime.model.records import Mode

TEXT = """\
+-o Root  <class IORegistryEntry, id 0x100000100, retain 2>
  | {
  |   "k" = 1
  | }
  | 
  +-o Box  <class IOService, id 0x100000101, registered, matched, active, busy 0, retain 1>
      {
      }
      
"""  # noqa: W291, W293 - ioreg's own lines


def test_a_file_fills_the_mirror_and_its_reader_ends_with_the_window(
    qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "dump"
    path.write_text(TEXT)
    bridge = Bridge()
    household = Household(bridge, file=path)
    with qtbot.waitSignal(bridge.reset, timeout=60_000):
        household.start()
    assert [entry.name for entry in bridge.mirror.entries.values()] == ["Root", "Box"]
    root = next(iter(bridge.mirror.entries.values()))
    assert properties.decode(root.props) == {"k": 1}
    status = bridge.mirror.status
    assert status is not None
    assert status.mode is Mode.FILE
    assert not household.embedded
    household.end()
    household.join(60)
    qtbot.waitUntil(lambda: _reaped(household), timeout=60_000)


def test_a_file_that_is_none_is_told_and_not_tried_again(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    path.write_text("hello")
    bridge = Bridge()
    household = Household(bridge, file=path)
    with qtbot.waitSignal(household.unread, timeout=60_000) as told:
        household.start()
    assert str(told.args[0]).startswith(f"{path}: expected ioreg's text or plist")
    qtbot.waitUntil(lambda: _reaped(household), timeout=60_000)
    household.end()


def _reaped(household: Household) -> bool:
    household.end()
    return household.unreaped == 0


def test_a_picture_of_a_file(tmp_path: Path) -> None:
    path, picture = tmp_path / "dump", tmp_path / "out.png"
    path.write_text(TEXT)
    done = subprocess.run(
        [sys.executable, "-m", "ioregui", "--open", str(path), "--screenshot", str(picture)],
        timeout=60,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert picture.read_bytes().startswith(b"\x89PNG")
