"""Closing the window: what becomes of the runtime that it started, and of its drivers.

Invariant: asks once and remembers; a runtime that the window only joined is left alone.
"""

from PySide6.QtCore import QObject, QTimer, Slot

from ioregui.bridge import Bridge
from ioregui.household import Household
from ioregui.window.banners import Choice
from ioregui.window.main_window import MainWindow
from ioregui.window.quitting import words
from ioregui.window.settings import Quitting, Settings
from ioregui.window.status import running
from runtime.wire import client as wire
from runtime.wire.commands.lifetime import Detach, Quit

PATIENCE_MS = 10_000
"""After so long the window closes though the runtime has not answered; the end of its
connection makes the runtime stop its drivers all the same."""


class Leaving(QObject):
    """Answers a window's `close_asked`."""

    def __init__(
        self, bridge: Bridge, household: Household, settings: Settings, window: MainWindow
    ) -> None:
        super().__init__(window)
        self._bridge = bridge
        self._household = household
        self._settings = settings
        self._window = window
        self._asking = False
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._leave)
        window.close_asked.connect(self.begin)
        bridge.changed.connect(self._changed)

    @Slot()
    def begin(self) -> None:
        """Close at once, ask first, or do as was answered before."""
        if not (self._household.embedded and self._bridge.is_connected):
            self._leave()
        elif not running(self._bridge.mirror) or self._settings.quitting is Quitting.STOP:
            self._stop()
        elif self._settings.quitting is Quitting.KEEP:
            self._keep()
        else:
            self._ask()

    def _ask(self) -> None:
        text = self.tr(
            "Drivers are running. What shall become of them? The answer is remembered; the menu "
            "changes it."
        )
        self._asking = True
        self._window.banners.ask(
            "leaving",
            text,
            (
                Choice(
                    words(Quitting.STOP),
                    self._chose_stop,
                    self.tr("Each gives its device back in order; then the window closes"),
                ),
                Choice(
                    words(Quitting.KEEP),
                    self._chose_keep,
                    self.tr("The window closes, the runtime stays; the next window joins it"),
                ),
                Choice(self.tr("Cancel"), self._cancel, self.tr("The window stays"), escape=True),
            ),
        )

    @Slot()
    def _chose_stop(self) -> None:
        self._settings.quitting = Quitting.STOP
        self._stop()

    @Slot()
    def _chose_keep(self) -> None:
        self._settings.quitting = Quitting.KEEP
        self._keep()

    @Slot()
    def _cancel(self) -> None:
        self._asking = False
        self._window.banners.hide_banner("leaving")

    @Slot(object)
    def _changed(self, _changes: object) -> None:
        """Take the question back when no driver is left that it would be about."""
        if self._asking and not running(self._bridge.mirror):
            self._cancel()

    def _stop(self) -> None:
        self._asking = False
        self._window.banners.show_banner("leaving", self.tr("Stopping the drivers…"))
        self._patience.start(PATIENCE_MS)
        self._bridge.ask(Quit(), self._answered, self._refused)

    def _keep(self) -> None:
        self._asking = False
        self._patience.start(PATIENCE_MS)
        self._bridge.ask(Detach(), self._detached, self._refused)

    def _detached(self, _nothing: None) -> None:
        self._household.keep()
        self._patience.start(0)

    def _answered(self, _nothing: None) -> None:
        self._patience.start(0)  # not from inside the bridge's turn

    def _refused(self, _refusal: wire.Refusal) -> None:
        self._patience.start(0)

    @Slot()
    def _leave(self) -> None:
        self._household.end()
        self._window.leave()
