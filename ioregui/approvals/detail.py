"""One request in full, with the three answers: approve, deny, decide later.

What is shown is what is decided: a decision takes its number, content hash and nonce from the
request on the screen and from nowhere else.
Invariant: a request that waits no more stays on the screen and says so, without its
answers.
"""

import time
from collections.abc import Callable

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from ioregui.approvals import content, words
from ioregui.approvals.answers import Answers
from ioregui.approvals.gate import Gate
from ioregui.approvals.layout import DetailLayout
from ioregui.bridge import Bridge
from runtime.model.records import Request, RequestState, Status


class RequestDetail(QWidget):
    """Shows one request and sends its decision.

    Signals:
        later: The user wants to decide later; the owner shows something else.
        device_chosen: The id of the entry of the first device that would match.
    """

    later = Signal()
    device_chosen = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        parent: QWidget | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Show nothing yet; `clock` gives monotonic nanoseconds."""
        super().__init__(parent)
        self._bridge = bridge
        self._request: Request | None = None
        self.parts = DetailLayout(self, bridge)
        self.answers = Answers(bridge, self)
        self.gate = Gate(self, self.parts.approve, clock)
        self.parts.approve.guard(self.gate.admits)
        self.parts.approve.approved.connect(self._approve)
        self.parts.deny.clicked.connect(self._deny)
        self.parts.later.clicked.connect(self.later)
        self.parts.keys.toggled.connect(self._keys_toggled)
        self.parts.copy_details.clicked.connect(self._copy_details)
        self.parts.copy_hash.clicked.connect(self._copy_hash)
        self.parts.show_device.clicked.connect(self._show_device)
        self.parts.notice.button.clicked.connect(self._notice_pressed)
        self.gate.changed.connect(self._show_buttons)
        self.answers.changed.connect(self._show_buttons)
        self.answers.changed.connect(self._show_notice)

    @property
    def request(self) -> Request | None:
        """The request on the screen."""
        return self._request

    def show_request(self, request: Request | None) -> None:
        """Show this request. Another content starts the arming again; the same one does not."""
        before, self._request = self._request, request
        if before is None or request is None or before.id != request.id:
            self.answers.forget()
            self.parts.note.clear()
        if _content(before) != _content(request):
            self._neutral_focus()
            self.gate.content(self._decidable())
        self.refresh()

    def refresh(self) -> None:
        """Show the same request with what the mirror says now about everything around it."""
        self.parts.show_some(self._request is not None)
        if self._request is not None:
            mirror = self._bridge.mirror
            approved = content.approved_version(self._request, mirror.extensions)
            groups = content.request_facts(
                self._request, approved, mirror.requests.values(), self.parts.keys.isChecked()
            )
            self.parts.facts.show_facts(words.headline(self._request), groups)
            self.parts.icon.show_icon_of(mirror.extensions.get(self._request.extension))
            self.parts.keys.setVisible(bool(self._request.entitlements) and self._request.activates)
            self.parts.say_answers(words.answers(self._request))
            self.parts.show_device.setVisible(bool(self._request.devices))
            self.parts.answers.setVisible(self._request.state is RequestState.WAITING)
        if self.gate.state.decidable != self._decidable():
            self.gate.content(self._decidable())
        self._show_notice()
        self._show_buttons()

    def _decidable(self) -> bool:
        request = self._request
        return (
            request is not None
            and request.state is RequestState.WAITING
            and not words.who_may(self._bridge.mirror.status)
            and not self.answers.open
        )

    @Slot()
    def _approve(self) -> None:
        self._decide(approve=True)

    @Slot()
    def _deny(self) -> None:
        self._decide(approve=False)

    def _decide(self, *, approve: bool) -> None:
        if self._request is not None and self._decidable():
            self.answers.decide(self._request, approve, self.parts.note.text())
            self.refresh()

    @Slot()
    def _notice_pressed(self) -> None:
        """Do what the notice offers: undo what was decided, or turn developer mode on."""
        if self._undoable():
            assert self._request is not None
            self.answers.undo(self._request)
            self.refresh()
        else:
            self.answers.turn_developer_on()

    def _undoable(self) -> bool:
        """Whether the decision on the request can be undone here."""
        request, mirror = self._request, self._bridge.mirror
        return (
            request is not None
            and not words.who_may(mirror.status)
            and not self.answers.open
            and words.undoable(request, mirror.requests.values(), mirror.extensions)
        )

    @Slot()
    def _show_notice(self) -> None:
        """Say the one thing that the reader has to know first."""
        request, status = self._request, self._bridge.mirror.status
        if request is None:
            return
        notice, button, tip = self.answers.refusal, "", ""
        offers = self.answers.needs_developer
        if not notice:
            notice = words.outcome(request) or words.who_may(status)
        if not notice and _needs_developer(request, status):
            notice = self.tr("Developer mode is off: this driver may run only while it is on.")
            offers = True
        if self._undoable():
            button = self.tr("Undo")
            tip = self.tr("It waits again, and what only this decision let run is stopped.")
        elif offers and status is not None and not status.developer:
            button = self.tr("Turn on developer mode")
        self.parts.notice.say(notice, button)
        self.parts.notice.button.setToolTip(tip)

    @Slot()
    def _show_buttons(self) -> None:
        decidable, gate = self._decidable(), self.gate.state
        if gate.decidable != decidable:
            self.gate.content(decidable)
            return  # its signal comes back here
        if not gate.armed and self.parts.approve.hasFocus():
            self._neutral_focus()
        self.parts.approve.setEnabled(decidable and gate.armed)
        self.parts.deny.setEnabled(decidable)
        self.parts.note.setEnabled(decidable)
        self.parts.say_hint(decidable, gate)

    def _neutral_focus(self) -> None:
        """Take the focus off the answers, so that no key that is on its way presses one."""
        if self.parts.approve.hasFocus() or self.parts.deny.hasFocus():
            self.parts.facts.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _keys_toggled(self) -> None:
        self.gate.content(self._decidable())
        self.refresh()

    @Slot()
    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(self.parts.facts.text())

    @Slot()
    def _copy_hash(self) -> None:
        if self._request is not None:
            QGuiApplication.clipboard().setText(self._request.content_hash)

    @Slot()
    def _show_device(self) -> None:
        if self._request is not None and self._request.devices:
            self.device_chosen.emit(self._request.devices[0].entry)


def _content(request: Request | None) -> Request | None:
    """Return what a reader judges by: everything but how often the request came."""
    return None if request is None else msgspec.structs.replace(request, count=0)


def _needs_developer(request: Request, status: Status | None) -> bool:
    return request.needs_developer and status is not None and not status.developer
