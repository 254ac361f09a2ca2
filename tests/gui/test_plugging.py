"""Plugging recorded devices from the window, and out again."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.window.actions import Actions, Situation
from ioregui.window.plugging import Plugging, is_pluggable
from ioregui.window.selection import Selection
from runtime.model.identity import ROOT_ID, EntryId
from runtime.model.properties import encode
from runtime.wire.commands.devices import Plug, Plugged, PlugRecorded, UnplugEntry
from tests.gui.conftest import entry, sample_entries

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

DEVICE = EntryId(ROOT_ID + 4)


class Bench:
    """The actions that plug, over a runtime that the test plays."""

    def __init__(self, bridge: Bridge) -> None:
        self.window = QWidget()
        self.actions = Actions(self.window)
        self.selection = Selection(self.window)
        self.plugging = Plugging(bridge, self.selection, self.actions, self.window)
        self.told: list[str] = []
        self.plugging.told.connect(self.told.append)

    def drop(self, *files: str) -> None:
        """Drop files on the dialog."""
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(file) for file in files])
        button, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        event = QDropEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, button, keys)
        self.plugging.dialog.dropEvent(event)


@pytest.fixture
def bench(qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime") -> Iterator[Bench]:
    entries = [
        msgspec.structs.replace(each, cls="IOUSBHostPort", props=encode({"Simulated": True}))
        if each.id == ROOT_ID + 3
        else each
        for each in sample_entries()
    ]
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot(tuple(entries))
    made = Bench(bridge)
    qtbot.addWidget(made.window)
    yield made
    made.plugging.dialog.close()


def test_a_recorded_device_by_the_keyboard(
    qtbot: QtBot, bench: Bench, fake_runtime: "FakeRuntime", tmp_path: Path
) -> None:
    """What the runtime refuses is said in the dialog, which stays; what it plugs is selected."""
    dialog = bench.plugging.dialog
    bench.actions["recorded"].trigger()
    assert dialog.isVisible()
    assert not dialog.plug.isEnabled(), "there is no file yet"
    QTest.keyClicks(dialog.device.path, str(tmp_path / "device"))
    QTest.keyClicks(dialog.capture.path, str(tmp_path / "capture"))
    QTest.keyClick(dialog.device.path, Qt.Key.Key_Return)
    wanted = PlugRecorded(str(tmp_path / "device"), str(tmp_path / "capture"))
    qtbot.waitUntil(lambda: wanted in fake_runtime.commands())
    fake_runtime.refuse(
        PlugRecorded, "invalid", "device: expected\u202e a dump, found <b>noise</b>"
    )
    qtbot.waitUntil(dialog.refusal.isVisible)
    assert dialog.refusal.text() == "device: expected a dump, found <b>noise</b>"
    QTest.keyClicks(dialog.device.path, "2")
    assert not dialog.refusal.isVisible()
    dialog.plug.click()
    qtbot.waitUntil(lambda: str(tmp_path / "device2") in repr(fake_runtime.commands()))
    fake_runtime.answer(PlugRecorded, Plugged(DEVICE, "IOService:/Thing@80100000"))
    qtbot.waitUntil(lambda: bench.told == ["Plugged in: Thing@80100000"])
    assert not dialog.isVisible()
    assert bench.selection.entry == DEVICE


def test_what_was_plugged_is_selected_when_it_is_there(
    qtbot: QtBot, bench: Bench, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    """The answer is ahead of the entry; who selects another one meanwhile keeps that."""
    for number, meanwhile in ((8, 0), (9, DEVICE)):
        new = entry(number, 3, "Thing", "IOUSBHostDevice")
        before = bench.selection.entry
        bench.actions["plug"].trigger()
        qtbot.waitUntil(lambda: fake_runtime.commands()[-1] == Plug("sample"))
        fake_runtime.answer(Plug, Plugged(new.id, "IOService:/Thing@80100000"))
        qtbot.waitUntil(lambda: bench.told != [])
        assert bench.selection.entry == before
        if meanwhile:
            bench.selection.select(meanwhile)
        with qtbot.waitSignal(bridge.changed):
            fake_runtime.delta(entries=(new,))
        assert bench.selection.entry == (meanwhile or new.id)
        bench.told.clear()


def test_files_are_dropped_into_their_fields(bench: Bench) -> None:
    dialog = bench.plugging.dialog
    bench.plugging.choose()
    bench.drop("/a/capture.pcapng", "/a/device")
    assert (dialog.device.file, dialog.capture.file) == ("/a/device", "/a/capture.pcapng")
    assert dialog.plug.isEnabled()


def test_what_is_dropped_on_the_window(bench: Bench) -> None:
    """A recorded device's file is asked about; every other is a registry's."""
    assert not bench.plugging.take("/a/machine.ioreg")
    assert not bench.plugging.dialog.isVisible()
    assert bench.plugging.take("/a/reader.umockdev")
    assert bench.plugging.dialog.device.file == "/a/reader.umockdev"
    bench.actions.update(Situation(connected=True, file=True))
    assert not bench.plugging.take("/a/reader.umockdev"), "this window shows a file"


def test_the_selected_device_is_unplugged(
    qtbot: QtBot, bench: Bench, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    assert [is_pluggable(bridge.mirror, ROOT_ID + each) for each in (2, 3, 4, 6)] == [
        *(False, False),
        *(True, True),
    ]
    assert not is_pluggable(bridge.mirror, 0)
    bench.selection.select(DEVICE)
    bench.actions["pull"].trigger()
    qtbot.waitUntil(lambda: UnplugEntry(DEVICE) in fake_runtime.commands())
    fake_runtime.answer(UnplugEntry, Plugged(DEVICE, "IOService:/Thing@80100000"))
    qtbot.waitUntil(lambda: bench.told == ["Unplugged: Thing@80100000"])


def test_every_control_has_a_name(bench: Bench) -> None:
    dialog = bench.plugging.dialog
    for field in (dialog.device, dialog.capture):
        assert field.path.accessibleName()
        assert field.path.toolTip()
        assert field.choose.accessibleName().endswith(field.path.accessibleName())
