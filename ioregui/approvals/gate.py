"""Feeds the arming rule with what happens to a window, and ticks it.

On Wayland a window does not learn where it stands. Nobody but the desktop can move it there, and a
desktop that arranges its windows anew changes their sizes, or which one is active: that is heard.
Invariant: the only place where Qt's events become happenings of `arming`; whether the button
stands where it stood is compared again at the very press.
"""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QTimer, Signal, Slot
from PySide6.QtGui import QWindow
from PySide6.QtWidgets import QPushButton, QWidget

from ioregui.approvals import arming
from ioregui.approvals.arming import Arming, Happening, Press

TICK_MS = 100


class Gate(QObject):
    """Arms one button inside one panel.

    Signals:
        changed: `state` is another one.
    """

    changed = Signal()

    def __init__(self, panel: QWidget, button: QPushButton, clock: Callable[[], int]) -> None:
        """Watch `panel`, which owns this gate, and its window; `clock` is monotonic, in ns."""
        super().__init__(panel)
        self.state = Arming()
        self._panel = panel
        self._button = button
        self._clock = clock
        self._window: QWidget | None = None
        self._surface: QWindow | None = None
        self._place = QRect()
        self._ticks = QTimer(self)
        self._ticks.setInterval(TICK_MS)
        self._ticks.timeout.connect(self.tick)
        panel.installEventFilter(self)

    def content(self, decidable: bool) -> None:
        """Something else is shown; `decidable` says whether it can be decided here."""
        self._happen(Happening.CONTENT)
        self._happen(Happening.DECIDABLE if decidable else Happening.MOOT)

    def admits(self, press: Press) -> bool:
        """Return whether a press counts, looking once more where the button stands."""
        self._compare_place()
        return arming.accepts(self.state, press)

    @Slot()
    def tick(self) -> None:
        """Let the quiet time go on; slot of the timer."""
        self._compare_place()
        self._happen(Happening.TICK)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Turn events of panel, window and surface into happenings; stops none of them."""
        kind = event.type()
        if watched is self._panel:
            self._panel_event(kind)
        elif watched is self._window:
            if kind == QEvent.Type.WindowActivate:
                self._happen(Happening.WINDOW_ACTIVE)
            elif kind == QEvent.Type.WindowDeactivate:
                self._happen(Happening.WINDOW_INACTIVE)
            elif kind in {QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.WindowStateChange}:
                self._happen(Happening.MOVED)
        elif watched is self._surface and kind == QEvent.Type.Expose:
            exposed = self._surface.isExposed() and self._panel.isVisible()
            self._happen(Happening.SHOWN if exposed else Happening.HIDDEN)
        return False

    def _panel_event(self, kind: QEvent.Type) -> None:
        if kind == QEvent.Type.Show:
            self._watch_window()
            self._happen(Happening.SHOWN)
        elif kind == QEvent.Type.Hide:
            self._happen(Happening.HIDDEN)

    def _watch_window(self) -> None:
        """Follow the window that the panel is in now."""
        window = self._panel.window()
        if window is not self._window:
            if self._window is not None:
                self._window.removeEventFilter(self)
            self._window = window
            window.installEventFilter(self)
        surface = window.windowHandle()
        if surface is not self._surface:
            if self._surface is not None:
                self._surface.removeEventFilter(self)
            self._surface = surface
            surface.installEventFilter(self)
        active = window.isActiveWindow()
        self._happen(Happening.WINDOW_ACTIVE if active else Happening.WINDOW_INACTIVE)

    def _compare_place(self) -> None:
        place = QRect(self._button.mapToGlobal(QPoint(0, 0)), self._button.size())
        if place != self._place:
            self._place = place
            self._happen(Happening.MOVED)

    def _happen(self, happening: Happening) -> None:
        before = self.state
        self.state = arming.advance(before, happening, self._clock())
        if self.state.ready != self._ticks.isActive():
            if self.state.ready:
                self._ticks.start()
            else:
                self._ticks.stop()
        if (before.armed, before.ready) != (self.state.armed, self.state.ready):
            self.changed.emit()
