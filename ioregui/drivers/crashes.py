"""The crash reports of one driver, or of all: a list, and the selected one as a whole.

Invariant: asks only while it is on the screen; an answer for another report than the selected
one is dropped.
"""

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Slot
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ioregui import plaintext
from ioregui.bridge import Bridge
from ioregui.drivers.report_facts import report_facts
from ioregui.records import moments
from ioregui.records.arranged import column, halves
from ioregui.records.column import Column
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.facts_view import FactsView
from ioregui.records.model import RecordModel
from ioregui.records.notice import Notice
from ioregui.records.table import RecordTable
from runtime.model import report_text
from runtime.model.crash_report import CrashReport, CrashSummary
from runtime.model.records import Driver
from runtime.wire.client import Refusal
from runtime.wire.commands.drivers import Crashes, ListCrashes, ReadCrash

WRITTEN_MS = 500  # after a crash: its report is written by then


def columns() -> Sequence[Column[CrashSummary]]:
    """Return the columns, from left to right, in the user's language."""
    t = QCoreApplication.translate
    return (
        Column(
            t("drivers", "When"),
            t("drivers", "When the process ended."),
            lambda one: moments.date_and_clock(one.wall_ns),
            23,
            whole=True,
        ),
        Column(
            t("drivers", "Driver"),
            t("drivers", "The driver's class."),
            lambda one: plaintext.plain(one.name),
            20,
            optional=True,
        ),
        Column(
            t("drivers", "Why"),
            t("drivers", "How the process ended."),
            lambda one: plaintext.plain(one.reason, plaintext.SENTENCE),
            30,
            grows=True,
        ),
    )


class CrashesPanel(QWidget):
    """Reports above, newest first; the selected one below, with the faulting thread first."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._subject = ("", "")  # the driver's name and device; empty for all
        self._crashes = -1
        self._stale = True
        self._found: tuple[CrashSummary, ...] = ()
        self._report: CrashReport | None = None
        self.model = RecordModel(columns(), _key, _order, self)
        self.table: RecordTable[CrashSummary] = RecordTable(self.model, self.tr("Crash reports"))
        self.notice = Notice()
        self.count = QLabel()
        self.count.setTextFormat(Qt.TextFormat.PlainText)
        self.copy = QPushButton(self.tr("Copy report"))
        self.copy.setAutoDefault(False)
        self.facts = FactsView(self.tr("Crash report"))
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._list)
        self._pages = EmptyOr(self._content(), self._empty())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self.table.picked.connect(self._read)
        self.copy.clicked.connect(self._copy)
        bridge.reset.connect(self._list)

    def show_driver(self, driver: Driver | None) -> None:
        """Show this driver's reports, those of earlier runs too; of all drivers for none."""
        subject = ("", "") if driver is None else (driver.name, driver.provider_path)
        crashes = 0 if driver is None else driver.crashes
        if subject != self._subject:
            self._subject = subject
            self._show()
        if crashes != self._crashes:
            self._crashes = crashes
            self._stale = True
            self._later.start(WRITTEN_MS)

    def showEvent(self, event: QShowEvent) -> None:
        """Ask what was not asked while nobody looked."""
        super().showEvent(event)
        if self._stale:
            self._list()

    @Slot()
    def _list(self) -> None:
        self._stale = not self.isVisible()
        if not self._stale:
            self._bridge.ask(ListCrashes(), self._listed, self._refused)

    def _listed(self, crashes: Crashes) -> None:
        self.notice.say("")
        self._found = crashes.reports
        self._show()

    def _show(self) -> None:
        name, device = self._subject
        shown = [one for one in self._found if not name or one.concerns(name, device)]
        self._pages.show_content(bool(shown))
        self.table.show_records(shown)
        texts = (self.tr("1 report"), self.tr("{0} reports").format(len(shown)))
        self.count.setText(texts[len(shown) != 1])

    @Slot()
    def _read(self) -> None:
        summary = self.table.selected
        if summary is None:
            self._take(None)
        elif self._report is None or self._report.id != summary.id:
            self._take(None)
            self._bridge.ask(ReadCrash(summary.id), self._answered, self._refused)

    def _answered(self, report: CrashReport) -> None:
        summary = self.table.selected
        if summary is not None and summary.id == report.id:
            self.notice.say("")
            self._take(report)

    def _take(self, report: CrashReport | None) -> None:
        self._report = report
        self.copy.setEnabled(report is not None)
        if report is None:
            self.facts.show_facts("", ())
        else:
            self.facts.show_facts(plaintext.plain(report.name), report_facts(report))

    def _refused(self, refusal: Refusal) -> None:
        self.notice.say(refusal.text)

    @Slot()
    def _copy(self) -> None:
        if self._report is not None:
            lines = map(_indented, report_text.lines(self._report))
            QGuiApplication.clipboard().setText("\n".join(lines) + "\n")

    def _content(self) -> QWidget:
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 4, 8, 4)
        bar.addWidget(self.count, 1)
        bar.addWidget(self.copy)
        split = halves(self.table, self.facts, (120, 300))
        return column(self.notice, split, bar, tall=split)

    def _empty(self) -> EmptyPage:
        return EmptyPage(
            self.tr("No crash reports"),
            self.tr(
                "When a driver's process ends though nobody asked it to, a report of it appears "
                "here: every thread's frames, the last log lines, and what led to it."
            ),
        )


def _key(summary: CrashSummary) -> str:
    return summary.id


def _order(summary: CrashSummary) -> int:
    return -summary.wall_ns


def _indented(line: str) -> str:
    """Return a line of a report made plain, with the indentation that is the report's own."""
    text = line.lstrip(" ")
    return " " * (len(line) - len(text)) + plaintext.plain(text, plaintext.SENTENCE)
