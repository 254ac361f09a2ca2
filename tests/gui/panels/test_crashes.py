"""Crash reports in the window: the list, the faulting thread first, and the copy."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.drivers.crashes import CrashesPanel
from runtime.model.crash_report import CrashReport, LogEntry, Packet, ThreadFrames
from runtime.model.outcome import Exit, ExitHow, Stage
from runtime.model.records import Driver, StageTime
from runtime.wire import client as wire
from runtime.wire import codec
from runtime.wire.commands.drivers import Crashes, ListCrashes, ReadCrash
from tests.gui.conftest import sample_driver

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime


def report(number: int, of: Driver) -> CrashReport:
    return CrashReport(
        id=f"report-{number}",
        wall_ns=number * 1_000_000_000,
        driver=of.id,
        name=of.name,
        pid=2000 + number,
        device=of.provider_path,
        reason="crashed: SIGSEGV (invalid memory access)",
        exit=Exit(ExitHow.SIGNAL, 11),
        bundle_id=of.bundle_id,
        content_hash=of.content_hash,
        personality=of.personality,
        starts=number,
        crashes=number,
        ran_ms=1500,
        threads=(
            ThreadFrames("Default", True, ("poke (Driver.py:88)", "Start (Driver.py:3)")),
            ThreadFrames("watcher", False, ()),
        ),
        packets=(Packet(True, "CrashYourself", 1200),),
        log=(LogEntry(5, "log", "about to poke\u202e"),),
        launch=(StageTime(Stage.REQUESTED, 0), StageTime(Stage.FORKED, 900)),
        earlier=(),
        sandbox=("no capabilities",),
        missing=("registers: no tracer is attached",),
        runtime="0.1.0",
        kernel="6.1",
        python="3.11",
    )


@pytest.fixture
def panel(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    put_up: Callable[[QWidget], None],
) -> CrashesPanel:
    """Two reports of the sample's driver, and one of another."""
    made = CrashesPanel(bridge)
    made.show_driver(sample_driver())
    put_up(made)
    other = msgspec.structs.replace(sample_driver(), name="Other")
    found = (report(3, sample_driver()), report(2, other), report(1, sample_driver()))
    qtbot.waitUntil(lambda: ListCrashes() in fake_runtime.commands())
    fake_runtime.answer(ListCrashes, Crashes(tuple(one.summary for one in found)))
    qtbot.waitUntil(lambda: ReadCrash("report-3") in fake_runtime.commands())
    return made


def test_the_newest_of_the_driver_is_opened_with_the_faulting_thread_first(
    qtbot: QtBot, panel: CrashesPanel, fake_runtime: "FakeRuntime"
) -> None:
    assert [one.id for one in panel.model.records] == ["report-3", "report-1"]
    fake_runtime.answer(ReadCrash, report(3, sample_driver()))
    qtbot.waitUntil(lambda: "poke" in panel.facts.toPlainText())
    shown = panel.facts.toPlainText()
    parts = [
        *("Faulting thread Default", "poke (Driver.py:88)", "SIGSEGV", "Thread watcher"),
        *("about to poke", "CrashYourself", "0.9 ms", "no capabilities", "registers"),
    ]
    assert [shown.index(part) for part in parts] == sorted(shown.index(part) for part in parts)


def test_when_is_read_whole_however_narrow_it_gets(panel: CrashesPanel) -> None:
    said = panel.table.model().index(0, 0).data()
    for width in (900, 480, 300):
        panel.resize(width, 400)
        room = panel.table.columnWidth(0)
        assert room > panel.table.fontMetrics().horizontalAdvance(said), width


def test_copy_report(qtbot: QtBot, panel: CrashesPanel, fake_runtime: "FakeRuntime") -> None:
    assert not panel.copy.isEnabled(), "nothing is opened yet"
    fake_runtime.answer(ReadCrash, report(3, sample_driver()))
    qtbot.waitUntil(panel.copy.isEnabled)
    panel.copy.setFocus()
    QTest.keyClick(panel.copy, Qt.Key.Key_Space)
    copied = QGuiApplication.clipboard().text()
    assert "\nDefault (faulting):\n  poke (Driver.py:88)\n" in copied
    assert "\u202e" not in copied


def test_an_answer_for_another_report_is_dropped(
    qtbot: QtBot, panel: CrashesPanel, fake_runtime: "FakeRuntime"
) -> None:
    panel.table.setFocus()
    QTest.keyClick(panel.table, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: ReadCrash("report-1") in fake_runtime.commands())
    (late,) = (ask for ask in fake_runtime.asked if ask.command == ReadCrash("report-3"))
    fake_runtime.answer(ReadCrash, report(1, sample_driver()))
    qtbot.waitUntil(lambda: "2001" in panel.facts.toPlainText())
    fake_runtime.send(wire.Answer(late.number, codec.raw(report(3, sample_driver()))))
    asked = fake_runtime.commands().count(ListCrashes())
    panel._later.timeout.emit()
    qtbot.waitUntil(lambda: fake_runtime.commands().count(ListCrashes()) == asked + 1)
    fake_runtime.answer(ListCrashes, Crashes((report(1, sample_driver()).summary,)))
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1)
    assert "2001" in panel.facts.toPlainText()


def test_a_report_that_is_gone_says_so(
    qtbot: QtBot, panel: CrashesPanel, fake_runtime: "FakeRuntime"
) -> None:
    fake_runtime.refuse(
        ReadCrash, "not-found", "crash report report-3: expected one that is kept, found none"
    )
    qtbot.waitUntil(lambda: "found none" in panel.notice.text)


def test_without_a_driver_all_are_listed(panel: CrashesPanel) -> None:
    panel.show_driver(None)
    assert panel.model.rowCount() == 3
    assert panel.count.text() == "3 reports"


def test_a_new_crash_is_asked_for_only_while_somebody_looks(
    qtbot: QtBot, panel: CrashesPanel, fake_runtime: "FakeRuntime"
) -> None:
    panel._later.stop()
    asked = fake_runtime.commands().count(ListCrashes())
    panel.hide()
    panel.show_driver(msgspec.structs.replace(sample_driver(), crashes=1))
    panel._later.timeout.emit()
    panel.show()
    qtbot.waitUntil(lambda: fake_runtime.commands().count(ListCrashes()) == asked + 1)
