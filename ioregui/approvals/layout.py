"""The parts of a request's detail and where they stand.

The answers stand at the bottom, the approving one apart at the far end; nothing that appears
above them moves them. Invariant: widgets only; decides nothing, asks nothing.
"""

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ioregui.approvals.approve_button import ApproveButton
from ioregui.approvals.arming import Arming
from ioregui.approvals.words import Answers
from ioregui.bridge import Bridge
from ioregui.records.empty import EmptyOr, EmptyPage
from ioregui.records.facts_view import FactsView
from ioregui.records.icon_label import IconLabel, beside
from ioregui.records.keys_button import KeysButton
from ioregui.records.notice import Notice

translate = QCoreApplication.translate

_NOTE = 500  # characters of a note


class DetailLayout:
    """Builds the widgets of a request's detail inside `owner`."""

    def __init__(self, owner: QWidget, bridge: Bridge) -> None:
        self._until = ""
        self.notice = Notice()
        self.facts = FactsView(translate("RequestDetail", "Request details"))
        self.icon = IconLabel(bridge)
        self.keys = KeysButton()
        self.copy_details = _button(translate("RequestDetail", "Copy details"))
        self.copy_hash = _button(translate("RequestDetail", "Copy content hash"))
        self.show_device = _button(translate("RequestDetail", "Show device"))
        self.answers = QWidget()
        for button, tip in (
            (self.copy_details, translate("RequestDetail", "Everything above, as text")),
            (self.copy_hash, translate("RequestDetail", "All 64 digits of the content hash")),
            (self.show_device, translate("RequestDetail", "Select the first one in the registry")),
        ):
            button.setToolTip(tip)
        self.note = QLineEdit()
        self.note.setPlaceholderText(translate("RequestDetail", "Note, kept with the decision"))
        self.note.setAccessibleName(translate("RequestDetail", "Note, kept with the decision"))
        self.note.setMaxLength(_NOTE)
        self.hint = QLabel()
        self.hint.setProperty("role", "muted")
        self.hint.setTextFormat(Qt.TextFormat.PlainText)
        self.hint.setContentsMargins(12, 0, 12, 0)
        self.hint.setWordWrap(True)
        self.approve = ApproveButton("")
        self.approve.setProperty("role", "primary")
        self.deny = _button(translate("RequestDetail", "Deny"))
        self.later = _button(translate("RequestDetail", "Decide later"))
        self.later.setToolTip(
            translate("RequestDetail", "It stays in the inbox and does not run. (Esc)")
        )
        self._pages = EmptyOr(self._content(), self._empty())
        layout = QVBoxLayout(owner)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    def show_some(self, some: bool) -> None:
        """Switch between a request and the empty page."""
        self._pages.show_content(some)

    def say_answers(self, answers: Answers) -> None:
        """Say on the buttons what they mean for this request."""
        self._until = answers.until
        self.approve.say(answers.approve)
        self.deny.setToolTip(answers.deny)

    def say_hint(self, decidable: bool, gate: Arming) -> None:
        """Say why the approving button is off, or what holds until it is pressed."""
        text = ""
        if decidable and not gate.active:
            text = translate("RequestDetail", "Bring this window to the front to approve.")
        elif decidable and not gate.armed:
            text = translate("RequestDetail", "Read first: approving is possible in a moment.")
        elif decidable:
            text = self._until
        self.hint.setText(text)
        self.approve.setToolTip(text)
        self.approve.setAccessibleDescription(text)

    def _content(self) -> QWidget:
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.notice)
        layout.addWidget(beside(self.icon, self.facts), 1)
        layout.addLayout(_row(self.keys, None, self.show_device, self.copy_hash, self.copy_details))
        layout.addWidget(self._answers())
        return content

    def _answers(self) -> QWidget:
        """Return the answers; a request that waits no more has none."""
        rows = QVBoxLayout(self.answers)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(_row(self.note))
        rows.addWidget(self.hint)
        rows.addLayout(_row(self.deny, self.later, None, self.approve))
        return self.answers

    def _empty(self) -> EmptyPage:
        return EmptyPage(
            translate("RequestDetail", "No request selected"),
            translate(
                "RequestDetail",
                "Select a request to read what it asks for. Nothing runs until you approve.",
            ),
        )


def _row(*widgets: QWidget | None) -> QHBoxLayout:
    """Lay widgets out in a row; None takes what is left."""
    row = QHBoxLayout()
    row.setContentsMargins(12, 4, 12, 6)
    row.setSpacing(8)
    for widget in widgets:
        if widget is None:
            row.addStretch(1)
        else:
            row.addWidget(widget, 1 if isinstance(widget, QLabel | QLineEdit) else 0)
    return row


def _button(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    return button
