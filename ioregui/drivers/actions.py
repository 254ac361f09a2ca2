"""The buttons that act on one driver: restart, stop, sample, debug, crash, release.

What disturbs those who use the driver is asked about first, in the page, never in a dialog.
Invariant: a button that is off says why; nothing is asked of the runtime twice while an answer
is open.
"""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QPushButton, QWidget

from ioregui import plaintext
from ioregui.bridge import Bridge
from ioregui.drivers.deeds import Deed, deeds
from runtime.model.identity import DriverId
from runtime.model.records import Driver
from runtime.wire import client as wire
from runtime.wire.commands.drivers import DebugDoor, Threads

_NAMED = 3  # clients that a question names
_A_ROW = 3  # buttons, so that they fit beside the registry


class DriverActions(QWidget):
    """A row of buttons for the driver that was shown last.

    Signals:
        refused: One sentence why the runtime did not do it; empty when a new try begins.
        questioned: Whether to go on though somebody is disturbed: the sentence, and what the
            button that means yes says, which calls `go_on`; both empty: no question any more.
        sampled: A driver's id, and where its threads are.
        opened: A driver's id, and its debugger's socket.
    """

    refused = Signal(str)
    questioned = Signal(str, str)
    sampled = Signal(object, object)
    opened = Signal(object, object)

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._driver: Driver | None = None
        self._asking = DriverId(0)  # about which driver an answer is open
        self._deeds = deeds()
        self._questioned: Deed | None = None
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setColumnStretch(_A_ROW, 1)
        for at, deed in enumerate(self._deeds):
            button = QPushButton(deed.title, self)
            button.setAutoDefault(False)
            self._group.addButton(button, at)
            layout.addWidget(button, *divmod(at, _A_ROW))
        self._group.idClicked.connect(self._clicked)
        bridge.reset.connect(self._forget)
        self.show_driver(None)

    def button(self, name: str) -> QPushButton:
        """Return the button of a deed, by its name."""
        at = next(at for at, deed in enumerate(self._deeds) if deed.name == name)
        button = self._group.button(at)
        assert isinstance(button, QPushButton)
        return button

    def show_driver(self, driver: Driver | None) -> None:
        """Act on this driver from now on; buttons follow its state and developer mode."""
        if driver is None or self._driver is None or driver.id != self._driver.id:
            self.refused.emit("")
        before, self._driver = self._driver, driver
        for at, deed in enumerate(self._deeds):
            button, why_not = self._group.button(at), self._why_not(deed)
            button.setEnabled(not why_not and not self._asking)
            button.setToolTip(why_not or deed.explanation)
            button.setAccessibleDescription(button.toolTip())
            if deed.name == "release":
                button.setVisible(not why_not)
        question = self._questioned
        if question is not None and (
            driver is None or before is None or driver.id != before.id or self._why_not(question)
        ):
            self._settle_question()

    @Slot()
    def go_on(self) -> None:
        """Do what was asked about."""
        deed = self._questioned
        self._settle_question()
        if deed is not None and not self._why_not(deed):
            self._do(deed)

    def _why_not(self, deed: Deed) -> str:
        mirror = self._bridge.mirror
        if self._driver is not None and mirror.drivers.get(self._driver.id) != self._driver:
            return self.tr("This is how it was then: go back to now.")
        developer = mirror.status is not None and mirror.status.developer
        return deed.why_not(self._driver, developer=developer)

    @Slot(int)
    def _clicked(self, at: int) -> None:
        deed, driver = self._deeds[at], self._driver
        self._settle_question()
        if driver is None:
            return
        clients = self._bridge.mirror.clients_of(driver) if deed.disturbs else []
        if not clients:
            self._do(deed)
            return
        self._questioned = deed
        names = [plaintext.plain(entry.title) for entry in clients[:_NAMED]]
        if len(clients) > _NAMED:
            names.append(self.tr("{0} more").format(len(clients) - _NAMED))
        text = self.tr("{0}: {1} would be disturbed, as what uses this driver now.")
        go_on = self.tr("{0} all the same").format(deed.title.rstrip("…"))
        self.questioned.emit(text.format(deed.title.rstrip("…"), ", ".join(names)), go_on)

    @Slot()
    def _forget(self) -> None:
        """A connection that ended answers nothing any more."""
        if self._asking:
            self._answer_is_there()

    def _settle_question(self) -> None:
        self._questioned = None
        self.questioned.emit("", "")

    def _do(self, deed: Deed) -> None:
        if self._driver is None or self._asking:
            return
        self.refused.emit("")
        self._asking = self._driver.id
        self.show_driver(self._driver)
        self._bridge.ask(deed.command(self._driver.id), self._answered, self._refusal)

    def _answered(self, answer: object) -> None:
        driver = self._answer_is_there()
        if isinstance(answer, Threads):
            self.sampled.emit(driver, answer)
        elif isinstance(answer, DebugDoor):
            self.opened.emit(driver, answer)

    def _refusal(self, refusal: wire.Refusal) -> None:
        asked = self._answer_is_there()
        if self._driver is not None and self._driver.id == asked:
            self.refused.emit(refusal.text)

    def _answer_is_there(self) -> DriverId:
        driver, self._asking = self._asking, DriverId(0)
        self.show_driver(self._driver)
        return driver
