"""The Approvals page: the inbox beside the request that is open.

Enter or a double click opens a request in a dialog of its own as well.

Invariant: the open request never vanishes under the pointer: when the runtime drops it, it
stays until the user goes on; nothing but the user opens another one while the page is seen.
"""

import time
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAction,
    QKeySequence,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from ioregui.approvals import columns, words
from ioregui.approvals.detail import RequestDetail
from ioregui.approvals.dialog import RequestDialog, withdrawn
from ioregui.bridge import Bridge
from ioregui.mirror import Changes
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.model import RecordModel
from ioregui.records.table import RecordTable
from runtime.model.identity import RequestId
from runtime.model.records import Request, RequestState
from runtime.wire.commands.audit import Shown


class ApprovalsPage(QWidget):
    """The inbox.

    Signals:
        device_chosen: The user wants to see this entry in the registry.
    """

    device_chosen = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        parent: QWidget | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Show the mirror's requests; `clock` gives monotonic nanoseconds."""
        super().__init__(parent)
        self._bridge = bridge
        self._clock = clock
        self.model = RecordModel(columns.columns(), columns.key, columns.order, self)
        self.table: RecordTable[Request] = RecordTable(
            self.model, self.tr("Approvals inbox"), selects_first=False
        )
        self.detail = RequestDetail(bridge, clock=clock)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.table)
        split.addWidget(self.detail)
        split.setChildrenCollapsible(False)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 3)
        split.setSizes([400, 600])
        self._pages = EmptyOr(split, self._empty())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self._later)
        self.table.activated.connect(self._open_dialog)
        self.table.addAction(self._dialog_action())
        self.table.picked.connect(self._picked)
        self.detail.later.connect(self._later)
        self.detail.device_chosen.connect(self.device_chosen)
        bridge.reset.connect(self._reset)
        bridge.changed.connect(self._changed)
        bridge.disconnected.connect(self._refresh)
        self._refresh()

    def open_request(self, request: RequestId) -> bool:
        """Open a request; return whether it is in the inbox."""
        return self.table.select_key(request)

    def showEvent(self, event: QShowEvent) -> None:
        """Open the request that waits longest when none is open."""
        super().showEvent(event)
        self._open_first()

    def _open_first(self) -> None:
        first = self.model.record(0)
        if self.detail.request is None and first and first.state is RequestState.WAITING:
            self.table.select_key(first.id)

    @Slot()
    def _reset(self) -> None:
        """Take over a snapshot; the first one opens what `showEvent` had no chance to."""
        was_empty = not self.model.rowCount()
        self._refresh()
        if was_empty and self.isVisible():
            self._open_first()

    @Slot()
    def _refresh(self) -> None:
        requests = dict(self._bridge.mirror.requests)
        shown = self.detail.request
        if shown is not None and shown.id not in requests:
            requests[shown.id] = withdrawn(shown)
        self._pages.show_content(bool(requests))
        self.table.show_records(requests.values())
        if shown is not None:
            self.detail.show_request(requests[shown.id])

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        if changes.requests or changes.extensions or changes.status:
            known = {request.id for request in self.model.records}
            self._refresh()
            self._announce(changes.requests - known)

    def _announce(self, arrived: set[RequestId]) -> None:
        """Tell a screen reader of a request that has just come, one for all of a batch."""
        requests = self._bridge.mirror.requests
        waiting = [requests[one] for one in arrived if one in requests]
        waiting = [one for one in waiting if one.state is RequestState.WAITING]
        if waiting:
            event = QAccessibleAnnouncementEvent(self, words.headline(waiting[0]))
            event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
            QAccessible.updateAccessibility(event)

    @Slot()
    def _picked(self) -> None:
        before, picked = self.detail.request, self.table.selected
        self.detail.show_request(picked)
        if picked is not None and picked.state is RequestState.WAITING:
            self._bridge.ask(Shown(picked.id))
        if before is not None and before.id not in self._bridge.mirror.requests:
            self._refresh()  # the one that was kept only while it was open

    def _dialog_action(self) -> QAction:
        action = QAction(self.tr("Open in a dialog"), self)
        action.triggered.connect(self._open_dialog)
        return action

    @Slot()
    def _open_dialog(self) -> None:
        """Show the selected request in its dialog; a new one where it has none."""
        request = self.table.selected
        if request is None:
            return
        dialogs = self.findChildren(RequestDialog)
        dialog = next((one for one in dialogs if one.request == request.id), None)
        if dialog is None:
            dialog = RequestDialog(self._bridge, request, self, self._clock)
            dialog.device_chosen.connect(self.device_chosen)
            dialog.show()
        dialog.activateWindow()

    @Slot()
    def _later(self) -> None:
        self.detail.show_request(None)
        self.table.pick_nothing()
        self._refresh()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _empty(self) -> EmptyPage:
        return EmptyPage(
            self.tr("Nothing waits for approval"),
            self.tr(
                "When an app asks to install a driver, its request waits here until you decide; "
                "nothing runs before. To see one, install and launch the sample app from the "
                "menu."
            ),
        )
