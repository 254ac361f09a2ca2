"""The No driver page: devices that nothing drives, and the drivers that could.

The runtime is asked about one device after the other; what it finds comes in as it answers.
Invariant: asks only while the page is on the screen, about at most `TOGETHER` devices at a time;
a device that got a driver leaves the page.
"""

from collections import deque
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ioregui.bridge import Bridge
from ioregui.matching.panel import MatchingPanel
from ioregui.mirror import Changes
from ioregui.plaintext import plain
from ioregui.records.arranged import column, halves
from ioregui.records.column import Column, Tone
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.model import RecordModel
from ioregui.records.table import RecordTable
from runtime.model import match_words
from runtime.model.entry import Entry, Holder, Kind
from runtime.model.outcome import Match, MatchStage
from runtime.wire.client import Refusal
from runtime.wire.commands.registry import Explain, Explanation

TOGETHER = 8
"""So many questions are open at a time."""

REST_MS = 500
"""After so long without a change of devices all are asked about again."""

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True)
class Undriven:
    """A device without a driver, and those that fit it, the best first."""

    entry: Entry
    fitting: tuple[Match, ...]


def columns() -> tuple[Column[Undriven], ...]:
    """Return the columns, from left to right, in the user's language."""
    t = translate
    return (
        Column(
            t("undriven", "Device"),
            t("undriven", "A device that nothing drives."),
            lambda one: plain(one.entry.title),
            20,
            grows=True,
        ),
        Column(
            t("undriven", "Class"),
            t("undriven", "What kind of device it is."),
            lambda one: plain(one.entry.cls),
            16,
            optional=True,
        ),
        Column(
            t("undriven", "Could be driven by"),
            t("undriven", "Extensions and kernel modules that fit it, the best first."),
            lambda one: ", ".join(plain(match.personality) for match in one.fitting),
            22,
            lambda _one: Tone.WAITING,
            grows=True,
        ),
        Column(
            t("undriven", "What the best one waits for"),
            t("undriven", "Why the best one does not drive it; the details below say more."),
            _why,
            24,
            grows=True,
            optional=True,
        ),
    )


class UndrivenPage(QWidget):
    """Devices above, who could drive the selected one below.

    Signals:
        entry_chosen: The user picked a device; its entry's id.
    """

    entry_chosen = Signal(object)

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._waiting: deque[int] = deque()
        self._open = 0  # questions without an answer
        self._round = 0  # answers to an earlier one are dropped
        self._found: dict[int, Undriven] = {}
        self.model = RecordModel(columns(), _key, _order, self)
        self.table: RecordTable[Undriven] = RecordTable(self.model, self.tr("Devices without one"))
        self.summary = QLabel()
        self.matching = MatchingPanel(bridge)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self.survey)
        self._pages = EmptyOr(self._content(), self._empty())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self.table.picked.connect(self._picked)
        bridge.reset.connect(self._changed_at_all)
        bridge.changed.connect(self._changed)

    def showEvent(self, event: QShowEvent) -> None:
        """Qt's; asks what was not asked while nobody looked."""
        super().showEvent(event)
        self.survey()

    def hideEvent(self, event: QHideEvent) -> None:
        """Qt's."""
        super().hideEvent(event)
        self._waiting.clear()
        self._rest.stop()

    @Slot()
    def survey(self) -> None:
        """Ask about every device that nothing drives."""
        entries = self._bridge.mirror.entries
        bare = [entry.id for entry in entries.values() if _is_bare(entry)]
        self._round += 1
        self._waiting = deque(bare)
        self._found = {entry: one for entry, one in self._found.items() if entry in set(bare)}
        self._show()
        self._ask()

    def _ask(self) -> None:
        while self._waiting and self._open < TOGETHER:
            entry = self._bridge.mirror.entries.get(self._waiting.popleft())
            if entry is not None:
                self._open += 1
                answered = partial(self._explained, self._round, entry)
                self._bridge.ask(Explain(entry.id), answered, self._refused)

    def _explained(self, number: int, entry: Entry, explanation: Explanation) -> None:
        fitting = tuple(match for match in explanation.matches if _fits(match))
        if number == self._round and fitting:
            self._found[entry.id] = Undriven(entry, fitting)
        elif number == self._round:
            self._found.pop(entry.id, None)
        self._answered()

    def _refused(self, _refusal: Refusal) -> None:
        """The device went, or the runtime did."""
        self._answered()

    def _answered(self) -> None:
        self._open -= 1
        self._ask()
        if not self._open or not len(self._waiting) % TOGETHER:
            self._show()

    def _show(self) -> None:
        self._pages.show_content(bool(self._found))
        self.table.show_records(self._found.values())
        text = self.tr("{0} devices have no driver though one fits.").format(len(self._found))
        one = self.tr("1 device has no driver though one fits.")
        self.summary.setText(one if len(self._found) == 1 else text)

    @Slot()
    def _picked(self) -> None:
        one = self.table.selected
        self.matching.show_entry(0 if one is None else one.entry.id)
        if one is not None and self.isVisible():
            self.entry_chosen.emit(one.entry.id)

    @Slot()
    def _changed_at_all(self) -> None:
        self._found.clear()
        if self.isVisible():
            self.survey()

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        if self.isVisible() and (changes.entries or changes.extensions):
            self._rest.start()

    def _content(self) -> QWidget:
        self.summary.setProperty("role", "muted")
        self.summary.setContentsMargins(12, 10, 12, 6)
        split = halves(self.table, self.matching, (260, 400))
        return column(self.summary, split, tall=split)

    def _empty(self) -> EmptyPage:
        return EmptyPage(
            self.tr("Nothing waits for a driver"),
            self.tr(
                "A device that nothing drives is listed here when an extension or a kernel "
                "module fits it, with the reason why that does not drive it."
            ),
        )


def _is_bare(entry: Entry) -> bool:
    return entry.kind == Kind.DEVICE and entry.holder == Holder.NOBODY


def _fits(match: Match) -> bool:
    stages = {MatchStage.MATCHED, MatchStage.CATEGORY, MatchStage.IDLE}
    return match.stage in stages and not match.running


def _why(one: Undriven) -> str:
    sentence = match_words.reason(one.fitting[0])
    template = translate("matching", sentence.template)
    return plain(template.format(**sentence.fields))


def _key(one: Undriven) -> int:
    return one.entry.id


def _order(one: Undriven) -> tuple[int, str]:
    return -one.fitting[0].score, one.entry.title
