"""Records and a shown page for the panels' tests."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ioregui.window.theme import LIGHT, palette
from runtime.model.identity import BundleId, ContentHash, EntryId, RequestId
from runtime.model.records import (
    DeviceHit,
    Entitlement,
    Request,
    Requester,
    RequestState,
)

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
