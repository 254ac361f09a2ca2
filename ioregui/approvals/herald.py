"""Tells of requests that come while nobody looks at the window: tray, notification, task bar.

All of these are views of the inbox: they open it, and decide nothing. Where the desktop has no
tray the message is a notification of its own; nothing depends on any of them.
Invariant: at most one message a minute, however many requests come.
"""

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from ioregui.approvals import words
from ioregui.approvals.notification import Notification
from ioregui.bridge import Bridge
from ioregui.mirror import Changes
from runtime.model.identity import RequestId
from runtime.model.records import Request, RequestState

QUIET_MS = 60_000
"""After a message, none comes for so long; the number in the tray goes on counting."""


class Herald(QObject):
    """Follows the inbox of one window.

    Args:
        bridge: Its connection.
        window: The window; this object's owner.
        tray: Shown while something waits; None where the desktop has no tray.
        notification: Shown instead of the tray's message; None where the desktop has none.

    Signals:
        opened: The user wants to see the inbox, and this request in it, or None.
    """

    opened = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        window: QWidget,
        tray: QSystemTrayIcon | None,
        notification: Notification | None,
    ) -> None:
        super().__init__(window)
        self._bridge = bridge
        self._window = window
        self._tray = tray
        self._notification = notification
        self._told: RequestId | None = None  # what the last message named
        self._known: set[RequestId] = set()
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(QUIET_MS)
        if tray is not None:
            tray.activated.connect(lambda _: self.opened.emit(None))
            tray.messageClicked.connect(self._open_told)
        if notification is not None:
            notification.chosen.connect(self._open_told)
        bridge.reset.connect(self._reset)
        bridge.changed.connect(self._changed)

    @Slot()
    def _reset(self) -> None:
        """What waited before this window came is no news."""
        self._known = {request.id for request in self._waiting()}
        self._show(len(self._known))

    @Slot(object)
    def _changed(self, changes: Changes) -> None:
        if not changes.requests:
            return
        waiting = self._waiting()
        new = [request for request in waiting if request.id not in self._known]
        self._known = {request.id for request in waiting}
        self._show(len(waiting))
        if new and not self._window.isActiveWindow() and not self._quiet.isActive():
            self._quiet.start()
            self._tell(new[0], len(waiting))

    @Slot()
    def end(self) -> None:
        """Take back what is shown outside the window, which goes."""
        if self._notification is not None:
            self._notification.end()

    @Slot()
    def _open_told(self) -> None:
        self.opened.emit(self._told)

    def _waiting(self) -> list[Request]:
        requests = self._bridge.mirror.requests.values()
        return [request for request in requests if request.state is RequestState.WAITING]

    def _show(self, count: int) -> None:
        if self._tray is not None:
            self._tray.setToolTip(self._count(count))
            self._tray.setVisible(count > 0)
        if self._notification is not None and self._told not in self._known:
            self._notification.withdraw()

    def _tell(self, request: Request, count: int) -> None:
        self._told = request.id
        title, text = self._count(count), words.headline(request)
        QApplication.alert(self._window)
        if self._tray is not None:
            self._tray.showMessage(title, text, self._tray.icon())
        elif self._notification is not None:
            self._notification.show(title, text)

    def _count(self, count: int) -> str:
        if count == 1:
            return self.tr("1 request waits for approval")
        return self.tr("{0} requests wait for approval").format(count)


def tray(window: QWidget) -> QSystemTrayIcon | None:
    """Return a tray icon with the window's own picture; None where there is no tray."""
    if not QSystemTrayIcon.isSystemTrayAvailable():
        return None
    return QSystemTrayIcon(window.windowIcon(), window)
