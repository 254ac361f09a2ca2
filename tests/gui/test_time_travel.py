"""The registry as it was: dragging the strip, keys, the banner, and back to now."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.composition import Desk
from ioregui.household import Household
from ioregui.properties.panel import PropertiesPanel
from ioregui.registry.cells import Column
from ioregui.timeline.strip import TimelineStrip
from ioregui.window.settings import Settings
from runtime.model import events
from runtime.model.entry import Entry
from runtime.model.events import Event
from runtime.model.identity import ROOT_ID, EntryId
from runtime.wire import history
from runtime.wire.commands.registry import Describe, HistoryPage, ReadHistory
from tests.gui.conftest import entry, sample_driver, sample_entries

if TYPE_CHECKING:
    from pathlib import Path

    from tests.gui.conftest import FakeRuntime

SECOND_MS = 1000
FIRST_MS = 1_700_000_000_000
NO_KEY = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
STICK = EntryId(ROOT_ID + 90)


def past_entries() -> tuple[Entry, ...]:
    """What there was: the sample without its second interface, and a stick that is gone now."""
    return (*sample_entries()[:7], entry(90, 3, "Stick", "IOUSBHostDevice"))


def chunks(run: str = "00112233445566ff", *, thin: bool = False) -> list[bytes]:
    """A segment in two chunks: the entries at first, and the stick's end ten seconds later."""
    writer = history.Writer()
    puts = [history.Put(one) for one in past_entries()]
    begin: list[history.Record] = [history.Begin(1, run, thin), history.At(FIRST_MS), *puts]
    end: list[history.Record] = [history.At(FIRST_MS + 10 * SECOND_MS), history.Gone(STICK)]
    return [writer.chunk([*begin, history.Whole()]), writer.chunk(end)]


@pytest.fixture
def desk(
    qtbot: QtBot, qapp: QApplication, bridge: Bridge, fake_runtime: "FakeRuntime", tmp_path: "Path"
) -> Iterator[Desk]:
    household = Household(bridge, tmp_path / "nobody.sock")
    settings = Settings(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))
    made = Desk(qapp, bridge, household, settings)
    marks = (
        Event(1, FIRST_MS * 1_000_000, events.Began("r", "1")),
        Event(2, (FIRST_MS + 10 * SECOND_MS) * 1_000_000, events.Unplugged("Stick", "c")),
    )
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot(drivers=(sample_driver(),), events=marks)
    made.window.show()
    yield made
    household.end()
    made.window.leave()
    made.window.deleteLater()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def answer(qtbot: QtBot, desk: Desk, runtime: "FakeRuntime", run: str = "00112233445566ff") -> int:
    """Answer a question for a moment page by page; return the moment."""
    first, second = chunks(run)
    qtbot.waitUntil(lambda: bool(questions(runtime)))
    asked = questions(runtime)[-1].at_ms
    runtime.answer(ReadHistory, HistoryPage(4, (first,), 1, True, FIRST_MS))
    qtbot.waitUntil(lambda: questions(runtime)[-1] == ReadHistory(asked, 4, 1))
    with qtbot.waitSignal(desk.bridge.travelled):
        runtime.answer(ReadHistory, HistoryPage(4, (second,), 2, False, FIRST_MS))
    return asked


def questions(runtime: "FakeRuntime") -> list[ReadHistory]:
    return [command for command in runtime.commands() if isinstance(command, ReadHistory)]


def names(desk: Desk) -> list[str]:
    model = desk.registry.model()
    return [
        str(model.data(model.index(row, Column.NAME))).partition("@")[0]
        for row in range(model.rowCount())
    ]


def strip(desk: Desk) -> TimelineStrip:
    found = desk.window.findChild(TimelineStrip)
    assert found is not None
    return found


def drag(on: TimelineStrip, start: int, end: int) -> None:
    """Press, move in steps, let go."""
    middle = on.height() // 2
    QTest.mousePress(on, Qt.MouseButton.LeftButton, NO_KEY, QPoint(start, middle))
    for x in (start + (end - start) // 2, end):
        QTest.mouseMove(on, QPoint(x, middle))
    QTest.mouseRelease(on, Qt.MouseButton.LeftButton, NO_KEY, QPoint(end, middle))


def test_dragging_shows_the_past_and_says_so(
    qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime"
) -> None:
    line, now = strip(desk), names(desk)
    first, second = line.placed()
    between = (first.x + first.width + second.x) // 2
    drag(line, line.width() - 200, between)
    asked = answer(qtbot, desk, fake_runtime)
    last = questions(fake_runtime)[-1].at_ms
    if last != asked:  # the drag went on while the first answer was under way
        asked = answer(qtbot, desk, fake_runtime)
    assert FIRST_MS < asked < FIRST_MS + 10 * SECOND_MS
    assert "Stick" in names(desk)
    assert "Stick" not in now
    banner = desk.window.banners.banner("past")
    assert banner is not None
    assert banner.text.startswith("The past: this is the registry as it was at 20")
    assert "the past" in desk.window.toolbar.live.text()
    assert not desk.actions["plug"].isEnabled()
    QTest.mouseClick(banner.buttons["Back to now"], Qt.MouseButton.LeftButton)
    assert names(desk) == now
    assert desk.window.banners.banner("past") is None
    assert desk.window.toolbar.live.text() == "● live"
    assert desk.actions["plug"].isEnabled()


def test_the_inspector_says_that_an_entry_was_not_there_then(
    qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime"
) -> None:
    panel = desk.window.findChild(PropertiesPanel)
    assert panel is not None
    desk.selection.select(ROOT_ID + 7)
    QTest.keyClick(strip(desk), Qt.Key.Key_Left, SHIFT)
    answer(qtbot, desk, fake_runtime)
    words = {label.text() for label in panel.bar.findChildren(QLabel)}
    assert "Sample Device@14100000" in words
    assert any("Interface@1 was not there at that moment" in text for text in words)
    QTest.keyClick(strip(desk), Qt.Key.Key_Escape)
    words = {label.text() for label in panel.bar.findChildren(QLabel)}
    assert "Interface@1" in words
    assert not any("not there" in text for text in words)


def test_keys_go_to_the_moments_of_the_marks(
    qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime"
) -> None:
    QTest.keyClick(strip(desk), Qt.Key.Key_Left, SHIFT)
    assert answer(qtbot, desk, fake_runtime) == FIRST_MS + 10 * SECOND_MS
    assert "Stick" not in names(desk)
    QTest.keyClick(strip(desk), Qt.Key.Key_Left)
    QTest.keyClick(strip(desk), Qt.Key.Key_Space)
    assert answer(qtbot, desk, fake_runtime) == FIRST_MS
    assert "Stick" in names(desk)
    QTest.keyClick(strip(desk), Qt.Key.Key_Escape)
    assert desk.bridge.mirror.past_ms == 0
    assert "Interface" in names(desk)


def test_the_present_goes_on_behind_the_past(
    qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime"
) -> None:
    QTest.keyClick(strip(desk), Qt.Key.Key_Left, SHIFT)
    answer(qtbot, desk, fake_runtime)
    then = names(desk)
    with qtbot.waitSignal(desk.bridge.changed):
        fake_runtime.delta(
            entries=(entry(50, 4, "Newcomer"),),
            gone_entries=(EntryId(ROOT_ID + 7),),
            events=(Event(3, (FIRST_MS + 20_000) * 1_000_000, events.Plugged("Newcomer", "c")),),
        )
    assert names(desk) == then
    assert strip(desk).marks == 3
    QTest.keyClick(strip(desk), Qt.Key.Key_End)
    desk.model.reveal(ROOT_ID + 50)
    assert "Newcomer" in names(desk)
    assert ROOT_ID + 7 not in desk.bridge.mirror.entries


def test_the_selection_goes_along_by_path(
    qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime"
) -> None:
    second_interface = ROOT_ID + 7
    desk.selection.select(second_interface)
    QTest.keyClick(strip(desk), Qt.Key.Key_Left, SHIFT)
    answer(qtbot, desk, fake_runtime, run="another")
    assert desk.selection.entry == ROOT_ID + 4, "its device: it was not there yet"
    assert not any(
        isinstance(command, Describe) and command.entry == ROOT_ID + 4
        for command in fake_runtime.commands()
    ), "a device of the past is not asked"
    QTest.keyClick(strip(desk), Qt.Key.Key_End)
    assert desk.selection.entry == second_interface


def test_what_was_open_is_open_again(qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime") -> None:
    model, device = desk.model, ROOT_ID + 4
    model.set_expanded(model.row_of(device), expanded=False)
    now = names(desk)
    QTest.keyClick(strip(desk), Qt.Key.Key_Left, SHIFT)
    answer(qtbot, desk, fake_runtime)
    assert not model.rows.is_expanded(device)
    QTest.keyClick(strip(desk), Qt.Key.Key_End)
    assert names(desk) == now


def test_a_refusal_is_told_and_now_stays(
    qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime"
) -> None:
    now = names(desk)
    QTest.keyClick(strip(desk), Qt.Key.Key_Left, SHIFT)
    qtbot.waitUntil(lambda: bool(questions(fake_runtime)))
    with qtbot.waitSignal(desk._commands.failed):
        fake_runtime.refuse(ReadHistory, "not-found", "moment 1 ms: expected one, found none")
    banner = desk.window.banners.banner("notice")
    assert banner is not None
    assert banner.text == "moment 1 ms: expected one, found none"
    assert names(desk) == now


def test_damaged_history_is_told(qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime") -> None:
    QTest.keyClick(strip(desk), Qt.Key.Key_Left, SHIFT)
    qtbot.waitUntil(lambda: bool(questions(fake_runtime)))
    with qtbot.waitSignal(desk._commands.failed):
        page = HistoryPage(4, (b"noise",), 1, False, FIRST_MS)
        fake_runtime.answer(ReadHistory, page)
    assert desk.bridge.mirror.past_ms == 0


def test_a_past_without_detail_says_of_when_its_values_are(
    qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime"
) -> None:
    QTest.keyClick(strip(desk), Qt.Key.Key_Left, SHIFT)
    qtbot.waitUntil(lambda: bool(questions(fake_runtime)))
    with qtbot.waitSignal(desk.bridge.travelled):
        page = HistoryPage(4, tuple(chunks(thin=True)), 2, False, FIRST_MS)
        fake_runtime.answer(ReadHistory, page)
    banner = desk.window.banners.banner("past")
    assert banner is not None
    assert "only what came and went is kept; values are those of 20" in banner.text
