"""The whole window over a runtime that the test plays."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ioregui import pages
from ioregui.bridge import Bridge
from ioregui.composition import Desk
from ioregui.household import Household
from ioregui.properties.panel import PropertiesPanel
from ioregui.properties.values import Numbers
from ioregui.records.facts_view import FactsView
from ioregui.records.table import RecordTable
from ioregui.registry.cells import Column
from ioregui.registry.view import RegistryView
from ioregui.timeline.page import TimelinePage
from ioregui.timeline.strip import TimelineStrip
from ioregui.window.banners import Choice
from ioregui.window.navigation import Navigation
from ioregui.window.quitting import QuittingMenu, words
from ioregui.window.settings import Quitting, Settings
from ioregui.window.theme import DARK, LIGHT, Dresser, Theme, contrast, sheet
from runtime.model.driver_lifecycle import DriverState
from runtime.model.entry import Entry, Place
from runtime.model.events import Event, Plugged
from runtime.model.identity import ROOT_ID, EntryId
from runtime.wire import client as wire
from runtime.wire.commands import Command
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.drivers import CrashDriver
from runtime.wire.commands.extensions import SetDeveloperMode
from runtime.wire.commands.lifetime import Detach, Quit
from runtime.wire.commands.registry import Describe, Details, Section
from tests.gui.conftest import entry, sample_driver, sample_entries, sample_status

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

DEVICE = EntryId(ROOT_ID + 4)
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def household(bridge: Bridge, tmp_path: Path) -> Household:
    """One that only ever looks where nobody listens."""
    return Household(bridge, tmp_path / "nobody.sock")


@pytest.fixture
def desk(
    qtbot: QtBot,
    qapp: QApplication,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    household: Household,
    settings: Settings,
) -> Iterator[Desk]:
    made = Desk(qapp, bridge, household, settings)
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot(drivers=(sample_driver(),))
    made.window.show()
    yield made
    household.end()
    made.window.leave()
    made.window.deleteLater()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def press(button: QPushButton) -> None:
    QTest.mouseClick(button, LEFT)


def banner_button(desk: Desk, key: str, text: str) -> QPushButton:
    banner = desk.window.banners.banner(key)
    assert banner is not None
    return banner.buttons[text]


def notice(desk: Desk) -> str:
    banner = desk.window.banners.banner("notice")
    return banner.text if banner is not None else desk.window.status.currentMessage()


def test_first_look(desk: Desk) -> None:
    assert desk.selection.entry == ROOT_ID + 6
    assert desk.window.status.text.text().startswith("8 entries  ·  quiet  ·  1 driver  ·  ")
    assert desk.window.toolbar.live.text() == "● live"


@pytest.mark.parametrize(
    ("kept", "selected"),
    [("IOService:/Machine", 2), ("IOService:/Machine/Gone", 6), ("", 6)],
    ids=["there", "not there", "gone before the end"],
)
def test_what_was_selected_at_the_last_start(
    request: pytest.FixtureRequest, settings: Settings, kept: str, selected: int
) -> None:
    settings.set_paths("selected", [kept])
    desk: Desk = request.getfixturevalue("desk")
    assert desk.selection.entry == ROOT_ID + selected


def test_a_window_is_as_it_was_after_another_is_put_together(
    desk: Desk, qapp: QApplication, household: Household, settings: Settings
) -> None:
    before = desk.window.grab().toImage()
    dresser = Dresser(qapp, settings.theme)
    other = Desk(qapp, Bridge(), household, settings, dresser)
    assert qapp.styleSheet() == sheet(dresser.theme)
    assert desk.window.grab().toImage() == before
    other.window.leave()
    other.window.deleteLater()
    other.deleteLater()


def test_half_a_screen_is_enough(desk: Desk) -> None:
    desk.window.resize(800, 700)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
    assert desk.window.width() == 800
    assert desk.registry.horizontalScrollBar().maximum() == 0, "no column is cut off"
    panel = desk.window.inspector.widget(0)
    assert isinstance(panel, PropertiesPanel)
    for control in (panel.bar.base, panel.bar.export):
        assert control.width() >= control.sizeHint().width()
        assert panel.rect().contains(control.geometry().translated(panel.bar.pos()))


def test_search_counts_and_escape_clears(qtbot: QtBot, desk: Desk) -> None:
    bar = desk.window.toolbar
    QTest.keyClicks(bar.search, "class:IOUSBHostInterface")
    qtbot.waitUntil(lambda: bar.count.text() == "2 of 8")
    assert not bar.count.isHidden()
    QTest.keyClick(bar.search, Qt.Key.Key_Escape)
    qtbot.waitUntil(bar.count.isHidden)
    assert bar.search.text() == ""


def test_empty_tree_says_why(qtbot: QtBot, desk: Desk) -> None:
    before = desk.registry.viewport().grab().toImage()
    QTest.keyClicks(desk.window.toolbar.search, "nothing has this name")
    qtbot.waitUntil(lambda: desk.registry.why_empty.startswith("The search finds nothing"))
    empty = desk.registry.viewport().grab().toImage()
    row = range(empty.width())
    middle = range(empty.height() // 2 - 10, empty.height() // 2 + 10)
    assert len({empty.pixel(x, y) for x in row for y in middle}) > 1, "a sentence in the middle"
    QTest.keyClick(desk.window.toolbar.search, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not desk.registry.why_empty)
    assert before != empty


def test_search_is_left_with_down(qtbot: QtBot, desk: Desk) -> None:
    desk.window.activateWindow()
    desk.window.toolbar.focus_search()
    QTest.keyClick(desk.window.toolbar.search, Qt.Key.Key_Down)
    qtbot.waitUntil(desk.registry.hasFocus)


def test_navigation_with_keys(desk: Desk) -> None:
    QTest.keyClick(desk.window.navigation, Qt.Key.Key_Down)
    assert desk.window.stack.currentIndex() == 1


def test_developer_banner_turns_it_off(
    qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime"
) -> None:
    fake_runtime.delta(status=sample_status(developer=True))
    qtbot.waitUntil(lambda: desk.window.banners.banner("developer") is not None)
    press(banner_button(desk, "developer", "Turn off"))
    qtbot.waitUntil(lambda: SetDeveloperMode(False) in fake_runtime.commands())
    fake_runtime.delta(status=sample_status(developer=False))
    fake_runtime.answer(SetDeveloperMode, sample_status(developer=False))
    qtbot.waitUntil(lambda: notice(desk) == "✓  Developer mode is off.")
    qtbot.waitUntil(lambda: desk.window.banners.banner("developer") is None)


def test_crash_needs_developer_mode_and_says_so(
    qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime"
) -> None:
    crash = next(a for a in desk.window.actions() if a.text() == "Crash it")
    assert not crash.isEnabled()
    assert "developer mode" in crash.toolTip()
    fake_runtime.delta(status=sample_status(developer=True))
    qtbot.waitUntil(crash.isEnabled)
    crash.trigger()
    qtbot.waitUntil(lambda: CrashDriver(sample_driver().id) in fake_runtime.commands())
    desk.selection.select(ROOT_ID)
    assert not crash.isEnabled()


def test_refusal_is_shown_as_plain_text(
    qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime"
) -> None:
    next(a for a in desk.window.actions() if a.text() == "Plug sample device").trigger()
    qtbot.waitUntil(lambda: Plug("sample") in fake_runtime.commands())
    fake_runtime.refuse(Plug, "busy", "port 1: <b>expected</b>\u202e a free one")
    qtbot.waitUntil(lambda: notice(desk) == "port 1: <b>expected</b> a free one")
    press(banner_button(desk, "notice", "Close"))
    assert notice(desk) == ""


def test_describe_fills_the_details(qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime") -> None:
    desk.selection.select(ROOT_ID + 4)
    qtbot.waitUntil(lambda: Describe(DEVICE) in fake_runtime.commands())
    section = Section("Device descriptor", ((0, "bLength", "18"), (1, "bcdUSB", "2.00")))
    fake_runtime.answer(Describe, Details((section,)))
    panel = desk.window.inspector.widget(0)
    assert isinstance(panel, PropertiesPanel)
    qtbot.waitUntil(lambda: "bcdUSB" in [row.key for row in panel.model.rows])
    assert "idVendor" in [row.key for row in panel.model.rows]


def test_lost_runtime_is_said(qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime") -> None:
    fake_runtime.send(wire.Goodbye("runtime: state folder is in use"))
    qtbot.waitUntil(lambda: desk.window.banners.banner("runtime") is not None)
    banner = desk.window.banners.banner("runtime")
    assert banner is not None
    assert "state folder is in use" in banner.text
    assert desk.window.toolbar.live.text() == "○ no runtime"


@pytest.mark.parametrize(
    ("button", "command", "remembered"),
    [
        ("Stop them and quit", Quit(), Quitting.STOP),
        ("Keep them running", Detach(), Quitting.KEEP),
    ],
)
def test_closing_asks_once(
    qtbot: QtBot,
    desk: Desk,
    fake_runtime: "FakeRuntime",
    household: Household,
    settings: Settings,
    button: str,
    command: Command,
    remembered: Quitting,
) -> None:
    household.embedded = True
    desk.window.close()
    assert desk.window.isVisible()
    press(banner_button(desk, "leaving", "Cancel"))
    assert desk.window.banners.banner("leaving") is None
    desk.window.close()
    press(banner_button(desk, "leaving", button))
    qtbot.waitUntil(lambda: command in fake_runtime.commands())
    assert desk.window.isVisible()
    fake_runtime.answer(type(command), None)
    qtbot.waitUntil(lambda: not desk.window.isVisible())
    assert settings.quitting is remembered


def test_the_question_about_drivers_takes_the_keyboard_and_gives_it_back(
    desk: Desk, household: Household
) -> None:
    household.embedded = True
    for answer in (Qt.Key.Key_Escape, Qt.Key.Key_Space):
        desk.registry.setFocus()
        desk.window.close()
        names = [Quitting.STOP, Quitting.KEEP]
        asked = [banner_button(desk, "leaving", words(name)) for name in names]
        cancel = banner_button(desk, "leaving", "Cancel")
        for button, following in pairwise((*asked, cancel)):
            assert desk.window.focusWidget() is button
            QTest.keyClick(button, Qt.Key.Key_Tab)
            assert desk.window.focusWidget() is following
        QTest.keyClick(cancel, answer)
        assert desk.window.banners.banner("leaving") is None
        assert desk.window.focusWidget() is desk.registry


def test_question_goes_with_the_last_driver(
    qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime", household: Household
) -> None:
    household.embedded = True
    desk.window.close()
    assert desk.window.banners.banner("leaving") is not None
    fake_runtime.delta(drivers=(sample_driver(DriverState.STOPPED, pid=0),))
    qtbot.waitUntil(lambda: desk.window.banners.banner("leaving") is None)
    assert desk.window.isVisible()


def test_answer_about_drivers_is_changed_in_the_menu(desk: Desk, settings: Settings) -> None:
    settings.quitting = Quitting.KEEP
    menu = desk.window.findChild(QuittingMenu)
    assert menu is not None
    menu.aboutToShow.emit()
    assert [answer for answer, one in menu.answers.items() if one.isChecked()] == [Quitting.KEEP]
    menu.answers[Quitting.ASK].trigger()
    assert settings.quitting is Quitting.ASK


def test_pages_have_keys_and_say_what_they_are(qtbot: QtBot, desk: Desk) -> None:
    assert desk.window.page_names == list(pages.NAMES)
    desk.window.activateWindow()
    desk.window.toolbar.focus_search()
    for row in range(len(pages.NAMES)):
        QTest.keyClick(desk.window, Qt.Key(Qt.Key.Key_1 + row), Qt.KeyboardModifier.ControlModifier)
        assert desk.window.stack.currentIndex() == row
        tip = desk.window.navigation.model().index(row, 0).data(Qt.ItemDataRole.ToolTipRole)
        assert tip.endswith(f"(Ctrl+{row + 1})")


def test_menu_opens_with_a_key(qtbot: QtBot, desk: Desk) -> None:
    menu = desk.window.toolbar.menu.menu()
    desk.window.activateWindow()
    QTest.keyClick(desk.window, Qt.Key.Key_F10)
    qtbot.waitUntil(menu.isVisible)
    assert menu.activeAction() is menu.actions()[0]
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    assert not menu.isVisible()


def test_mark_of_the_timeline_opens_in_the_events(
    qtbot: QtBot, desk: Desk, fake_runtime: "FakeRuntime"
) -> None:
    happened = tuple(
        Event(number, number, Plugged(f"Device {number}", "IOService"), DEVICE) for number in (1, 2)
    )
    fake_runtime.delta(events=happened)
    strip = desk.window.findChild(TimelineStrip)
    assert strip is not None
    qtbot.waitUntil(lambda: strip.marks > 0)
    strip.setFocus()
    QTest.keyClick(strip, Qt.Key.Key_Left)
    QTest.keyClick(strip, Qt.Key.Key_Return)
    page = desk.window.stack.currentWidget()
    assert isinstance(page, TimelinePage)
    row = page.table.selectionModel().selectedRows()[0].row()
    chosen = page.model.record(row)
    assert chosen is not None
    assert strip.selected is not None
    assert chosen.number == strip.selected.events[0].number


def test_every_control_has_a_name(desk: Desk) -> None:
    nameless = [
        type(one).__name__
        for kind in (QAbstractButton, QLineEdit, QComboBox, QAbstractItemView, QTabWidget)
        for one in desk.window.findChildren(kind)
        if one.focusPolicy() != Qt.FocusPolicy.NoFocus
        and one.isVisibleTo(desk.window)
        and not (one.accessibleName() or (isinstance(one, QAbstractButton) and one.text()))
    ]
    assert not nameless


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ("registry", RegistryView),
        ("drivers", RecordTable),
        ("drivers", FactsView),
        ("registry", Navigation),
    ],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_focus_can_be_seen(qtbot: QtBot, desk: Desk, page: str, kind: type[QWidget]) -> None:
    def edge(shown: QWidget) -> set[int]:
        image = shown.grab().toImage()
        return {image.pixel(0, y) for y in range(10, image.height() - 10)}

    desk.window.show_page(page)
    desk.window.activateWindow()
    inside = desk.window if kind is Navigation else desk.window.stack.currentWidget()
    assert inside is not None
    widget = inside if isinstance(inside, kind) else inside.findChild(kind)
    assert isinstance(widget, QWidget)
    desk.window.toolbar.focus_search()
    before = edge(widget)
    widget.setFocus()
    qtbot.waitUntil(widget.hasFocus)
    assert edge(widget).isdisjoint(before)


def test_words_of_the_status_line_are_explained(desk: Desk) -> None:
    line, tip = desk.window.status.text.text(), desk.window.status.text.toolTip()
    for word in ("entries", "quiet", "driver", "embedded", "kernel events"):
        assert word in line
        assert word in tip


def test_narrow_window_keeps_the_names(qtbot: QtBot, desk: Desk) -> None:
    desk.window.resize(900, 600)
    qtbot.waitUntil(lambda: desk.window.width() == 900)
    assert desk.registry.columnWidth(Column.NAME) >= 200
    assert not desk.registry.horizontalScrollBar().isVisible()


def test_window_that_joined_just_closes(desk: Desk) -> None:
    desk.window.close()
    assert not desk.window.isVisible()


def test_theme_is_toggled_and_remembered(desk: Desk, settings: Settings) -> None:
    before = settings.theme
    desk.window.toolbar.theme.click()
    assert settings.theme is not before


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_text_can_be_read(theme: Theme) -> None:
    for ground in (theme.window, theme.base, theme.hover, theme.raised):
        for text in (theme.text, theme.muted, theme.accent, theme.warning, theme.wrong):
            assert contrast(text, ground) >= 4.5, (text, ground)
    assert contrast(theme.on_selection, theme.selection) >= 4.5
    assert contrast(theme.on_accent, theme.accent) >= 4.5
    assert contrast(theme.on_notice, theme.notice) >= 4.5


def test_a_wrong_search_is_underlined_where_it_is_wrong(desk: Desk) -> None:
    toolbar = desk.window.toolbar
    QTest.keyClicks(toolbar.search, "usb vid:q")
    QTest.keyClick(toolbar.search, Qt.Key.Key_Return)
    assert toolbar.error.isVisible()
    assert toolbar.error.text() == "expected a vendor as 046d or 046d:c31c, found “q”"
    assert toolbar.search.text() == "usb vid:q"
    assert toolbar.search.cursorPosition() == 9
    for _ in range(5):
        QTest.keyClick(toolbar.search, Qt.Key.Key_Backspace)
    QTest.keyClick(toolbar.search, Qt.Key.Key_Return)
    assert not toolbar.error.isVisible()


def test_f3_goes_from_hit_to_hit(desk: Desk) -> None:
    toolbar = desk.window.toolbar
    toolbar.filter.click()
    QTest.keyClicks(toolbar.search, "class:IOUSBHostInterface")
    QTest.keyClick(toolbar.search, Qt.Key.Key_Return)
    selected = []
    for modifier in (Qt.KeyboardModifier.NoModifier,) * 2 + (Qt.KeyboardModifier.ShiftModifier,):
        QTest.keyClick(desk.window, Qt.Key.Key_F3, modifier)
        selected.append(desk.selection.entry - ROOT_ID)
    assert selected == [7, 5, 7]
    assert toolbar.count.text() == "2 of 8"


def test_a_hidden_column_stays_hidden_at_the_next_start(
    qapp: QApplication, bridge: Bridge, household: Household, settings: Settings, desk: Desk
) -> None:
    desk.window.resize(1200, 700)
    desk.window.show()
    head = desk.registry.horizontalHeader()
    assert [action.text() for action in head.actions()] == [
        "State", "Driver", "PID", "", "Fit columns",
    ]  # fmt: skip
    state, _, pid, *_ = head.actions()
    head.resizeSection(Column.DRIVER, 123)
    state.trigger()
    assert desk.registry.isColumnHidden(Column.STATE)
    assert not desk.registry.isColumnHidden(Column.NAME)
    pid.trigger()
    desk.window.leave()
    again = Desk(qapp, bridge, household, settings)
    again.window.resize(1200, 700)
    again.window.show()
    assert again.registry.choice.hidden == ["STATE", "PID"]
    assert again.registry.isColumnHidden(Column.STATE)
    again.registry.horizontalHeader().actions()[0].trigger()
    assert not again.registry.isColumnHidden(Column.STATE)
    again.registry.horizontalHeader().resizeSection(Column.DRIVER, 123)
    again.registry.horizontalHeader().actions()[-1].trigger()
    assert again.registry.columnWidth(Column.DRIVER) != 123
    again.window.leave()
    again.window.deleteLater()
    again.deleteLater()


def test_what_was_open_and_selected_is_so_at_the_next_start(
    qtbot: QtBot,
    qapp: QApplication,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    household: Household,
    settings: Settings,
    desk: Desk,
) -> None:
    desk.selection.select(DEVICE)
    desk.model.set_expanded(desk.model.row_of(DEVICE), expanded=False)
    rows = desk.model.rowCount()
    properties = desk.window.findChildren(PropertiesPanel)[0]
    properties.bar.numbers = Numbers.HEXADECIMAL
    desk.registry.horizontalHeader().resizeSection(Column.DRIVER, 123)
    properties.table.horizontalHeader().resizeSection(0, 77)
    desk.window.leave()
    again = Desk(qapp, bridge, household, settings)
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot(drivers=(sample_driver(),))
    assert again.selection.entry == DEVICE
    assert again.model.rowCount() == rows
    shown = again.window.findChildren(PropertiesPanel)[0]
    assert shown.bar.numbers is Numbers.HEXADECIMAL
    again.window.resize(1200, 700)
    again.window.show()
    assert again.registry.columnWidth(Column.DRIVER) == 123
    assert shown.table.columnWidth(0) == 77
    again.window.leave()
    again.window.deleteLater()
    again.deleteLater()


def test_the_selected_row_stays_in_view_when_a_banner_takes_room(
    qtbot: QtBot, desk: Desk, bridge: Bridge, fake_runtime: "FakeRuntime"
) -> None:
    many = tuple(entry(at, 0, f"d{at:03}") for at in range(1, 200))
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot((entry(0, -1, "Root"), *many))
    tree = desk.registry
    desk.selection.select(ROOT_ID + 150)
    QTest.qWait(0)
    room = tree.viewport().height()
    desk.window.banners.show_banner("a", "one line")
    desk.window.banners.show_banner("b", "another line")
    qtbot.waitUntil(lambda: tree.viewport().height() < room)
    spot = tree.visualRect(tree.currentIndex())
    assert spot.isValid()
    assert tree.viewport().rect().contains(spot)


def test_tab_goes_through_the_window_as_it_is_seen(desk: Desk) -> None:
    done: list[str] = []
    for key in ("a", "b"):
        choice = Choice(f"Choose {key}", partial(done.append, key))
        desk.window.banners.show_banner(key, "a question", (choice,))
    first: QWidget = desk.window.toolbar.search
    chain, after = [first], first.nextInFocusChain()
    while after is not None and after is not first:
        chain.append(after)
        after = after.nextInFocusChain()
    buttons = {button.text(): button for button in desk.window.findChildren(QPushButton)}
    named: dict[str, QWidget] = {
        "search": first,
        "menu": desk.window.toolbar.menu,
        "a": buttons["Choose a"],
        "b": buttons["Choose b"],
        "pages": desk.window.navigation,
        "tree": desk.registry,
        "properties": desk.window.findChildren(PropertiesPanel)[0].table,
    }
    places = [chain.index(widget) for widget in named.values()]
    assert places == sorted(places), list(named)


def in_power(*moved: int) -> tuple[Entry, ...]:
    """The sample, some of it below the root of IOPower too."""
    place = Place("IOPower", ROOT_ID, "", "9")
    return tuple(
        msgspec.structs.replace(entry, places=(place,)) if entry.id - ROOT_ID in moved else entry
        for entry in sample_entries()
    )


def test_the_box_chooses_the_plane_which_is_so_at_the_next_start(
    qtbot: QtBot,
    qapp: QApplication,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    household: Household,
    settings: Settings,
    desk: Desk,
) -> None:
    box = desk.window.toolbar.plane
    assert [box.itemText(at) for at in range(box.count())] == ["IOService"]
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot(in_power(4, 7))
    assert [box.itemText(at) for at in range(box.count())] == ["IOService", "IOPower"]
    assert box.currentText() == "IOService"
    desk.selection.select(DEVICE)
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == "IOPower"
    model = desk.model
    titles = [model.text(row, Column.NAME) for row in range(model.rowCount())]
    assert titles == ["Root", "Interface@9", "Sample Device@9"]
    assert desk.registry.currentIndex().row() == 2, "what was selected still is"
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(entries=sample_entries()[4:])
    assert [box.itemText(at) for at in range(box.count())] == ["IOService", "IOPower"]
    assert desk.registry.why_empty == "Nothing is in the plane IOPower now."
    desk.window.leave()
    again = Desk(qapp, bridge, household, settings)
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot(in_power(7))
    assert again.window.toolbar.plane.currentText() == "IOPower"
    assert again.model.rows.plane == "IOPower"
    again.window.leave()
    again.window.deleteLater()
    again.deleteLater()
