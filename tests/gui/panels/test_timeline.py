"""The timeline as a list and as a strip, with mouse and keyboard."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.records import tones
from ioregui.records.column import Tone
from ioregui.timeline.groups import said
from ioregui.timeline.page import TimelinePage
from ioregui.timeline.strip import TimelineStrip
from ioregui.window.theme import DARK, LIGHT, Theme, contrast, palette
from runtime.model import events
from runtime.model.events import Event
from runtime.model.identity import ROOT_ID
from runtime.model.outcome import Exit, ExitHow

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

SECOND = 1_000_000_000
STORY: tuple[events.Detail, ...] = (
    events.Plugged("Mouse", "IOUSBHostDevice"),
    events.Started("D", 7, 12_000),
    events.Crashed("D", 7, Exit(ExitHow.SIGNAL, 11)),
    events.Started("D", 8, 9_000),
)


def story(begin: int = 1) -> tuple[Event, ...]:
    return tuple(
        Event(begin + at, (begin + at) * SECOND, detail, entry=ROOT_ID + at)
        for at, detail in enumerate(STORY)
    )


@pytest.fixture
def strip(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime", put_up: Callable[[QWidget], None]
) -> TimelineStrip:
    """A strip that shows the story."""
    made = TimelineStrip(bridge)
    put_up(made)
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(events=story())
    return made


def centre(strip: TimelineStrip, mark: int) -> QPoint:
    placed = strip.placed()[mark]
    return QPoint(placed.x + placed.width // 2, strip.sizeHint().height() // 3)


def test_clicking_a_mark_selects_its_entry(qtbot: QtBot, strip: TimelineStrip) -> None:
    with qtbot.waitSignals([strip.event_chosen, strip.entry_chosen]):
        QTest.mouseClick(
            strip,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
            centre(strip, 2),
        )
    assert strip.selected is not None
    assert isinstance(strip.selected.events[0].detail, events.Crashed)
    assert "SIGSEGV" in strip.accessibleDescription()


def test_left_and_right_go_from_mark_to_mark(qtbot: QtBot, strip: TimelineStrip) -> None:
    chosen: list[object] = []
    strip.event_chosen.connect(chosen.append)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home):
        QTest.keyClick(strip, key)
    assert chosen == [4, 3, 4, 1]
    QTest.keyClick(strip, Qt.Key.Key_Left)
    assert chosen[-1] == 1
    QTest.keyClick(strip, Qt.Key.Key_End)
    assert strip.selected is None
    assert strip.accessibleDescription() == "now"


def test_buttons_step_too(strip: TimelineStrip) -> None:
    QTest.mouseClick(strip.earlier, Qt.MouseButton.LeftButton)
    QTest.mouseClick(strip.earlier, Qt.MouseButton.LeftButton)
    assert strip.selected is not None
    assert strip.selected.events[0].number == 3
    QTest.mouseClick(strip.later, Qt.MouseButton.LeftButton)
    QTest.mouseClick(strip.later, Qt.MouseButton.LeftButton)
    assert strip.accessibleDescription() == "now"


def test_new_events_leave_the_selection_alone(
    qtbot: QtBot, strip: TimelineStrip, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    strip.step(-2)
    before = strip.selected
    for begin in range(5, 401, 4):
        fake_runtime.delta(events=story(begin))
    qtbot.waitUntil(lambda: strip.marks == 400)
    assert strip.selected is before
    assert strip.placed()[-1].group == 399
    QTest.keyClick(strip, Qt.Key.Key_Left)
    shown = [placed.group for placed in strip.placed()]
    assert strip.selected is not None
    assert strip.selected.events[0].number == 2
    assert 1 in shown


def test_hover_says_when_and_what(strip: TimelineStrip) -> None:
    strip.step(-2)
    assert strip.selected is not None
    text = said(strip.selected)
    assert "✕" in text
    assert "D (pid 7) crashed: SIGSEGV" in text


def test_a_crash_has_a_shape_of_its_own(strip: TimelineStrip) -> None:
    """The marks differ where colour is taken away."""
    image = strip.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    line = 10 + strip.fontMetrics().height() // 2
    shapes = []
    for placed in strip.placed():
        area = image.copy(placed.x - 1, line - 6, 11, 12)
        shapes.append([area.pixelColor(x, y).value() < 160 for x in range(11) for y in range(12)])
    assert shapes[2] != shapes[1]
    assert shapes[1] == shapes[3]


def test_empty_strip_says_what_will_be_here(qtbot: QtBot, bridge: Bridge) -> None:
    strip = TimelineStrip(bridge)
    qtbot.addWidget(strip)
    assert strip.marks == 0
    QTest.keyClick(strip, Qt.Key.Key_Left)
    assert strip.selected is None
    assert not strip.grab().isNull()


def test_list_shows_sentences_and_picks_entries(
    qtbot: QtBot, bridge: Bridge, fake_runtime: "FakeRuntime", put_up: Callable[[QWidget], None]
) -> None:
    page = TimelinePage(bridge)
    put_up(page)
    assert not page.table.isVisible()
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(events=story(), lost_events=12)
    assert page.model.index(2, 2).data() == ("D (pid 7) crashed: SIGSEGV (invalid memory access)")
    assert "12 events are missing" in page.lost.text()
    with qtbot.waitSignal(page.entry_chosen) as heard:
        assert page.select_event(3)
    assert heard.args == [ROOT_ID + 2]
    assert not page.select_event(99)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("tone", list(Tone))
def test_tones_can_be_read(theme: Theme, tone: Tone) -> None:
    worn = palette(theme)
    colour = tones.colour(tone, worn)
    for ground in (QPalette.ColorRole.Base, QPalette.ColorRole.Window):
        assert contrast(colour.name(), QColor(worn.color(ground)).name()) >= 4.5
