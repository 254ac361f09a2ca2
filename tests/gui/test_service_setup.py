"""Installing the service from the window, and asking again for what was approved here."""

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from ioregui.bridge import Bridge
from ioregui.window.banners import Banners
from ioregui.window.service import KEY, ServiceSetup
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.records import Mode
from runtime.wire.commands.extensions import Activate
from runtime.wire.commands.lifetime import Quit
from tests.gui.conftest import FakeRuntime, sample_status
from tests.gui.panels.test_extensions import extension

AGAIN = Activate("/opt/Sample.app", extension().bundle_id)


@pytest.fixture
def banners(qtbot: QtBot) -> Banners:
    made = Banners()
    qtbot.addWidget(made)
    return made


def setup(bridge: Bridge, banners: Banners, script: str) -> ServiceSetup:
    return ServiceSetup(bridge, banners, lambda: ["sh", "-c", script])


def test_what_was_approved_is_asked_for_again_only_when_the_user_says_so(
    qtbot: QtBot, bridge: Bridge, fake_runtime: FakeRuntime, banners: Banners
) -> None:
    approved = extension(app_path="/opt/Sample.app")
    waiting = extension(ExtensionState.WAITING, id="other", app_path="/opt/Other.app")
    with qtbot.waitSignal(bridge.changed):
        fake_runtime.delta(extensions=(approved, waiting))
    service = setup(bridge, banners, "exit 0")
    service.install()
    qtbot.waitUntil(lambda: Quit() in fake_runtime.commands())
    with qtbot.waitSignal(bridge.reset):
        fake_runtime.snapshot(status=msgspec.structs.replace(sample_status(), mode=Mode.SYSTEM))
    banner = banners.banner(KEY)
    assert banner is not None
    assert "Sample <i>Driver</i>" in banner.text
    assert AGAIN not in fake_runtime.commands()
    banner.buttons["Ask for them"].click()
    qtbot.waitUntil(lambda: AGAIN in fake_runtime.commands())
    assert len([one for one in fake_runtime.commands() if isinstance(one, Activate)]) == 1
    assert banners.banner(KEY) is None


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 126", "no administrator said yes"),
        ("echo 'service: /opt/x: expected more'; exit 1", "service: /opt/x: expected more"),
    ],
)
def test_why_it_was_not_installed_is_said(
    qtbot: QtBot,
    bridge: Bridge,
    fake_runtime: FakeRuntime,
    banners: Banners,
    script: str,
    why: str,
) -> None:
    service = setup(bridge, banners, script)
    with qtbot.waitSignal(service.failed) as said:
        service.install()
    assert said.args == [f"The system service was not installed: {why}"]
    assert Quit() not in fake_runtime.commands()
    assert banners.keys() == []


def test_a_machine_without_pkexec_is_said(
    qtbot: QtBot, bridge: Bridge, fake_runtime: FakeRuntime, banners: Banners
) -> None:
    service = ServiceSetup(bridge, banners, lambda: ["/nonexistent/pkexec"])
    with qtbot.waitSignal(service.failed) as said:
        service.install()
    assert said.args[0].startswith("The system service was not installed: ")
