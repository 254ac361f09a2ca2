"""The Decisions tab: who was asked what, who decided, and what came of it.

Invariant: asks only while it is on the screen; the newest are read first, older ones on demand.
"""

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ioregui.bridge import Bridge
from ioregui.mirror import Changes
from ioregui.policy import columns
from ioregui.records.arranged import column
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.model import RecordModel
from ioregui.records.notice import Notice
from ioregui.records.table import RecordTable
from runtime.model import events
from runtime.model.audit import AuditEntry
from runtime.wire.client import Refusal
from runtime.wire.commands.audit import AuditPage, ReadAudit

SOON_MS = 200  # after something was decided: several decisions are read at once
_TOLD = (
    events.Requested,
    events.Decided,
    events.Deactivated,
    events.Undone,
    events.Revoked,
    events.DeveloperMode,
    events.ProfileChanged,
)


class AuditPanel(QWidget):
    """A table, newest first, and a button for what is older."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._stale = True
        self._entries: dict[int, AuditEntry] = {}
        self.model = RecordModel(
            columns.audit_columns(), lambda one: one.number, lambda one: -one.number, self
        )
        self.table: RecordTable[AuditEntry] = RecordTable(self.model, self.tr("Decisions"))
        self.notice = Notice()
        self.older = QPushButton(self.tr("Show older"))
        self.older.setAutoDefault(False)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._read)
        self._pages = EmptyOr(self._content(), self._empty())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.notice)
        layout.addWidget(self._pages, 1)
        self.older.clicked.connect(self._read_older)
        bridge.reset.connect(self._begin)
        bridge.changed.connect(self._changed)

    def showEvent(self, event: QShowEvent) -> None:
        """Ask what was not asked while nobody looked."""
        super().showEvent(event)
        if self._stale:
            self._read()

    @Slot()
    def _begin(self) -> None:
        """Another runtime's audit is another one."""
        self._entries.clear()
        self._read()

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        if any(isinstance(event.detail, _TOLD) for event in changes.events):
            self._soon.start(SOON_MS)

    @Slot()
    def _read(self) -> None:
        self._stale = not self.isVisible()
        if not self._stale:
            self._bridge.ask(ReadAudit(), self._answered, self._refused)

    @Slot()
    def _read_older(self) -> None:
        before = min(self._entries, default=0)
        self._bridge.ask(ReadAudit(before), self._answered_older, self._refused)

    def _answered_older(self, page: AuditPage) -> None:
        self.older.setEnabled(bool(page.entries))
        self._answered(page)

    def _answered(self, page: AuditPage) -> None:
        self.notice.say("")
        self._entries |= {entry.number: entry for entry in page.entries}
        if min(self._entries, default=1) == 1:
            self.older.setEnabled(False)
        self._pages.show_content(bool(self._entries))
        self.table.show_records(self._entries.values())

    def _refused(self, refusal: Refusal) -> None:
        self.notice.say(refusal.text)

    def _content(self) -> QWidget:
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 6, 12, 6)
        bar.addWidget(self.older)
        bar.addStretch(1)
        return column(self.table, bar, tall=self.table)

    def _empty(self) -> EmptyPage:
        return EmptyPage(
            self.tr("Nothing was decided yet"),
            self.tr(
                "Every request, who it was shown to, who approved or denied it, on what authority "
                "and what came of it is written down, and listed here."
            ),
        )
