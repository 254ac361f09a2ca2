"""A request in a dialog of its own: one more view of its item in the inbox.

Invariant: never modal; only the user opens it; closing it decides nothing.
"""

import time
from collections.abc import Callable

import msgspec
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ioregui.approvals import words
from ioregui.approvals.detail import RequestDetail
from ioregui.bridge import Bridge
from runtime.model.identity import RequestId
from runtime.model.records import Request, RequestState
from runtime.wire.commands.audit import Shown

SIZE = (620, 640)


class RequestDialog(QWidget):
    """Shows one request until it is closed, whatever becomes of the request.

    It is no QDialog: there a held Enter would press the first button that could be a default.

    Signals:
        device_chosen: The user wants to see this entry in the registry.
    """

    device_chosen = Signal(object)

    def __init__(
        self,
        bridge: Bridge,
        request: Request,
        parent: QWidget,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Show `request` beside `parent`, which owns this; `clock` gives monotonic ns."""
        super().__init__(parent, Qt.WindowType.Dialog)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._bridge = bridge
        self._request = request
        self.detail = RequestDetail(bridge, clock=clock)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.detail)
        self.detail.later.connect(self.close)
        self.detail.device_chosen.connect(self.device_chosen)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self).activated.connect(self.close)
        for signal in (bridge.reset, bridge.changed, bridge.disconnected):
            signal.connect(self._refresh)
        self.resize(*SIZE)
        self._refresh()
        if request.state is RequestState.WAITING:
            bridge.ask(Shown(request.id))

    @property
    def request(self) -> RequestId:
        """Which one it shows."""
        return self._request.id

    @Slot()
    def _refresh(self) -> None:
        known = self._bridge.mirror.requests.get(self._request.id)
        self._request = withdrawn(self._request) if known is None else known
        self.setWindowTitle(words.headline(self._request))
        self.detail.show_request(self._request)


def withdrawn(request: Request) -> Request:
    """Return a request as it is shown after the runtime dropped it."""
    if request.state is not RequestState.WAITING:
        return request
    return msgspec.structs.replace(request, state=RequestState.CANCELED)
