"""The machine sleeps and wakes: logind waits until drivers are ready, and they are told of both."""

from pathlib import Path

import pytest

from runtime.model.driver_lifecycle import DriverState
from runtime.model.records import Driver
from runtime.wire.commands.devices import Plug
from runtime.wire.commands.drivers import ReadLog
from runtime.wire.commands.extensions import Activate, Decide, SetDeveloperMode
from runtime.wire.commands.registry import GetRecords
from tests.integration.line.apps import make_app
from tests.integration.service.conftest import Desktop, Service, wait_for

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


@pytest.fixture
def driver(desktop: Desktop, service: Service, folder: Path) -> Driver:
    """A driver that runs, in a service beside a logind."""
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


def test_drivers_are_ready_before_the_machine_sleeps(
    desktop: Desktop, service: Service, driver: Driver
) -> None:
    def told() -> list[str]:
        lines = service.root.call(ReadLog(driver.id, 0)).lines
        return [line.text for line in lines if line.text.startswith(("driver", "nub"))]

    wait_for(lambda: desktop.order(locks=True) == 1)
    wait_for(lambda: told() == ["driver 0x10000"])
    assert desktop.order(sleep=True), "the lock was let go"
    assert told() == ["driver 0x10000", "nub 0x0", "driver 0x0"], "the lower one first"
    desktop.order(sleep=False)
    wait_for(lambda: told()[3:] == ["driver 0x10000", "nub 0x2"])
    wait_for(lambda: desktop.order(locks=True) == 1)
