"""The machine sleeps and wakes: logind waits until drivers are ready, and they are told of both."""

import contextlib
from pathlib import Path

from runtime.model.driver_lifecycle import DriverState
from runtime.model.events import Noted
from runtime.model.records import Driver
from runtime.wire import client as wire
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.drivers import ReadLog
from runtime.wire.commands.extensions import Activate, Decide, SetDeveloperMode
from runtime.wire.commands.registry import GetRecords, Subscribe, Topic
from tests.integration.line.apps import make_app
from tests.integration.service.conftest import SECONDS, Bus, Desktop, Service, wait_for

SOURCE = """
from runtime.driverkit import *


class Trial(IOService):
    def Start(self, provider):
        super().Start(provider)
        self.nub = self.Create(self, "Nub")
        self.nub.JoinPMTree()
        self.ChangePowerState(kIOServicePowerCapabilityLow)

    def SetPowerState(self, powerFlags):
        IOLog(f"driver {powerFlags:#x}")
        super().SetPowerState(powerFlags)


class Nub(IOService):
    def SetPowerState(self, powerFlags):
        IOLog(f"nub {powerFlags:#x}")
        super().SetPowerState(powerFlags)
"""


def driver(service: Service, folder: Path) -> Driver:
    """A driver that runs."""
    root = service.root
    table = {
        "IOClass": "IOUserService",
        "IOProviderClass": "IOUSBHostInterface",
        "IOUserClass": "Trial",
        "idVendor": 0x1209,
        "idProduct": 1,
        "bInterfaceNumber": 0,
        "bConfigurationValue": 1,
        "Nub": {"IOClass": "IOUserService", "IOUserClass": "Nub"},
    }
    app = make_app(folder, SOURCE, IOKitPersonalities={"Trial": table})
    root.call(SetDeveloperMode(on=True))
    request = root.call(Activate(str(app)))
    root.call(Decide(request.id, request.content_hash, request.nonce, approve=True))
    root.call(Plug("sample"))
    wait_for(lambda: [d.state for d in root.call(GetRecords()).drivers] == [DriverState.RUNNING])
    (found,) = root.call(GetRecords()).drivers
    return found


def told(service: Service, driver: Driver) -> list[str]:
    lines = service.root.call(ReadLog(driver.id, 0)).lines
    return [line.text for line in lines if line.text.startswith(("driver", "nub"))]


def test_drivers_are_ready_before_the_machine_sleeps(
    desktop: Desktop, service: Service, folder: Path
) -> None:
    there = driver(service, folder)
    wait_for(lambda: desktop.order(locks=True) == 1)
    wait_for(lambda: told(service, there) == ["driver 0x10000"])
    assert desktop.order(sleep=True), "the lock was let go"
    assert told(service, there) == ["driver 0x10000", "nub 0x0", "driver 0x0"], "the lower first"
    desktop.order(sleep=False)
    wait_for(lambda: told(service, there)[3:] == ["driver 0x10000", "nub 0x2"])
    wait_for(lambda: desktop.order(locks=True) == 1)


def test_the_drivers_of_a_user_s_runtime_are_told_where_logind_does_not_wait_for_them(
    bus: Bus, folder: Path
) -> None:
    desktop = bus.start_desktop()
    desktop.order(grants=False)
    with contextlib.closing(Service(folder, bus.environment, "--allow-socket-approval")) as runtime:
        denied = (
            "the machine does not wait for drivers before it sleeps: org.freedesktop.login1: "
            "expected it to answer Inhibit, found: Permission denied"
        )
        there = driver(runtime, folder)
        wait_for(lambda: noted(runtime) == [denied])
        wait_for(lambda: told(runtime, there) == ["driver 0x10000"])
        desktop.order(sleep=True)
        wait_for(lambda: told(runtime, there)[1:] == ["nub 0x0", "driver 0x0"])
        desktop.order(sleep=False)
        wait_for(lambda: told(runtime, there)[3:] == ["driver 0x10000", "nub 0x2"])
        assert noted(runtime) == [denied], "once"


def noted(service: Service) -> list[str]:
    """What the runtime has said about sleep."""
    service.root.call(Subscribe((Topic.EVENTS,)))
    found: list[str] = []
    for message in service.root.messages(SECONDS):
        if isinstance(message, wire.Part):
            details = [event.detail for event in message.events]
            found += [each.text for each in details if isinstance(each, Noted)]
        if isinstance(message, wire.SnapshotEnd):
            break
    return [text for text in found if "sleeps" in text]
