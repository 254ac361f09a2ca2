"""The Matching tab: candidates in order, reasons, keys one click deeper, a driver's devices."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTabWidget, QWidget
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.matching.panel import MatchingPanel
from ioregui.slices import Inspector
from ioregui.window.selection import Selection
from runtime.model.entry import Entry
from runtime.model.identity import ROOT_ID, EntryId
from runtime.model.outcome import KERNEL, Match, MatchStage
from runtime.model.personality import DEFAULT_CATEGORY
from runtime.wire.commands.registry import DeviceMatch, Explain, Explanation

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

DEVICE, DRIVER, NUB = EntryId(ROOT_ID + 5), EntryId(ROOT_ID + 6), EntryId(ROOT_ID + 1)
FREE = EntryId(ROOT_ID + 2)
BUNDLE = "org.example.sample"

HELD = Match(
    "My<i>Driver", BUNDLE, MatchStage.MATCHED, 90_000, DEFAULT_CATEGORY,
    parts=(("idVendor + idProduct", 90_000),), running=True,
)  # fmt: skip
LOSER = Match(
    "usbhid", KERNEL, MatchStage.CATEGORY, 49_000, DEFAULT_CATEGORY,
    "IOMatchCategory", f"{DEFAULT_CATEGORY} free", "held by MyDriver", holder="MyDriver",
)  # fmt: skip
FAILED = Match(
    "Other", "org.example.other", MatchStage.PROPERTIES,
    category=DEFAULT_CATEGORY, key="idProduct", wanted="2", found="1",
)  # fmt: skip


@pytest.fixture
def panel(bridge: Bridge, put_up: Callable[[QWidget], None]) -> MatchingPanel:
    """The tab on the screen, with nothing selected."""
    made = MatchingPanel(bridge)
    put_up(made)
    return made


def answer(qtbot: QtBot, runtime: "FakeRuntime", panel: MatchingPanel, found: Explanation) -> None:
    """Answer what the tab asked and wait until it is shown."""
    rows = len(found.matches) or len(found.devices)
    runtime.answer(Explain, found)
    qtbot.waitUntil(lambda: panel.model.rowCount() == rows)


def cells(panel: MatchingPanel) -> list[list[str]]:
    columns = range(panel.model.columnCount())
    return [
        [str(panel.model.index(row, column).data()) for column in columns]
        for row in range(panel.model.rowCount())
    ]


def explained(runtime: "FakeRuntime") -> list[int]:
    return [one.entry for one in runtime.commands() if isinstance(one, Explain)]


def test_candidates_in_order_with_the_reason_of_each(
    qtbot: QtBot, fake_runtime: "FakeRuntime", panel: MatchingPanel
) -> None:
    panel.show_entry(DEVICE)
    answer(qtbot, fake_runtime, panel, Explanation((HELD, LOSER, FAILED), compared=26_000))
    assert cells(panel) == [
        ["My<i>Driver", "90000", "drives it", "it has the device, with score 90000"],
        ["usbhid", "49000", "loses", "it fits with score 49000, but MyDriver has the device"],
        ["Other", "", "does not fit", "idProduct has to be 2, the device has 1"],
    ]
    assert panel.summary.text() == (
        "Driven by My<i>Driver. 2 could drive it, of 26000 that were compared."
    )
    assert "My<i>Driver" in panel.facts.toPlainText()


def test_the_keys_are_one_click_deeper(
    qtbot: QtBot, fake_runtime: "FakeRuntime", panel: MatchingPanel
) -> None:
    panel.show_entry(DEVICE)
    answer(qtbot, fake_runtime, panel, Explanation((FAILED,)))
    shown = panel.facts.toPlainText()
    assert "the personality would have to say 1 for idProduct" in shown
    assert "First key that failed" not in shown
    QTest.mouseClick(panel.keys, Qt.MouseButton.LeftButton)
    assert "First key that failed" in panel.facts.toPlainText()
    assert panel.keys.text() == "Hide matching keys"


def test_a_drivers_entry_lists_every_device_and_why_not(
    qtbot: QtBot, fake_runtime: "FakeRuntime", panel: MatchingPanel
) -> None:
    panel.show_entry(DRIVER)
    devices = (
        DeviceMatch(DEVICE, "Keyboard@0", "IOService:/a", HELD),
        DeviceMatch(NUB, "Mouse@1", "IOService:/b", FAILED),
    )
    answer(qtbot, fake_runtime, panel, Explanation(devices=devices, elsewhere=7))
    assert [row[0] for row in cells(panel)] == ["Keyboard@0", "Mouse@1"]
    assert panel.summary.text() == (
        "Fits 1 of 2 devices of its kind; 7 others are of another kind."
    )


def test_a_device_without_candidates_says_so(
    qtbot: QtBot, fake_runtime: "FakeRuntime", panel: MatchingPanel
) -> None:
    panel.show_entry(DEVICE)
    fake_runtime.answer(Explain, Explanation())
    qtbot.waitUntil(panel.summary.isVisible)
    assert panel.summary.text().startswith("Nothing could drive it: no driver extension is enabled")


def test_it_asks_for_devices_and_drivers_only_and_once_each(
    qtbot: QtBot, fake_runtime: "FakeRuntime", panel: MatchingPanel
) -> None:
    panel.show_entry(NUB)
    assert explained(fake_runtime) == []
    panel.show_entry(DEVICE)
    panel.show_entry(DEVICE)
    qtbot.waitUntil(lambda: explained(fake_runtime) == [DEVICE])
    answer(qtbot, fake_runtime, panel, Explanation((HELD,)))
    panel.show_entry(DRIVER)
    qtbot.waitUntil(lambda: explained(fake_runtime) == [DEVICE, DRIVER])


def test_an_answer_for_what_is_not_selected_any_more_is_dropped(
    qtbot: QtBot, fake_runtime: "FakeRuntime", panel: MatchingPanel
) -> None:
    panel.show_entry(DEVICE)
    fake_runtime.answer(Explain, Explanation((HELD,)))
    panel.show_entry(DRIVER)
    fake_runtime.receive()
    answer(qtbot, fake_runtime, panel, Explanation((LOSER, FAILED)))
    assert [row[0] for row in cells(panel)] == ["usbhid", "Other"]


def test_it_asks_again_when_the_device_changes(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    panel: MatchingPanel,
    make_entry: Callable[..., Entry],
) -> None:
    panel.show_entry(DEVICE)
    answer(qtbot, fake_runtime, panel, Explanation((HELD,)))
    before = bridge.mirror.entries[DEVICE]
    changed = make_entry(5, 4, before.name, before.cls, kind=before.kind, location="9")
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(entries=(changed,))
    qtbot.waitUntil(lambda: explained(fake_runtime) == [DEVICE, DEVICE])


def test_a_hidden_tab_asks_nothing_until_it_is_shown(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    panel = MatchingPanel(bridge)
    qtbot.addWidget(panel)
    panel.show_entry(DEVICE)
    assert explained(fake_runtime) == []
    panel.show()
    qtbot.waitUntil(lambda: explained(fake_runtime) == [DEVICE])


def test_a_refusal_leaves_the_empty_page(
    qtbot: QtBot, fake_runtime: "FakeRuntime", panel: MatchingPanel
) -> None:
    panel.show_entry(DEVICE)
    answer(qtbot, fake_runtime, panel, Explanation((HELD,)))
    assert panel.table.isVisible()
    panel.show_entry(DRIVER)
    fake_runtime.refuse(Explain, "not-found", "gone")
    qtbot.waitUntil(lambda: not panel.table.isVisible())


@pytest.fixture
def of_file(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    put_up: Callable[[QWidget], None],
    make_entry: Callable[..., Entry],
) -> MatchingPanel:
    """The tab of a file whose entries `NUB` and `FREE` have a MODALIAS, and no others."""
    props = {"MODALIAS": "usb:v1"}
    held = make_entry(1, 0, "Held", "IOUSBHostInterface", props=props, driver="usb<b>hid")
    free = make_entry(2, 0, "Free", "IOUSBHostInterface", props=props)
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(entries=(held, free))
    made = MatchingPanel(bridge, file=True)
    put_up(made)
    return made


def test_a_files_device_is_judged_with_this_machines_modules_and_the_tab_says_so(
    qtbot: QtBot, fake_runtime: "FakeRuntime", of_file: MatchingPanel
) -> None:
    of_file.show_entry(DEVICE)
    assert explained(fake_runtime) == [], "without a MODALIAS nothing can be judged"
    of_file.show_entry(NUB)
    bound = Match("usb<b>hid", KERNEL, MatchStage.MATCHED, 49_000, DEFAULT_CATEGORY, running=True)
    answer(qtbot, fake_runtime, of_file, Explanation((bound, LOSER), compared=26_000))
    assert explained(fake_runtime) == [NUB]
    assert of_file.summary.text() == (
        "The file says that usb<b>hid drives it. Judged with this machine's kernel modules, not "
        "those of the file's machine: 26000 aliases were compared. Driver extensions were not."
    )


def test_a_machine_without_modules_judges_nothing(
    qtbot: QtBot, fake_runtime: "FakeRuntime", of_file: MatchingPanel
) -> None:
    of_file.show_entry(FREE)
    fake_runtime.answer(Explain, Explanation())
    qtbot.waitUntil(of_file.summary.isVisible)
    assert of_file.summary.text() == (
        "The file names no driver that has it. This machine has no list of kernel modules to judge "
        "it with."
    )


@pytest.mark.parametrize("file", [False, True])
def test_a_file_has_the_tab_and_no_processes(qtbot: QtBot, bridge: Bridge, *, file: bool) -> None:
    inspector = Inspector(bridge, Selection(bridge), file=file)
    window = QTabWidget()
    qtbot.addWidget(window)
    for tab in inspector.tabs():
        window.addTab(tab.widget, tab.title)
    inspector.keep(window)
    window.show()
    assert inspector.properties.isVisible()
    assert not inspector.process.isVisible(), "what is no tab of a file is nowhere to be seen"
    titles = [tab.title for tab in inspector.tabs()]
    assert titles == ["Properties", "Matching", *([] if file else ["Process", "Log"])]
