"""The Policy page: what configuration profiles decide in users' place, and who decided what.

Invariant: the runtime judges what a file holds; nothing is removed without a second press.
"""

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ioregui import plaintext
from ioregui.bridge import Bridge
from ioregui.mirror import Changes
from ioregui.policy import columns, words
from ioregui.policy.audit import AuditPanel
from ioregui.records.arranged import column, halves
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.facts_view import FactsView
from ioregui.records.model import RecordModel
from ioregui.records.notice import Notice
from ioregui.records.table import RecordTable
from runtime.model import events
from runtime.model.policy import Profile
from runtime.wire import limits
from runtime.wire.client import Refusal
from runtime.wire.commands.policy import AddProfile, ListProfiles, ProfileList, RemoveProfile


class PolicyPage(QWidget):
    """Profiles with what each says, and beside them the audit."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._asked: Profile | None = None  # whose removal waits for the second press
        self.model = RecordModel(
            columns.profile_columns(), lambda one: one.identifier, lambda one: one.wall_ns, self
        )
        self.table: RecordTable[Profile] = RecordTable(self.model, self.tr("Profiles"))
        self.notice = Notice()
        self.facts = FactsView(self.tr("Profile details"))
        self.audit = AuditPanel(bridge)
        self.add = QPushButton(self.tr("Add profile…"))
        self.add.setToolTip(self.tr("Add a configuration profile (.mobileconfig) from a file."))
        self.remove = QPushButton(self.tr("Remove…"))
        for button in (self.add, self.remove):
            button.setAutoDefault(False)
        self._pages = EmptyOr(halves(self.table, self.facts, (180, 420)), self._empty())
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(self.tr("Policy"))
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self._profiles(), self.tr("Profiles"))
        self.tabs.addTab(self.audit, self.tr("Decisions"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        self.table.picked.connect(self._picked)
        self.add.clicked.connect(self._choose)
        self.remove.clicked.connect(self._question)
        self.notice.button.clicked.connect(self._remove)
        bridge.reset.connect(self._read)
        bridge.changed.connect(self._changed)
        self._show_selected()

    def showEvent(self, event: QShowEvent) -> None:
        """Ask what was not asked while nobody looked."""
        super().showEvent(event)
        self._read()

    @Slot()
    def _read(self) -> None:
        if self.isVisible():
            self._bridge.ask(ListProfiles(), self._listed, self._refused)

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        if any(isinstance(event.detail, events.ProfileChanged) for event in changes.events):
            self._read()
        if changes.extensions:
            self._show_selected()

    def _listed(self, profiles: ProfileList) -> None:
        if self._asked is None:
            self.notice.say("")
        self._pages.show_content(bool(profiles.items))
        self.table.show_records(profiles.items)
        self._show_selected()

    @Slot()
    def _picked(self) -> None:
        self._asked = None
        self.notice.say("")
        self._show_selected()

    def _show_selected(self) -> None:
        profile = self.table.selected
        self.remove.setEnabled(profile is not None)
        self.remove.setToolTip(
            self.tr("Remove the profile, and what only it allows.")
            if profile is not None
            else self.tr("Select a profile first.")
        )
        if profile is None:
            self.facts.show_facts("", ())
        else:
            known = tuple(self._bridge.mirror.extensions.values())
            self.facts.show_facts(words.name(profile), words.profile_facts(profile, known))

    @Slot()
    def _choose(self) -> None:
        dialog = QFileDialog(self, self.tr("Add a configuration profile"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(
            [self.tr("Configuration profiles (*.mobileconfig)"), self.tr("All files (*)")]
        )
        dialog.fileSelected.connect(self.add_file)
        dialog.open()

    @Slot(str)
    def add_file(self, name: str) -> None:
        """Have the runtime add the profile of a file."""
        path = Path(name)
        try:
            with path.open("rb") as file:
                data = file.read(limits.PROFILE + 1)
        except OSError as error:
            text = plaintext.plain(name, plaintext.SENTENCE)
            self.notice.say(f"{text}: {error.strerror or error}")
            return
        if len(data) > limits.PROFILE:
            text = self.tr("{0}: expected a profile of at most {1} bytes, found more")
            self.notice.say(text.format(plaintext.plain(path.name), limits.PROFILE))
            return
        label = plaintext.plain(path.name)[: limits.NAME]
        self._bridge.ask(AddProfile(data, label), self._done, self._refused)

    @Slot()
    def _question(self) -> None:
        profile = self.table.selected
        if profile is not None:
            self._asked = profile
            known = tuple(self._bridge.mirror.extensions.values())
            self.notice.say(
                words.question(profile, known), self.tr("Remove it"), self.tr("Keep it")
            )

    @Slot()
    def _remove(self) -> None:
        if self._asked is not None:
            command = RemoveProfile(self._asked.identifier)
            self._asked = None
            self.notice.say("")
            self._bridge.ask(command, self._done, self._refused)

    def _done(self, _profiles: ProfileList) -> None:
        self.notice.say("")
        self._read()

    def _refused(self, refusal: Refusal) -> None:
        self.notice.say(refusal.text)

    def _profiles(self) -> QWidget:
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 8, 12, 6)
        bar.setSpacing(6)
        bar.addWidget(self.add)
        bar.addWidget(self.remove)
        bar.addStretch(1)
        return column(self.notice, bar, self._pages, tall=self._pages)

    def _empty(self) -> EmptyPage:
        return EmptyPage(
            self.tr("No profile decides anything"),
            self.tr(
                "Users decide about every extension. An organisation can decide in their place "
                "with configuration profiles (.mobileconfig), the same files that macOS takes: "
                "which teams and extensions may run, and which may not be removed."
            ),
        )
