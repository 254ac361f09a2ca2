"""The inspector's Matching tab: who could drive the selected device, who not, and why.

For a driver extension, or its own entry, it lists every device that is there instead, with the
reason why the extension does not have it. A file's devices are judged with the kernel modules of
this machine, and the tab says so.
Invariant: asks only while it is on the screen, and never twice for one change; an answer for
another subject than the present one is dropped.
"""

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ioregui import plaintext
from ioregui.bridge import Bridge
from ioregui.matching import columns, lines
from ioregui.matching.lines import Line
from ioregui.mirror import Changes
from ioregui.records.arranged import column, halves
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.facts_view import FactsView
from ioregui.records.model import RecordModel
from ioregui.records.table import RecordTable
from runtime.model import properties
from runtime.model.entry import Entry, Kind
from runtime.model.identity import BundleId, EntryId
from runtime.model.outcome import Match, MatchStage
from runtime.wire.client import Refusal
from runtime.wire.commands.registry import Explain, ExplainExtension, Explanation


class MatchingPanel(QWidget):
    """Candidates above, the selected one's details below."""

    def __init__(
        self, bridge: Bridge, parent: QWidget | None = None, *, file: bool = False
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._file = file
        self._entry = 0
        self._bundle = BundleId("")
        self._asked: list[int | str] = []  # what was asked about, in the order of the commands
        self._stale = False
        self.model = RecordModel(columns.columns(), lines.key, lines.order, self)
        self.table: RecordTable[Line] = RecordTable(self.model, self.tr("Matching"))
        self.summary = QLabel()
        self.facts = FactsView(self.tr("Matching details"))
        self.keys = QPushButton()
        self._pages = EmptyOr(self._content(), self._empty())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self.keys.toggled.connect(self._name_keys)
        self.keys.toggled.connect(self._show_selected)
        self.table.picked.connect(self._show_selected)
        bridge.reset.connect(self._reset)
        bridge.changed.connect(self._changed)
        self._name_keys()

    @Slot(object)
    def show_entry(self, entry: int) -> None:
        """Follow this entry; 0 for none."""
        if entry != self._entry:
            self._entry = entry
            self._pages.show_content(False)
            self._ask()

    def show_extension(self, bundle: BundleId) -> None:
        """Follow what an active extension makes of every device; empty for none."""
        if bundle != self._bundle:
            self._bundle = bundle
            self._pages.show_content(False)
            self._ask()

    def showEvent(self, event: QShowEvent) -> None:
        """Ask what was not asked while nobody looked."""
        super().showEvent(event)
        if self._stale:
            self._ask()

    @Slot()
    def _reset(self) -> None:
        self._asked.clear()
        self._ask()

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        if self._entry in changes.changed or changes.drivers or changes.extensions:
            self._ask()

    def _ask(self) -> None:
        subject = self._subject
        if not subject:
            self._pages.show_content(False)
            self._stale = False
            return
        self._stale = not self.isVisible() or subject in self._asked
        if self._stale:
            return
        self._asked.append(subject)
        if self._bundle:
            self._bridge.ask(ExplainExtension(self._bundle), self._explained, self._refused)
        else:
            self._bridge.ask(Explain(EntryId(self._entry)), self._explained, self._refused)

    @property
    def _subject(self) -> int | str:
        """What is to be explained: an extension, or an entry; 0 for what matches nothing."""
        if self._bundle:
            return self._bundle
        entry = self._bridge.mirror.entries.get(self._entry)
        matched = _has_modalias if self._file else _matched
        return self._entry if entry is not None and matched(entry) else 0

    def _explained(self, explanation: Explanation) -> None:
        if not self._asked or self._asked.pop(0) != self._subject:
            return
        found = lines.of_explanation(explanation)
        self.summary.setText((self._sum_of_file if self._file else self._sum)(explanation))
        self._pages.show_content(bool(found) or not self._bundle)
        self.table.show_records(found)
        self._show_selected()
        if self._stale:
            self._ask()

    def _refused(self, _refusal: Refusal) -> None:
        """The entry went, or the extension is not active any more: there is nothing to show."""
        if self._asked and self._asked.pop(0) == self._subject:
            self._pages.show_content(False)

    @Slot()
    def _show_selected(self) -> None:
        line = self.table.selected
        if line is None:
            self.facts.show_facts("", ())
            return
        self.facts.show_facts(lines.name(line), lines.facts(line, keys=self.keys.isChecked()))

    @Slot()
    def _name_keys(self) -> None:
        shown = self.tr("Hide matching keys")
        self.keys.setText(shown if self.keys.isChecked() else self.tr("Show matching keys"))

    def _sum(self, explanation: Explanation) -> str:
        """The answer in one sentence."""
        if explanation.devices:
            matches = [found.match for found in explanation.devices]
            kin = [match for match in matches if match.stage is not MatchStage.CLASS]
            others = len(matches) - len(kin) + explanation.elsewhere
            return self.tr(
                "Fits {0} of {1} devices of its kind; {2} others are of another kind."
            ).format(sum(map(_fits, kin)), len(kin), others)
        if not explanation.matches:
            return self.tr(
                "Nothing could drive it: no driver extension is enabled, and no kernel module is "
                "for it."
            )
        fitting = sum(_fits(match) for match in explanation.matches)
        first = next((match for match in explanation.matches if match.running), None)
        holder = plaintext.plain(first.personality) if first else self.tr("nobody")
        return self.tr("Driven by {0}. {1} could drive it, of {2} that were compared.").format(
            holder, fitting, explanation.compared
        )

    def _sum_of_file(self, explanation: Explanation) -> str:
        """The answer about a file's device: who had it, and what was compared with it here."""
        entry = self._bridge.mirror.entries.get(self._entry)
        driver = entry.driver if entry is not None else ""
        said = [
            self.tr("The file says that {0} drives it.").format(plaintext.plain(driver))
            if driver
            else self.tr("The file names no driver that has it.")
        ]
        if explanation.compared:
            told = self.tr(
                "Judged with this machine's kernel modules, not those of the file's machine: {0} "
                "aliases were compared. Driver extensions were not."
            )
            said.append(told.format(explanation.compared))
        else:
            said.append(self.tr("This machine has no list of kernel modules to judge it with."))
        return " ".join(said)

    def _content(self) -> QWidget:
        self.summary.setProperty("role", "muted")
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setWordWrap(True)
        self.summary.setContentsMargins(12, 10, 12, 6)
        self.keys.setCheckable(True)
        self.keys.setAutoDefault(False)
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 4, 12, 4)
        bar.addWidget(self.keys)
        bar.addStretch(1)
        split = halves(self.table, column(bar, self.facts, tall=self.facts), (220, 260))
        return column(self.summary, split, tall=split)

    def _empty(self) -> EmptyPage:
        if self._file:
            return EmptyPage(
                self.tr("Nothing to match"),
                self.tr(
                    "Select a device that has a MODALIAS, to see which kernel modules of this "
                    "machine could drive it. Files of other systems, as of Macs, have none."
                ),
            )
        return EmptyPage(
            self.tr("Nothing to match"),
            self.tr(
                "Select a device to see which driver extensions and kernel drivers could have "
                "it, or a driver extension to see why it has one device and not another."
            ),
        )


def _matched(entry: Entry) -> bool:
    return entry.kind in {Kind.DEVICE, Kind.DRIVER}


def _has_modalias(entry: Entry) -> bool:
    """Whether an entry of a file says what kernel modules are matched by."""
    return isinstance(properties.decode(entry.props).get("MODALIAS"), str)


def _fits(match: Match) -> bool:
    return match.stage in {MatchStage.MATCHED, MatchStage.CATEGORY, MatchStage.IDLE}
