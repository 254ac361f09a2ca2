"""The Compare page and saving, with the real export process on real files."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, QCoreApplication, QEvent, QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.compare.difference import Difference, Kind
from ioregui.compare.intake import Intake
from ioregui.compare.model import DifferenceColumn, DifferencesModel
from ioregui.compare.page import ComparePage
from ioregui.composition import Desk
from ioregui.household import Household
from ioregui.timeline.strip import TimelineStrip
from ioregui.window.settings import Settings
from runtime.interchange import recording
from runtime.interchange.recorded import Past
from runtime.model import properties
from runtime.model.events import Event, Unplugged
from runtime.model.identity import ROOT_ID
from runtime.wire.history import At, Begin, Gone, Put, Record, Whole, Writer
from tests.gui.conftest import entry

SECONDS = 60_000
END_MS = 1_700_000_000_000
ROOT = entry(0, -1, "Root", "IORegistryEntry")
HUB = entry(1, 0, "Hub", "IOUSBHostDevice", props={"ports": 4})
STICK = entry(2, 1, "Stick", "IOUSBHostDevice", props={"USB Serial Number": "SECRET99"})


def recorded(path: Path) -> Path:
    """A recording: the stick went ten minutes before the end."""
    writer = Writer()
    gone = END_MS - 600_000
    begin: list[Record] = [Begin(1, "r"), At(END_MS - 3_600_000), Put(ROOT), Put(HUB), Put(STICK)]
    chunks = [writer.chunk([*begin, Whole()]), writer.chunk([At(gone), Gone(STICK.id)])]
    events = [Event(1, gone * 1_000_000, Unplugged("Stick", "c"), STICK.id, "IOService:/Hub/Stick")]
    data = recording.write(
        [ROOT, HUB], ("IOService",), END_MS * 1_000_000, history=[chunks], events=events
    )
    path.write_bytes(data)
    return path


@pytest.fixture
def desk(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Desk]:
    """A window that shows the recording."""
    bridge = Bridge()
    household = Household(bridge, file=recorded(tmp_path / "machine.ioregrec"))
    settings = Settings(QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat))
    made = Desk(qapp, bridge, household, settings)
    with qtbot.waitSignal(bridge.reset, timeout=SECONDS):
        household.start()
    made.window.show()
    yield made
    made.window.leave()
    household.end()
    household.join(10)
    made.window.deleteLater()
    made.deleteLater()
    bridge.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def page(desk: Desk) -> ComparePage:
    desk.window.show_page("compare")
    return desk._slices.compare


def compared(qtbot: QtBot, page: ComparePage, before: str, after: str) -> None:
    page.begin(before, after)
    assert page.notice.text == "Comparing…"
    with qtbot.waitSignal(page._intake.ended, timeout=SECONDS):
        pass


def shown(page: ComparePage) -> list[tuple[str, str]]:
    model = page.model
    columns = (DifferenceColumn.CHANGE, DifferenceColumn.ENTRY)
    return [
        (str(model.index(row, columns[0]).data()), str(model.index(row, columns[1]).data()))
        for row in range(model.rowCount())
    ]


def test_a_recording_is_scrubbed_in_the_window(qtbot: QtBot, desk: Desk) -> None:
    strip, mirror = desk.window.findChild(TimelineStrip), desk.bridge.mirror
    assert strip is not None
    assert (strip.marks, strip.moment_at(strip.width())) == (1, 0)
    with qtbot.waitSignal(desk.bridge.travelled, timeout=SECONDS):
        desk._travel.go_to(END_MS - 1_800_000)
    assert STICK.id in mirror.entries
    banner = desk.window.banners.banner("past")
    assert banner is not None
    QTest.mouseClick(banner.buttons["Back to the end"], Qt.MouseButton.LeftButton)
    assert STICK.id not in mirror.entries
    with qtbot.waitSignal(desk._commands.failed, timeout=SECONDS) as told:
        desk._travel.go_to(1)
    assert "expected one that the recording knows" in str(told.args)


def test_two_moments_of_the_file(qtbot: QtBot, page: ComparePage) -> None:
    assert not page.kinds.isVisible(), "nothing was counted yet"
    compared(qtbot, page, "30 minutes ago", "now")
    assert page.kinds.isVisible()
    assert shown(page) == [("- removed", "Stick")]
    assert [button.text() for button in page.kinds.buttons.values()] == [
        "1 removed",
        "0 added",
        "0 moved",
        "0 changed",
    ]
    assert "IOService:/Hub/Stick" in page.facts.text()
    QTest.keyClick(page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    text = QGuiApplication.clipboard().text()
    assert text == "- removed  IOService:/Hub/Stick  IOUSBHostDevice\n"


def test_a_file_and_now_and_only_the_kinds_that_are_wanted(
    qtbot: QtBot, page: ComparePage, tmp_path: Path
) -> None:
    other = tmp_path / "other.ioregrec"
    hub = entry(1, 0, "Hub", "IOUSBHostDevice", props={"ports": 7})
    other.write_bytes(recording.write([ROOT, hub, STICK], ("IOService",)))
    compared(qtbot, page, str(other), "now")
    assert shown(page) == [("- removed", "Stick"), ("~ changed", "Hub")]
    page.kinds.buttons[Kind.REMOVED].click()
    assert shown(page) == [("~ changed", "Hub")]
    assert page.kinds.buttons[Kind.REMOVED].text() == "1 removed, hidden"
    page.swap.click()
    assert (page.before.text, page.after.text) == ("now", str(other))
    with qtbot.waitSignal(page._intake.ended, timeout=SECONDS):
        page.compare.click()
    assert page.model.counts == {Kind.ADDED: 1, Kind.CHANGED: 1}


def test_going_to_an_entry_or_near_to_it(qtbot: QtBot, desk: Desk, page: ComparePage) -> None:
    compared(qtbot, page, "30 minutes ago", "now")
    with qtbot.waitSignal(desk._commands.told) as told:
        QTest.keyClick(page.table, Qt.Key.Key_Return)
    assert desk.selection.entry == HUB.id
    assert desk.window.stack.currentWidget() is desk.registry
    assert str(told.args[0]).endswith("selected is the nearest above it: IOService:/Hub")
    page.entry_asked.emit("IOService:/")
    assert desk.selection.entry == ROOT_ID


def test_what_was_compared_is_saved_as_it_is(
    qtbot: QtBot, page: ComparePage, tmp_path: Path
) -> None:
    compared(qtbot, page, "30 minutes ago", "now")
    for name in ("a.txt", "a.json"):
        with qtbot.waitSignal(page.told, timeout=SECONDS):
            page.save_as(str(tmp_path / name))
    assert (tmp_path / "a.txt").read_text() == (
        "--- 30 minutes ago\n+++ now\n- IOService:/Hub/Stick  <class IOUSBHostDevice>\n"
    )
    assert json.loads((tmp_path / "a.json").read_text())[0]["name"] == "Stick"
    with qtbot.waitSignal(page._saving.failed, timeout=SECONDS):
        page.save_as(str(tmp_path / "no" / "a.txt"))
    assert "No such file or directory" in page.notice.text


def test_equal_sides_and_sides_that_are_none_are_told(qtbot: QtBot, page: ComparePage) -> None:
    compared(qtbot, page, "now", "now")
    assert page.notice.text == "Nothing differs between the two."
    assert not page.save.isEnabled()
    with qtbot.waitSignal(page._errand.failed, timeout=SECONDS):
        page.begin("nothing of the kind", "now")
    assert page.notice.text.startswith("nothing of the kind: expected a file, a time")
    assert page.compare.text() == "Compare"


def test_a_comparison_can_be_given_up(qtbot: QtBot, page: ComparePage) -> None:
    page.begin("now", "now")
    assert page.compare.text() == "Stop"
    page.compare.click()
    assert (page.compare.text(), page.notice.text) == ("Compare", "")
    compared(qtbot, page, "30 minutes ago", "now")
    assert shown(page) == [("- removed", "Stick")]


def test_the_moment_that_is_shown_is_compared_with_now(qtbot: QtBot, desk: Desk) -> None:
    assert not desk.actions["compare"].isEnabled()
    with qtbot.waitSignal(desk.bridge.travelled, timeout=SECONDS):
        desk._travel.go_to(END_MS - 1_800_000)
    with qtbot.waitSignal(desk._slices.compare._intake.ended, timeout=SECONDS):
        desk.actions["compare"].trigger()
    assert shown(desk._slices.compare) == [("- removed", "Stick")]


def test_a_recording_is_saved_with_its_past_and_without_secrets(
    qtbot: QtBot, desk: Desk, tmp_path: Path
) -> None:
    desk.actions["save"].trigger()
    dialog = desk._saver.dialog
    assert dialog.isVisible()
    assert not dialog.isModal()
    dialog.span.setCurrentIndex(2)
    dialog.anonymous.setChecked(True)
    with qtbot.waitSignal(desk._commands.told, timeout=SECONDS) as told:
        dialog.save_as(str(tmp_path / "sent.ioregrec"))
    assert told.args == [f"Saved: {tmp_path}/sent.ioregrec"]
    found = recording.read((tmp_path / "sent.ioregrec").read_bytes())
    then = Past(found.history).moment(END_MS - 1_800_000).entries[STICK.id]
    assert properties.decode(then.props) == {"USB Serial Number": "hidden-1"}
    assert len(found.events) == 1


def test_the_moment_that_is_shown_is_exported(qtbot: QtBot, desk: Desk, tmp_path: Path) -> None:
    with qtbot.waitSignal(desk.bridge.travelled, timeout=SECONDS):
        desk._travel.go_to(END_MS - 1_800_000)
    desk.actions["export"].trigger()
    dialog = desk._saver.dialog
    assert not dialog.span.isEnabled()
    assert dialog.moment.text().startswith("As it was at 20")
    with qtbot.waitSignal(desk._commands.told, timeout=SECONDS):
        dialog.save_as(str(tmp_path / "a.txt"))
    assert '"USB Serial Number" = "SECRET99"' in (tmp_path / "a.txt").read_text()
    desk.actions["export"].trigger()
    with qtbot.waitSignal(desk._commands.failed, timeout=SECONDS) as told:
        dialog.save_as(str(tmp_path))
    assert told.args == [f"{tmp_path}: expected a file to write to, found something else"]


def test_the_question_for_a_file_blocks_nothing(desk: Desk, page: ComparePage) -> None:
    desk.actions["save"].trigger()
    for ask in (desk._saver.dialog._ask_where, page._ask_where, page.before._look):
        ask()
    asking = desk.window.findChildren(QFileDialog)
    assert len(asking) == 3
    for dialog in asking:
        dialog.reject()
    desk._saver.dialog.close()


def test_rows_under_the_model_tester(qtbot: QtBot) -> None:
    model = DifferencesModel()
    fatal = QAbstractItemModelTester.FailureReportingMode.Fatal
    tester = QAbstractItemModelTester(model, fatal)
    kinds = list(Kind)
    for batch in range(6):
        model.append([_difference(kinds[(batch + at) % 4], at) for at in range(batch * 3)])
        model.show_kinds({kinds[batch % 4], Kind.ADDED})
    assert model.rowCount() == model.counts[Kind.ADDED]
    model.clear()
    assert (model.rowCount(), model.counts.total()) == (0, 0)
    assert isinstance(tester.model(), QAbstractItemModel)


def _difference(kind: Kind, at: int) -> Difference:
    return Difference(kind, f"IOService:/{at}", "C")


def test_a_comparison_that_is_broken_is_one_sentence(qtbot: QtBot, tmp_path: Path) -> None:
    intake = Intake(page_parent := DifferencesModel())
    (tmp_path / "a.json").write_text('[{"change": "removed"}\n]\n')
    with qtbot.waitSignal(intake.failed) as told:
        intake.read(tmp_path / "a.json")
    assert "expected lines of ioreg --diff --json" in str(told.args)
    with qtbot.waitSignal(intake.failed):
        intake.read(tmp_path / "none")
    page_parent.deleteLater()


def test_twenty_thousand_differences_come_in_short_turns(qtbot: QtBot, tmp_path: Path) -> None:
    line = '{"change": "added", "path": "IOService:/a/b/%d", "class": "C", "name": "n"}\n'
    body = ",".join(line % at for at in range(20_000))
    (tmp_path / "a.json").write_text(f"[{body}]\n")
    model = DifferencesModel()
    intake = Intake(model)
    batches: list[int] = []
    intake.came.connect(model.append)
    intake.came.connect(lambda found: batches.append(len(found)))
    with qtbot.waitSignal(intake.ended, timeout=SECONDS):
        intake.read(tmp_path / "a.json")
    assert model.rowCount() == 20_000
    assert len(batches) > 1
    assert model.index(19_999, DifferenceColumn.ENTRY).data() == "19999"
