"""The Extensions page: every extension that the runtime knows, and what it may do.

Invariant: shows what the mirror has; nothing is deactivated or revoked without a second press.
"""

from collections import defaultdict

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ioregui.bridge import Bridge
from ioregui.extensions import columns, words
from ioregui.extensions.words import Row
from ioregui.matching.panel import MatchingPanel
from ioregui.mirror import Changes
from ioregui.records.arranged import column, halves
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.facts_view import FactsView
from ioregui.records.icon_label import IconLabel, beside
from ioregui.records.keys_button import KeysButton
from ioregui.records.model import RecordModel
from ioregui.records.notice import Notice
from ioregui.records.table import RecordTable
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import BundleId
from runtime.model.records import Driver, Extension, Request
from runtime.wire import client as wire
from runtime.wire.commands.extensions import Deactivate, Revoke

MOST_NOTED = 500  # characters


class ExtensionsPage(QWidget):
    """All extensions, the selected one's facts, its deactivation and revocation.

    Signals:
        entry_chosen: The user wants to see a driver of an extension; its service's entry id, its
            provider's while it has no service.
        request_chosen: The user wants to see a request, by its id, and perhaps decide.
    """

    entry_chosen = Signal(object)
    request_chosen = Signal(object)

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._asked: Deactivate | Revoke | None = None  # what waits for the second press
        self.model = RecordModel(columns.columns(), columns.key, columns.order, self)
        self.table: RecordTable[Row] = RecordTable(self.model, self.tr("Extensions"))
        self.notice = Notice()
        self.note = QLineEdit()
        self.note.setPlaceholderText(self.tr("Note, kept with the revocation"))
        self.note.setAccessibleName(self.note.placeholderText())
        self.note.setMaxLength(MOST_NOTED)
        self.note.hide()
        self.facts = FactsView(self.tr("Extension details"))
        self.icon = IconLabel(bridge)
        self.devices = MatchingPanel(bridge)
        self.tabs = QTabWidget()
        self.keys = KeysButton()
        self.arranging = QComboBox()
        self.arranging.setAccessibleName(self.tr("Sort extensions"))
        self.arranging.setToolTip(self.tr("What the table is sorted by"))
        for text, order in columns.orders().items():
            self.arranging.addItem(text, order)
        self.deactivate = QPushButton(self.tr("Deactivate…"))
        self.deactivate.setAutoDefault(False)
        self.revoke = QPushButton(self.tr("Revoke…"))
        self.revoke.setAutoDefault(False)
        self.driver = QPushButton(self.tr("Show its driver"))
        self.driver.setAutoDefault(False)
        self.request = QPushButton(self.tr("Show its request"))
        self.request.setToolTip(self.tr("Go to what waits for approval, where it is decided."))
        self.request.setAutoDefault(False)
        split = halves(self.table, self._details(), (240, 420))
        self._pages = EmptyOr(split, self._empty())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        self.table.picked.connect(self._picked)
        self.keys.toggled.connect(self._show_selected)
        self.arranging.currentIndexChanged.connect(self._arrange)
        self.deactivate.clicked.connect(self._question)
        self.revoke.clicked.connect(self._question_revoking)
        self.driver.clicked.connect(self._show_driver)
        self.request.clicked.connect(self._show_request)
        self.notice.button.clicked.connect(self._carry_out)
        self.notice.dismiss.clicked.connect(self._keep)
        bridge.reset.connect(self._refresh)
        bridge.changed.connect(self._changed)
        self._refresh()

    def select_extension(self, extension: str) -> bool:
        """Select an extension by `Extension.id`; return whether it is there."""
        return self.table.select_key(extension)

    @Slot()
    def _refresh(self) -> None:
        mirror = self._bridge.mirror
        drivers: defaultdict[tuple[str, str], list[Driver]] = defaultdict(list)
        for driver in mirror.drivers.values():
            drivers[driver.bundle_id, driver.content_hash].append(driver)
        requests: defaultdict[str, list[Request]] = defaultdict(list)
        for request in mirror.requests.values():
            requests[request.extension].append(request)
        rows = [
            Row(
                extension,
                tuple(drivers[extension.bundle_id, extension.content_hash]),
                tuple(requests[extension.id]),
            )
            for extension in mirror.extensions.values()
        ]
        self._pages.show_content(bool(rows))
        self.table.show_records(rows)
        self._show_selected()

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        if changes.extensions or changes.drivers or changes.requests:
            self._refresh()

    @Slot()
    def _arrange(self) -> None:
        self.model.arrange(self.arranging.currentData())

    @Slot()
    def _picked(self) -> None:
        self._ask(None, "", "")
        self._show_selected()

    @Slot()
    def _show_selected(self) -> None:
        row = self.table.selected
        why_not = words.why_not_deactivate(row)
        self.deactivate.setEnabled(not why_not)
        self.deactivate.setToolTip(why_not or self.tr("Stop its drivers and remove it."))
        why_not = words.why_not_revoke(row)
        self.revoke.setEnabled(not why_not)
        self.revoke.setToolTip(
            why_not or self.tr("Stop its drivers and take its approval away; it stays listed.")
        )
        self.driver.setEnabled(row is not None and bool(row.drivers))
        self.driver.setToolTip(
            self.tr("Go to its driver in the registry.")
            if self.driver.isEnabled()
            else self.tr("No driver of it is there.")
        )
        self.request.setVisible(row is not None and row.waiting is not None)
        active = row is not None and row.extension.state is ExtensionState.ACTIVE
        self.devices.show_extension(row.extension.bundle_id if row and active else BundleId(""))
        self.icon.show_icon_of(row.extension if row is not None else None)
        if row is not None:
            self.facts.show_facts(
                words.name(row), words.extension_facts(row, self.keys.isChecked())
            )

    @Slot()
    def _show_driver(self) -> None:
        row = self.table.selected
        if row is not None and row.drivers:
            first = row.drivers[0]
            self.entry_chosen.emit(first.service or first.provider)

    @Slot()
    def _show_request(self) -> None:
        row = self.table.selected
        if row is not None and row.waiting is not None:
            self.request_chosen.emit(row.waiting.id)

    @Slot()
    def _question(self) -> None:
        row = self.table.selected
        if row is not None:
            command = Deactivate(row.extension.bundle_id)
            self._ask(command, words.question(row), self.tr("Deactivate it"))

    @Slot()
    def _question_revoking(self) -> None:
        row = self.table.selected
        if row is not None:
            command = Revoke(row.extension.bundle_id)
            self._ask(command, words.revoking(row), self.tr("Revoke it"))

    def _ask(self, command: Deactivate | Revoke | None, question: str, button: str) -> None:
        """Ask before a command is sent; a revocation takes a note."""
        self._asked = command
        self.notice.say(question, button, self.tr("Keep it") if button else "")
        self.note.clear()
        self.note.setVisible(isinstance(command, Revoke))

    @Slot()
    def _keep(self) -> None:
        self._ask(None, "", "")

    @Slot()
    def _carry_out(self) -> None:
        if self._asked is not None:
            command = self._asked
            if isinstance(command, Revoke):
                command = Revoke(command.bundle_id, self.note.text())
            self._ask(None, "", "")
            self._bridge.ask(command, self._done, self._refused)

    def _done(self, extension: Extension) -> None:
        """The change itself comes with the next delta."""
        row = self.table.selected
        if row is not None and row.extension.id == extension.id:
            self.notice.say("")

    def _refused(self, refusal: wire.Refusal) -> None:
        self.notice.say(refusal.text)

    def _details(self) -> QWidget:
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 8, 12, 2)
        bar.setSpacing(6)  # else that of the layout around it, which is none
        bar.addWidget(self.revoke)
        bar.addWidget(self.deactivate)
        bar.addWidget(self.driver)
        bar.addWidget(self.request)
        bar.addStretch(1)
        bar.addWidget(self.arranging)
        bar.addWidget(self.keys)
        tabs = self.tabs
        tabs.setAccessibleName(self.tr("Extension"))
        tabs.setDocumentMode(True)
        tabs.addTab(beside(self.icon, self.facts), self.tr("Details"))
        tabs.addTab(self.devices, self.tr("Devices"))
        tabs.setTabToolTip(1, self.tr("Every device that is there, and why it has it or not"))
        noting = QHBoxLayout()
        noting.setContentsMargins(12, 0, 12, 0)
        noting.addWidget(self.note)
        return column(self.notice, noting, bar, tabs, tall=tabs)

    def _empty(self) -> EmptyPage:
        return EmptyPage(
            self.tr("No extensions yet"),
            self.tr(
                "Driver extensions come inside apps. Launch an app that has one: it asks for "
                "activation, the request waits under Approvals, and once it is approved the "
                "extension is listed here with all that it may do. The menu has a sample app."
            ),
        )
