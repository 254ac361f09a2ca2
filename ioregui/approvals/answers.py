"""Decisions on their way to the runtime, and what it said to the last one.

Invariant: one decision at a time; a refusal belongs to the request that it was given for.
"""

from PySide6.QtCore import QObject, Signal

from ioregui.bridge import Bridge
from runtime.model.records import Request, Status
from runtime.wire import client as wire
from runtime.wire.commands.extensions import Decide, SetDeveloperMode, Undo


class Answers(QObject):
    """Sends decisions.

    Attributes:
        refusal: One sentence why the last decision was refused; empty otherwise.
        needs_developer: Whether developer mode would have let it pass.

    Signals:
        changed: One of the attributes, or `open`, is another one.
    """

    changed = Signal()

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._deciding: Request | None = None
        self._forgotten = False
        self.refusal = ""
        self.needs_developer = False

    @property
    def open(self) -> bool:
        """Whether a decision waits for the runtime's answer."""
        return self._deciding is not None

    def forget(self) -> None:
        """Another request is shown: what was said about the last one is of no interest."""
        self._forgotten = True
        self.refusal = ""
        self.needs_developer = False

    def decide(self, shown: Request, approve: bool, note: str) -> None:
        """Send the decision on exactly what was shown; nothing while another one is open."""
        self._send(Decide(shown.id, shown.content_hash, shown.nonce, approve, note), shown)

    def undo(self, shown: Request) -> None:
        """Undo the decision on a request; nothing while a decision is open."""
        self._send(Undo(shown.id), shown)

    def turn_developer_on(self) -> None:
        """Ask for developer mode; the decision itself has to be made again."""
        self._bridge.ask(SetDeveloperMode(on=True), self._developer_on, self._developer_off)

    def _send(self, command: Decide | Undo, shown: Request) -> None:
        if self.open:
            return
        self._deciding = shown
        self._forgotten = False
        self.refusal = ""
        self.needs_developer = False
        self._bridge.ask(command, self._decided, self._refused)

    def _decided(self, _request: Request) -> None:
        self._deciding = None
        self.changed.emit()

    def _refused(self, refusal: wire.Refusal) -> None:
        self._deciding = None
        if not self._forgotten:
            self.refusal = refusal.text
            self.needs_developer = refusal.code == "developer-mode"
        self.changed.emit()

    def _developer_on(self, _status: Status) -> None:
        if self.needs_developer:
            self.refusal = ""
            self.needs_developer = False
        self.changed.emit()

    def _developer_off(self, refusal: wire.Refusal) -> None:
        self.refusal = refusal.text
        self.changed.emit()
