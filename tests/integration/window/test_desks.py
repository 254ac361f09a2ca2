"""Several windows in one process: files, entries, and what closing one leaves behind."""

import gc
import json
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from ioregui.composition import Desk
from ioregui.desks import Desks
from ioregui.properties.panel import PropertiesPanel
from ioregui.properties.whole import WholeValue
from ioregui.window.recent import RecentMenu
from ioregui.window.settings import RECENT, Settings

TEXT = """\
+-o Root  <class IORegistryEntry, id 0x100000100, retain 2>
  | {
  |   "k" = 1
  | }
  | 
  +-o NAME  <class IOService, id 0x100000101, registered, matched, active, busy 0, retain 1>
      {
      }
      
"""  # noqa: W291, W293 - ioreg's own lines
SOON_MS = 60_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def desks(qtbot: QtBot, qapp: QApplication, settings: Settings) -> Iterator[Desks]:
    made = Desks(qapp, settings)
    yield made
    for desk in [*made.desks]:
        desk.window.close()
    made.end(30)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def dump(folder: Path, name: str) -> Path:
    path = folder / f"{name}.txt"
    path.write_text(TEXT.replace("NAME", name))
    return path


def names(desk: Desk) -> list[str]:
    return [entry.name for entry in desk.bridge.mirror.entries.values()]


def recent(desk: Desk) -> list[str]:
    """What the menu of recent files offers."""
    (menu,) = desk.window.findChildren(RecentMenu)
    menu.fill()
    return [action.text() for action in menu.actions()]


def test_each_file_has_a_window_and_closing_it_leaves_nothing(
    qtbot: QtBot, desks: Desks, settings: Settings, tmp_path: Path
) -> None:
    desks.open_files([str(dump(tmp_path, name)) for name in ("one", "two")])
    mirror = weakref.ref(desks.desks[0].bridge.mirror)
    qtbot.waitUntil(lambda: names(desks.desks[0]) == ["Root", "one"], timeout=SOON_MS)
    qtbot.waitUntil(lambda: names(desks.desks[1]) == ["Root", "two"], timeout=SOON_MS)
    assert [desk.window.windowTitle() for desk in desks.desks] == ["one.txt", "two.txt"]
    one, two = desks.desks
    assert "approvals" not in one.window.page_names, "a file has nothing to approve"
    assert not one.actions["plug"].isEnabled()
    assert "a file" in one.actions["plug"].toolTip()
    assert sorted(recent(two)) == ["one.txt", "two.txt"]
    one.window.close()
    del one
    assert len(desks.desks) == 1
    qtbot.waitUntil(lambda: desks.households == 1, timeout=SOON_MS)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert mirror() is None


def test_a_file_that_is_dropped_is_opened(qtbot: QtBot, desks: Desks, tmp_path: Path) -> None:
    first = desks.open_file(str(dump(tmp_path, "first")))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(dump(tmp_path, "second")))])
    event = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    first.window.dropEvent(event)
    assert first.window.acceptDrops()
    qtbot.waitUntil(lambda: names(desks.desks[1]) == ["Root", "second"], timeout=SOON_MS)


def test_the_file_dialog_opens_what_was_chosen(qtbot: QtBot, desks: Desks, tmp_path: Path) -> None:
    first = desks.open_file(str(dump(tmp_path, "first")))
    first.actions["open"].trigger()
    dialog = first.window.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.windowModality() is not Qt.WindowModality.ApplicationModal
    dialog.filesSelected.emit([str(dump(tmp_path, "second"))])
    dialog.close()
    qtbot.waitUntil(lambda: names(desks.desks[1]) == ["Root", "second"], timeout=SOON_MS)


def test_a_missing_file_is_told_and_can_be_forgotten(
    qtbot: QtBot, desks: Desks, settings: Settings, tmp_path: Path
) -> None:
    missing = tmp_path / "gone.txt"
    settings.add_recent(str(missing))
    desk = desks.open_file(str(missing))
    qtbot.waitUntil(lambda: "runtime" in desk.window.banners.keys(), timeout=SOON_MS)  # noqa: SIM118 - no dictionary
    banner = desk.window.banners.banner("runtime")
    assert banner is not None
    assert banner.text == f"{missing}: expected a file, found: No such file or directory"
    assert desk.window.toolbar.live.text() == "○ no file"
    banner.buttons["Forget this file"].click()
    assert settings.recent == []


def test_recent_files_are_bounded_and_the_last_comes_first(settings: Settings) -> None:
    for number in range(RECENT + 3):
        settings.add_recent(f"/f{number}")
    settings.add_recent("/f5")
    assert len(settings.recent) == RECENT
    assert settings.recent[:2] == ["/f5", f"/f{RECENT + 2}"]


def test_an_entry_in_a_window_of_its_own(qtbot: QtBot, desks: Desks, tmp_path: Path) -> None:
    desk = desks.open_file(str(dump(tmp_path, "box")))
    qtbot.waitUntil(lambda: len(names(desk)) == 2, timeout=SOON_MS)
    root, box = desk.bridge.mirror.entries
    desk.selection.select(box)
    desk.actions["window"].trigger()
    (node,) = desks.nodes
    assert node.windowTitle() == "box"
    desk.selection.select(root)
    assert node.selection.entry == box, "it stays with its entry"
    node.selection.follow(root)
    assert (node.windowTitle(), desk.selection.entry) == ("Root", root)
    node.activateWindow()
    qtbot.waitUntil(node.isActiveWindow, timeout=SOON_MS)
    QTest.keyClick(node, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert node.selection.entry == box
    desk.window.close()
    assert desks.nodes == [], "it goes with the window it came from"


def test_a_value_that_no_message_can_hold_is_read_whole(
    qtbot: QtBot, desks: Desks, tmp_path: Path
) -> None:
    """Two megabytes of data, and a list of as much, in one entry."""
    data, items = "ab" * (2 << 20), ",".join(f'"{"x" * 1000}{at}"' for at in range(2000))
    path = tmp_path / "big.txt"
    path.write_text(
        TEXT.replace('"k" = 1', f'"data" = <{data}>\n  |   "list" = ({items})\n  |   "k" = 1')
    )
    desk = desks.open_file(str(path))
    qtbot.waitUntil(lambda: len(names(desk)) == 2, timeout=SOON_MS)
    panel = desk.window.findChildren(PropertiesPanel)[0]
    qtbot.waitUntil(lambda: panel.model.rowCount() > 0, timeout=SOON_MS)
    rows = {row.key: row for row in panel.model.rows}
    assert (rows["data"].cut, rows["list"].cut, rows["k"].cut) == (True, True, False)
    sizes = {}
    for key in ("data", "list"):
        panel.table.activated_row.emit(rows[key])
        window = panel.findChildren(WholeValue)[-1]
        qtbot.waitUntil(partial(_is_read, window), timeout=SOON_MS)
        window.copy()
        sizes[key] = QGuiApplication.clipboard().text()
        window.close()
    assert sizes["data"] == data
    assert len(json.loads(sizes["list"])) == 2000


def _is_read(window: WholeValue) -> bool:
    """Whether the value has come; `lines` has no model until then."""
    return window.lines.model() is not None
