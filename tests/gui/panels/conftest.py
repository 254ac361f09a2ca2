"""Records, a shown page, and an approvals inbox for the panels' tests."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ioregui.approvals.arming import QUIET_NS
from ioregui.approvals.gate import TICK_MS
from ioregui.approvals.page import ApprovalsPage
from ioregui.bridge import Bridge
from ioregui.window.theme import LIGHT, palette
from runtime.model.identity import BundleId, ContentHash, EntryId, RequestId
from runtime.model.records import (
    DeviceHit,
    Entitlement,
    Request,
    Requester,
    RequestState,
)
from runtime.wire.commands.extensions import Decide

if TYPE_CHECKING:
    from tests.gui.conftest import FakeRuntime

Make = Callable[..., Request]

SECOND = 1_000_000_000


def make_request(number: int = 1, **more: object) -> Request:
    """A request that waits; `more` replaces fields."""
    bundle = f"org.example.driver{number}"
    fields: dict[str, object] = {
        "id": RequestId(f"{bundle}@abababababab:{number}"),
        "extension": f"{bundle}@abababababab",
        "bundle_id": BundleId(bundle),
        "content_hash": ContentHash("ab" * 32),
        "nonce": f"nonce-{number}",
        "name": f"Driver {number}",
        "short_version": "1.2",
        "version": "7",
        "requester": Requester("Sample App", "/opt/Sample.app", 42, 1000, "ada", "/opt/sample"),
        "state": RequestState.WAITING,
        "entitlements": (
            Entitlement("com.example.plain", "true", "run as a driver"),
            Entitlement("com.example.usb", "[1]", "talk to USB devices", risky=True),
        ),
        "devices": (DeviceHit(EntryId(0x100000105), "Interface@0", "IOService:/x", 9, "usbhid"),),
        "first_wall_ns": number * SECOND,
        "needs_developer": False,
    } | more
    return Request(**fields)  # type: ignore[arg-type]  # a test's shorthand


@pytest.fixture
def request_record() -> Callable[..., Request]:
    """The shorthand for requests."""
    return make_request


@pytest.fixture
def put_up(qtbot: QtBot, qapp: QApplication) -> Iterator[Callable[[QWidget], None]]:
    """Show a page as the active window, in the window's light palette."""
    before = qapp.palette()
    qapp.setPalette(palette(LIGHT))

    def show(page: QWidget) -> None:
        qtbot.addWidget(page)
        page.resize(1000, 700)
        with qtbot.waitActive(page):
            page.show()
            page.activateWindow()

    yield show
    qapp.setPalette(before)


class Clock:
    """Monotonic time that only the test moves."""

    def __init__(self) -> None:
        self.now = 5 * QUIET_NS

    def __call__(self) -> int:
        return self.now


class Inbox:
    """A page in a window, its runtime, and a clock."""

    def __init__(self, qtbot: QtBot, bridge: Bridge, runtime: "FakeRuntime") -> None:
        self.qtbot = qtbot
        self.bridge = bridge
        self.runtime = runtime
        self.clock = Clock()
        self.page = ApprovalsPage(bridge, clock=self.clock)
        self.parts = self.page.detail.parts

    def bring(self, **changes: object) -> None:
        """Send a delta and wait until it is shown."""
        with self.qtbot.waitSignal(self.bridge.changed):
            self.runtime.delta(**changes)

    def settle(self, nanoseconds: int = QUIET_NS + 2 * TICK_MS * 1_000_000) -> None:
        """Let undisturbed time pass, tick by tick, without waiting for it."""
        for _ in range(nanoseconds // (TICK_MS * 1_000_000)):
            self.clock.now += TICK_MS * 1_000_000
            self.page.detail.gate.tick()

    def click(self, widget: QWidget) -> None:
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)

    def decisions(self) -> list[Decide]:
        commands = self.runtime.commands()
        return [command for command in commands if isinstance(command, Decide)]


@pytest.fixture
def inbox(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: "FakeRuntime",
    put_up: Callable[[QWidget], None],
    request_record: Make,
) -> Inbox:
    """A page that shows request 1, with request 2 behind it; nothing has settled."""
    made = Inbox(qtbot, bridge, fake_runtime)
    made.bring(requests=(request_record(1), request_record(2)))
    put_up(made.page)
    return made
