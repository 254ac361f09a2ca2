"""The property inspector as a user has it: bases, folding, links, copying, export, long values."""

import json
import plistlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.properties.forms import FORMS
from ioregui.properties.model import Column
from ioregui.properties.panel import PropertiesPanel
from ioregui.properties.rows import ROWS, Row
from ioregui.properties.whole import WholeValue
from ioregui.window.saving import write
from ioregui.window.selection import Selection
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Kind, Place
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import ROOT_ID, BundleId, ContentHash, EntryId
from runtime.model.properties import Value
from runtime.model.records import Extension
from tests.gui.conftest import entry, sample_driver

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

DEVICE, INTERFACE, SERVICE = ROOT_ID + 4, ROOT_ID + 5, ROOT_ID + 6
KEY = Qt.Key


@pytest.fixture
def selection() -> Selection:
    return Selection()


@pytest.fixture
def panel(qtbot: QtBot, bridge: Bridge, selection: Selection) -> Iterator[PropertiesPanel]:
    made = PropertiesPanel(bridge, selection)
    qtbot.addWidget(made)
    tester = QAbstractItemModelTester(
        made.model, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    made.resize(700, 500)
    made.show()
    yield made
    tester.deleteLater()


def say(qtbot: QtBot, runtime: "FakeRuntime", bridge: Bridge, **props: Value) -> None:
    """The device's properties are these now."""
    with qtbot.waitSignal(bridge.changed):
        device = entry(4, 3, "Sample Device", kind=Kind.DEVICE, location="14100000", props=props)
        runtime.delta(entries=(device,))


def place(panel: PropertiesPanel, key: str) -> int:
    return next(at for at, row in enumerate(panel.model.rows) if row.key == key)


def row(panel: PropertiesPanel, key: str) -> Row:
    return panel.model.rows[place(panel, key)]


def choose(panel: PropertiesPanel, key: str) -> None:
    panel.table.setCurrentIndex(panel.model.index(place(panel, key), Column.KEY))


def press(panel: PropertiesPanel, key: str, pressed: Qt.Key) -> None:
    choose(panel, key)
    QTest.keyClick(panel.table, pressed)


def copied(panel: PropertiesPanel, command: str) -> str:
    action = next(each for each in panel.table.actions() if each.text() == command)
    action.trigger()
    return QGuiApplication.clipboard().text()


def test_numbers_in_the_chosen_base(panel: PropertiesPanel, selection: Selection) -> None:
    selection.select(DEVICE)
    assert row(panel, "idVendor").value == "4660 (0x1234)"
    values = []
    for at in range(panel.bar.base.count()):
        panel.bar.base.setCurrentIndex(at)
        values.append(row(panel, "idVendor").value)
    assert values == ["4660 (0x1234)", "4660", "0x1234"]
    assert not any("was" in str(panel.model.index(at, 2).data()) for at in range(12))


def test_folding_by_keys_keeps_what_is_around(
    qtbot: QtBot,
    panel: PropertiesPanel,
    selection: Selection,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
) -> None:
    say(qtbot, fake_runtime, bridge, few={"a": 1, "b": [2, 3]}, many=list(range(100)), end=True)
    selection.select(DEVICE)
    assert (row(panel, "few").opened, row(panel, "many").opened) == (True, False)
    assert row(panel, "[1]").depth == 2
    press(panel, "few", KEY.Key_Left)
    assert "a" not in [each.key for each in panel.model.rows]
    current = panel.table.current
    assert current is not None
    assert (current.key, current.opened) == ("few", False)
    press(panel, "few", KEY.Key_Right)
    press(panel, "b", KEY.Key_Right)
    assert panel.table.current == row(panel, "[0]"), "Right of an open row goes into it"
    QTest.keyClick(panel.table, KEY.Key_Left)
    assert panel.table.current == row(panel, "b")
    press(panel, "many", KEY.Key_Return)
    assert row(panel, "[99]").value == "99 (0x63)"
    say(qtbot, fake_runtime, bridge, few={}, many=list(range(100)), end=False)
    assert row(panel, "[99]").value == "99 (0x63)", "what was opened stays open"
    assert row(panel, "few").opened is None


def test_what_came_and_what_changed_is_said_in_words(
    qtbot: QtBot,
    panel: PropertiesPanel,
    selection: Selection,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
) -> None:
    say(qtbot, fake_runtime, bridge, speed=1)
    selection.select(DEVICE)
    say(qtbot, fake_runtime, bridge, speed=2, power="on")
    shown = [
        panel.model.index(place(panel, key), Column.VALUE).data() for key in ("speed", "power")
    ]
    assert shown == ["2   · was 1", "on   · new"]


def test_links_lead_there_and_back(
    qtbot: QtBot,
    panel: PropertiesPanel,
    selection: Selection,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
) -> None:
    path = bridge.mirror.path(SERVICE)
    say(qtbot, fake_runtime, bridge, by_id=INTERFACE, by_path=path, nowhere=f"{path}x", self=DEVICE)
    selection.select(DEVICE)
    linked = {each.key: each.link.entry for each in panel.model.rows if each.link is not None}
    assert linked == {"provider": ROOT_ID + 3, "by_id": INTERFACE, "by_path": SERVICE}
    press(panel, "by_path", KEY.Key_Return)
    assert selection.entry == SERVICE
    assert selection.can_go_back
    selection.go_back()
    assert (selection.entry, selection.can_go_back) == (DEVICE, False)
    index = panel.model.index(place(panel, "by_id"), Column.VALUE)
    spot = panel.table.visualRect(index).topLeft() + QPoint(12, 8)
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert selection.entry == INTERFACE


def test_a_path_as_apple_writes_it_starts_below_the_machine(
    qtbot: QtBot,
    panel: PropertiesPanel,
    selection: Selection,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
) -> None:
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot(
            (
                entry(0, -1, "Root"),
                entry(1, 0, "MacBookPro14,1"),
                entry(
                    2,
                    1,
                    "AppleACPIPlatformExpert",
                    props={"to": "IOService:/Expert/PCI0@0", "power": "IOPower:/Supply"},
                ),
                entry(3, 1, "Expert", places=(Place("IOPower", ROOT_ID, "Supply"),)),
                entry(4, 3, "PCI0", location="0"),
            )
        )
    selection.select(ROOT_ID + 2)
    link, other = row(panel, "to").link, row(panel, "power").link
    assert link is not None
    assert link.entry == ROOT_ID + 4
    assert other is not None, "a path of another plane leads there too"
    assert other.entry == ROOT_ID + 3


def test_driver_and_extension_name_each_other(
    qtbot: QtBot,
    panel: PropertiesPanel,
    selection: Selection,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
) -> None:
    driver = sample_driver(DriverState.RUNNING)
    extension = Extension(
        f"{driver.bundle_id}@abababababab",
        BundleId(driver.bundle_id),
        ContentHash(driver.content_hash),
        "Sample",
        "1.0",
        "1",
        ExtensionState.ACTIVE,
    )
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(extensions=(extension,))
    selection.select(INTERFACE)
    link = row(panel, "driver").link
    assert link is not None
    assert link.entry == SERVICE
    selection.select(SERVICE)
    with qtbot.waitSignal(panel.extension_chosen) as chosen:
        press(panel, "driver", KEY.Key_Return)
    assert chosen.args == [extension.id]


def test_copying(
    qtbot: QtBot,
    panel: PropertiesPanel,
    selection: Selection,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
) -> None:
    say(qtbot, fake_runtime, bridge, data=bytes(range(200)), few={"a": [1, b"\x02"]})
    selection.select(DEVICE)
    choose(panel, "data")
    assert copied(panel, "Copy value") == bytes(range(200)).hex(), "what is shown is cut"
    assert copied(panel, "Copy key") == "data"
    choose(panel, "[1]")
    assert copied(panel, "Copy path") == f"{bridge.mirror.path(DEVICE)}  few/a[1]"
    assert copied(panel, "Copy rows").strip().startswith("[1] = <02>")
    choose(panel, "few")
    assert json.loads(copied(panel, "Copy value")) == {"a": [1, {"data": "02"}]}
    everything = copied(panel, "Copy all").splitlines()
    assert len(everything) == panel.model.rowCount()
    assert "class = IOService" in everything


def test_exported_properties_are_read_back(tmp_path: Path) -> None:
    table: dict[str, Value] = {"n": 2**63, "flag": True, "d": b"\x00\xff", "t": "é", "l": [1, {}]}
    made = {form.ending: form.make(table) for form in FORMS}
    assert plistlib.loads(made["plist"]) == table
    assert json.loads(made["json"]) == {**table, "d": {"data": "00ff"}}
    assert made["txt"].decode().splitlines()[:3] == [
        '"n" = 9223372036854775808',
        '"flag" = Yes',
        '"d" = <00ff>',
    ]
    target = tmp_path / "out.json"
    assert write(target, made["json"]) == ""
    assert target.read_bytes() == made["json"]
    assert write(tmp_path / "no" / "such", b"").startswith(f"{tmp_path}/no/such: ")
    assert write(tmp_path, b"") == f"{tmp_path}: expected an ordinary file, found another"


def test_many_rows_and_long_values_are_shown_in_part_and_then_whole(
    qtbot: QtBot,
    panel: PropertiesPanel,
    selection: Selection,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
) -> None:
    table: dict[str, Value] = {"long": "x" * 5000, "data": bytes(5000)}
    table |= {f"k{at:05}": at for at in range(2 * ROWS)}
    say(qtbot, fake_runtime, bridge, **table)
    selection.select(DEVICE)
    assert row(panel, "…").value == f"more than {ROWS} rows"
    press(panel, "…", KEY.Key_Return)
    press(panel, "…", KEY.Key_Return)
    assert row(panel, f"k{2 * ROWS - 1:05}").value.startswith(str(2 * ROWS - 1))
    for key, lines in (("long", 50), ("data", 313)):
        press(panel, key, KEY.Key_Return)
        shown = panel.findChildren(WholeValue)[-1]
        assert shown.lines.model().rowCount() == lines
        shown.copy()
        assert len(QGuiApplication.clipboard().text()) == (5000 if key == "long" else 10_000)
        shown.close()


def test_everything_of_the_panel_has_a_name(panel: PropertiesPanel, selection: Selection) -> None:
    selection.select(DEVICE)
    focusable: list[QWidget] = [panel.bar.base, panel.bar.export, panel.table]
    for widget in focusable:
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert widget.accessibleName() or getattr(widget, "text", str)(), widget


def test_the_path_is_that_of_the_plane_which_is_shown(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    selection: Selection,
    panel: PropertiesPanel,
) -> None:
    def path() -> str:
        return next(row.value for row in panel.model.rows if row.key == "path")

    place = Place("IOOther", EntryId(ROOT_ID), "dev", "3")
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(entries=(entry(60, 2, "Two", places=(place,)),))
    selection.select(ROOT_ID + 60)
    assert path() == "IOService:/Machine/Two"
    panel.show_plane("IOOther")
    assert path() == "IOOther:/dev@3"
    selection.select(DEVICE)  # it is not in that plane
    assert path().startswith("IOService:/Machine/")
