"""Runs in the guest: the window off screen, which says what it shows and does what it is told.

`python -m tests.kernel.guest.window SOCKET FIFO TEXT` connects to a runtime and shows what a search
for TEXT finds. It prints one JSON object a line: ``{"rows": …}`` (of each row its title, and what
its other cells say) and ``{"banner": …}`` whenever that changed, ``{"did": …}`` after a command.
Commands come by the FIFO, one a line: ``approve`` and ``deactivate``.
Invariant: everything is done to widgets, as a user would; nothing is asked of the runtime here.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, QSocketNotifier, Qt, QTimer, Slot
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from ioregui.approvals.page import ApprovalsPage
from ioregui.bridge import Bridge
from ioregui.composition import Desk
from ioregui.extensions.page import ExtensionsPage
from ioregui.household import Household
from ioregui.registry.cells import Column
from ioregui.registry.model import RegistryModel
from ioregui.window.settings import Settings

LOOK_MS = 50
SIZE = (1320, 860)


class Hand(QObject):
    """Looks at a window, and presses its buttons: a command's steps, one a look."""

    def __init__(self, desk: Desk, fifo: int) -> None:
        super().__init__(desk)
        self._desk, self._window = desk, desk.window
        self._fifo = fifo
        self._said: dict[str, object] = {}
        self._steps: Iterator[bool] = iter(())
        commands = QSocketNotifier(fifo, QSocketNotifier.Type.Read, self)
        commands.activated.connect(self._read)
        look = QTimer(self)
        look.setInterval(LOOK_MS)
        look.timeout.connect(self._look)
        look.start()

    @Slot()
    def _look(self) -> None:
        model = self._desk.registry.model()
        assert isinstance(model, RegistryModel)
        rows = [[model.text(row, column) for column in Column] for row in range(model.rowCount())]
        self._say("rows", rows)
        banner = self._window.banners.banner("runtime")
        self._say("banner", banner.text if banner is not None else "")
        next(self._steps, None)

    @Slot()
    def _read(self) -> None:
        for command in os.read(self._fifo, 4096).decode().splitlines():
            self._steps = {"approve": self._approve, "deactivate": self._deactivate}[command]()

    def _approve(self) -> Iterator[bool]:
        """Answer the one request in the inbox."""
        page = self._page("approvals")
        assert isinstance(page, ApprovalsPage)
        yield from self._until(lambda: page.table.model().rowCount() > 0)
        self._window.activateWindow()
        page.table.setFocus()
        page.table.selectRow(0)
        yield from self._press(page.detail.parts.approve)
        yield from self._over("approve")

    def _deactivate(self) -> Iterator[bool]:
        """Deactivate the one extension, and confirm it."""
        page = self._page("extensions")
        assert isinstance(page, ExtensionsPage)
        page.table.selectRow(0)
        yield from self._press(page.deactivate)
        yield from self._press(page.notice.button)
        yield from self._over("deactivate")

    def _over(self, command: str) -> Iterator[bool]:
        self._window.show_page("registry")
        tell({"did": command})
        yield True

    def _press(self, button: QPushButton) -> Iterator[bool]:
        yield from self._until(lambda: button.isVisible() and button.isEnabled())
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def _until(self, condition: Callable[[], bool]) -> Iterator[bool]:
        while not condition():
            yield False

    def _page(self, name: str) -> object:
        self._window.show_page(name)
        return self._window.stack.currentWidget()

    def _say(self, key: str, value: object) -> None:
        if self._said.get(key) != value:
            self._said[key] = value
            tell({key: value})


def tell(line: dict[str, object]) -> None:
    """Write one line at once."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(runtime: str, fifo: str, text: str) -> int:
    """Show the window until the process is ended."""
    os.mkfifo(fifo)
    application = QApplication(sys.argv[:1])
    bridge = Bridge(application)
    household = Household(bridge, Path(runtime))
    with tempfile.TemporaryDirectory(dir="/run") as folder:
        store = QSettings(f"{folder}/window.ini", QSettings.Format.IniFormat)
        desk = Desk(application, bridge, household, Settings(store))
        desk.window.resize(*SIZE)
        desk.window.show()
        desk.window.toolbar.search.setText(text)
        Hand(desk, os.open(fifo, os.O_RDWR | os.O_NONBLOCK))
        household.start()
        return application.exec()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
